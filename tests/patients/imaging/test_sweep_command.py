"""`manage.py sweep` and the tick."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from careteam.events.models import Heartbeat
from careteam.notifications.models import MailPreference
from careteam.people.rules import Role
from patients.tasks import tick
from tests import factories

pytestmark = pytest.mark.django_db


def output(*args: str) -> str:
    out = StringIO()
    call_command("sweep", *args, stdout=out)
    return out.getvalue()


def test_sweep_prints_its_counts_as_json() -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    MailPreference.objects.create(user=nurse, digest_hour=0, quiet_from=0, quiet_until=0, on_days_off=True)
    factories.study(factories.patient(team), due_on=team.local_date(timezone.now()))
    assert json.loads(output("--json")) == {"due": 1, "created": 1, "delivered": 1, "failed": 0}
    assert json.loads(output("--json")) == {"due": 1, "created": 0, "delivered": 0, "failed": 0}


def test_sweep_runs_as_of_a_moment_that_has_passed() -> None:
    team = factories.team()
    factories.person(team, Role.NURSE_COORDINATOR)
    factories.study(factories.patient(team), due_on=team.local_date(timezone.now()))
    then = (timezone.now() - timedelta(days=40)).isoformat()
    assert json.loads(output("--at", then, "--json")) == {"due": 0, "created": 0, "delivered": 0, "failed": 0}


@pytest.mark.parametrize("is_demo", [True, False])
def test_sweep_into_the_future_is_for_demo_databases(is_demo: bool) -> None:
    factories.team(is_demo=is_demo)
    soon = (timezone.now() + timedelta(days=3)).isoformat()
    if is_demo:
        output("--at", soon)
        return
    with pytest.raises(CommandError) as refused:
        output("--at", soon)
    assert str(refused.value) == "A sweep in the future would raise reminders too early: only in a demo database."


def test_sweep_refuses_what_is_no_time() -> None:
    with pytest.raises(CommandError) as refused:
        output("--at", "tomorrow")
    assert str(refused.value) == "'tomorrow' is no ISO 8601 time. Write it like 2026-11-23T09:00+01:00."


def test_the_tick_leaves_its_heartbeats() -> None:
    factories.team()
    tick()
    assert set(Heartbeat.objects.values_list("name", flat=True)) >= {"beat", "sweep"}
