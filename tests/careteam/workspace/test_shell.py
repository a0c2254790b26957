"""What every page carries: the banner that reminders stopped, and which entry of the rail is current."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from careteam.celery import app, ring_at_start
from careteam.events.commands import beat
from careteam.people.models import User
from careteam.people.rules import Role
from careteam.workspace.shell import STALE_AFTER_SECONDS
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse() -> User:
    return factories.person(factories.team(), Role.NURSE_COORDINATOR)


def warnings(person: User) -> list[str]:
    client = Client()
    client.force_login(person)
    return [notice.strong for notice in client.get("/").context["shell"].notices if notice.kind == "red"]


def test_nothing_cries_wolf_after_a_fresh_start(nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert warnings(nurse) == ["Reminders stopped"]
    monkeypatch.setenv("DEMO", "0")
    call_command("prepare_up")
    assert warnings(nurse) == []


def test_a_start_after_days_of_standstill_catches_up_first(nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    beat("sweep", now=timezone.now() - timedelta(days=3))
    assert warnings(nurse) == ["Reminders stopped"]
    monkeypatch.setenv("DEMO", "0")
    call_command("prepare_up")
    assert warnings(nurse) == []


def test_a_sweep_that_stopped_later_is_said(nurse: User) -> None:
    beat("sweep", now=timezone.now() - timedelta(seconds=STALE_AFTER_SECONDS - 60))
    assert warnings(nurse) == []
    beat("sweep", now=timezone.now() - timedelta(seconds=STALE_AFTER_SECONDS + 1))
    assert warnings(nurse) == ["Reminders stopped"]


def test_mail_that_stopped_is_said_while_reminders_run(nurse: User) -> None:
    now = timezone.now()
    beat("sweep", now=now)
    beat("mail", now=now - timedelta(hours=2))
    assert warnings(nurse) == ["E-mails stopped"]


@pytest.mark.parametrize(("stale", "status"), [("", 200), ("sweep", 503), ("beat", 503), ("mail", 503)])
def test_readyz_fails_when_sweep_mail_or_beat_stand_still(stale: str, status: int) -> None:
    for name in ("sweep", "beat", "mail"):
        beat(name, now=timezone.now() - timedelta(hours=int(name == stale)))
    answer = Client().get("/readyz")
    assert answer.status_code == status
    assert [name for name in ("sweep", "beat", "mail") if answer.json()[name] == "stale"] == ([stale] if stale else [])


def test_a_worker_that_starts_rings_once() -> None:
    app.control.purge()
    ring_at_start(sender=app)
    assert app.control.purge() == 2  # the tick, and the night that may have been missed


@pytest.mark.parametrize(("path", "current"), [("/", "workspace"), ("/coming/", "workspace"), ("/inbox/", "inbox")])
def test_rail_marks_where_one_is(nurse: User, path: str, current: str) -> None:
    client = Client()
    client.force_login(nurse)
    assert [item.key for item in client.get(path).context["shell"].nav if item.current] == [current]


def test_a_team_whose_sweep_fails_is_told_and_no_other(nurse: User) -> None:
    now, other = timezone.now(), factories.person(factories.team(), Role.NURSE_COORDINATOR)
    team = nurse.memberships.get().team
    study = factories.study(factories.patient(team), due_on=now.date())
    for name in ("sweep", "beat", "mail"):
        beat(name, now=now)

    def sweeps(minutes: int, studies: list[int]) -> None:
        since = (now - timedelta(minutes=minutes)).isoformat()
        beat("sweep", now=now, details={"stuck": {str(team.pk): {"since": since, "studies": studies}}})

    sweeps(5, [])
    assert warnings(nurse) == [], "the next sweep may heal it"
    assert Client().get("/readyz").status_code == 200
    sweeps(11, [])
    assert (warnings(nurse), warnings(other)) == (["Reminders stopped"], [])
    assert Client().get("/readyz").json() | {"redis": "ok"} == {
        "ready": False,
        "database": "ok",
        "redis": "ok",
        "sweep": "ok",
        "mail": "ok",
        "beat": "ok",
        "reconciler": "ok",
        "teams": "stuck",
    }
    sweeps(11, [study.pk])
    assert (warnings(nurse), warnings(other)) == (["Some scans are not reminded of"], [])
    pages = []
    for person in (nurse, other):
        client = Client()
        client.force_login(person)
        pages.append(client.get("/inbox/undelivered/").content.decode())
    assert [f"/imaging/studies/{study.pk}/" in page for page in pages] == [True, False]


def test_a_heartbeat_of_the_future_reassures_nobody(nurse: User) -> None:
    now = timezone.now()
    beat("sweep", now=now + timedelta(days=3))
    assert warnings(nurse) == ["Reminders stopped"]
