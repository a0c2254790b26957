"""What the calendar asks for, once a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsPrompt, GoalsPromptReason
from patients.goals.rules import CloseReason
from patients.record.rules import EnrollmentStatus
from tests.factories import diagnosis, patient, person, team
from tests.factories.goals import conversation

pytestmark = pytest.mark.django_db


def reasons() -> list[str]:
    return sorted(GoalsPromptReason.objects.values_list("reason", flat=True))


@pytest.mark.parametrize(("days", "raised"), [(59, 0), (60, 1)])
def test_stage_iv_without_a_conversation_asks_after_sixty_days(now: datetime, days: int, raised: int) -> None:
    diagnosis(patient(team()), diagnosed_on=now.date() - timedelta(days=days), staged_on=None)
    assert commands.review_prompts(now=now) == raised
    assert reasons() == ["stage_iv"] * raised


def test_stage_iv_is_asked_once(now: datetime) -> None:
    home = team()
    someone = patient(home)
    diagnosis(someone)
    assert [commands.review_prompts(now=now + timedelta(days=day)) for day in range(3)] == [1, 0, 0]
    commands.close_prompt(GoalsPrompt.objects.get(), reason=CloseReason.ALREADY_DISCUSSED, by=person(home), now=now)
    assert commands.review_prompts(now=now + timedelta(days=3)) == 0


def test_stage_iv_with_a_conversation_does_not_ask(now: datetime) -> None:
    home = team()
    someone = patient(home)
    diagnosis(someone)
    conversation(someone, person(home, Role.PALLIATIVE))
    assert commands.review_prompts(now=now) == 0


@pytest.mark.parametrize(
    "fields", [{"stage": "III"}, {"net_status": "not_net"}, {"is_main": False}, {"stage": "IV", "diagnosed_on": None}]
)
def test_other_stages_and_cancers_do_not_ask(now: datetime, fields: dict[str, object]) -> None:
    diagnosis(patient(team()), **fields)
    assert commands.review_prompts(now=now) == 0


@pytest.mark.parametrize("status", [status for status in EnrollmentStatus if status != EnrollmentStatus.ACTIVE])
def test_review_asks_nothing_of_patients_out_of_care(now: datetime, status: EnrollmentStatus) -> None:
    diagnosis(patient(team(), status=status))
    assert commands.review_prompts(now=now) == 0


def test_review_asks_nothing_of_the_deceased(now: datetime) -> None:
    diagnosis(patient(team(), deceased_on=date(2026, 11, 1)))
    assert commands.review_prompts(now=now) == 0


def test_passed_event_and_reached_review_ask_together(now: datetime) -> None:
    home = team()
    someone = patient(home)
    conversation(someone, person(home, Role.PALLIATIVE), next_review_on="2026-12-24")
    assert commands.review_prompts(now=datetime(2026, 12, 23, 12, tzinfo=now.tzinfo)) == 0
    assert commands.review_prompts(now=datetime(2026, 12, 25, 12, tzinfo=now.tzinfo)) == 1
    assert reasons() == ["event_passed", "review_due"]
    assert commands.review_prompts(now=datetime(2026, 12, 26, 12, tzinfo=now.tzinfo)) == 0


def test_review_takes_the_team_s_own_date(now: datetime) -> None:
    east, west = team(time_zone="Pacific/Auckland"), team(time_zone="America/Los_Angeles")
    for home in (east, west):
        conversation(patient(home), person(home, Role.PALLIATIVE), event_on="2026-12-24")
    late = datetime(2026, 12, 24, 12, tzinfo=now.tzinfo)  # already the 25th in Auckland
    assert commands.review_prompts(now=late) == 1
    assert GoalsPrompt.objects.get().patient.team_id == east.pk


def test_review_needs_no_more_queries_for_many_patients(now: datetime) -> None:
    home = team()

    def queries(count: int) -> int:
        for _ in range(count):
            diagnosis(patient(home))
        with CaptureQueriesContext(connection) as captured:
            assert commands.review_prompts(now=now) == count
        return len(captured)

    assert queries(1) == queries(19)  # from twenty on, the owners are told once


def test_review_once_a_day_runs_when_a_team_s_day_begins(now: datetime) -> None:
    home = team(time_zone="Europe/Berlin")
    diagnosis(patient(home))
    assert commands.review_once_a_day(now=now) == 1
    diagnosis(patient(home))
    late = datetime(2026, 11, 23, 22, 59, tzinfo=now.tzinfo)  # 23:59 in Berlin
    assert [commands.review_once_a_day(now=at) for at in (now, late, late + timedelta(minutes=1))] == [0, 0, 1]
