"""Events of the work below become prompts; death and leaving care end them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt
from patients.goals.queries import goals_of
from patients.record.commands import add_entry, change_enrollment, record_death
from patients.record.models import Admission, DiseaseStatus, Measurement, NextStep, Patient, Specimen
from patients.record.rules import EnrollmentStatus
from tests.factories import line, measurement, patient, person, specimen, team

pytestmark = pytest.mark.django_db


def reasons(someone: Patient, now: datetime) -> list[str]:
    goals = goals_of(someone.pk, now.date())
    return [reason.reason for reason in goals.prompt.reasons] if goals.prompt else []


def tell(someone: Patient, kind: EventKind, now: datetime, capture: Any, **payload: Any) -> None:
    with capture(execute=True):
        announce(kind, now=now, team_id=someone.team_id, patient_id=someone.pk, payload=payload)


def test_progression_entered_by_a_clinician_asks(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone = patient(home)
    with django_capture_on_commit_callbacks(execute=True):
        add_entry(
            someone,
            DiseaseStatus,
            {"assessed_on": date(2026, 11, 20), "category": "PD", "method": "clinical"},
            by=person(home),
            now=now,
        )
    assert reasons(someone, now) == ["progression"]


def test_ecog_that_rises_asks_and_is_asked_once(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone, nurse = patient(home), person(home, Role.NURSE_COORDINATOR)
    measurement(someone, value=1, taken_at=datetime(2026, 8, 1, tzinfo=UTC))
    for day in (16, 18, 20):
        with django_capture_on_commit_callbacks(execute=True):
            add_entry(
                someone,
                Measurement,
                {"code": "89247-1", "label": "ECOG", "value": 2, "taken_at": datetime(2026, 11, day, 9, tzinfo=UTC)},
                by=nurse,
                now=now,
            )
    goals = goals_of(someone.pk, now.date())
    assert goals.prompt is not None
    assert [reason.words for reason in goals.prompt.reasons] == ["ECOG 2 or more, or rising (ECOG 1 → 2)"]


def test_unplanned_admission_asks(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone = patient(home)
    for unplanned, expected in ((False, []), (True, ["admission"])):
        with django_capture_on_commit_callbacks(execute=True):
            add_entry(
                someone, Admission, {"admitted_on": date(2026, 11, 2), "unplanned": unplanned}, by=person(home), now=now
            )
        assert reasons(someone, now) == expected


def test_poor_differentiation_asks(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone = patient(home)
    with django_capture_on_commit_callbacks(execute=True):
        add_entry(
            someone,
            Specimen,
            {"taken_on": date(2026, 11, 2), "differentiation": "poor", "ki67": 70},
            by=person(home),
            now=now,
        )
    assert reasons(someone, now) == ["nec"]


def test_third_line_and_a_procedure_ask_when_proposed(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    someone = patient(team())
    line(someone, status="stopped", started_on=date(2024, 1, 1), ended_on=date(2025, 1, 1), end_reason="progression")
    line(
        someone,
        "targeted",
        agent="Everolimus",
        status="stopped",
        start_reason="progression",
        started_on=date(2025, 1, 2),
        ended_on=date(2026, 11, 1),
        end_reason="progression",
    )
    line(
        someone,
        "prrt",
        agent="177Lu-dotatate",
        status="proposed",
        start_reason="progression",
        started_on=None,
        planned_on=date(2026, 12, 10),
    )
    tell(someone, EventKind.LINE_PROPOSED, now, django_capture_on_commit_callbacks)
    goals = goals_of(someone.pk, now.date())
    assert goals.prompt is not None
    assert [(r.reason, r.detail) for r in goals.prompt.reasons] == [
        ("therapy_line", "therapy line 3: 177Lu-dotatate"),
        ("before_procedure", "177Lu-dotatate"),
    ]


def test_first_line_does_not_ask(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    someone = patient(team())
    line(someone)
    tell(someone, EventKind.LINE_STARTED, now, django_capture_on_commit_callbacks)
    assert reasons(someone, now) == []


def test_entering_care_asks_for_what_the_import_brought(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone = patient(home, status=EnrollmentStatus.UNDER_REVIEW)
    specimen(someone, differentiation="poor", ki67=60)
    tell(someone, EventKind.RECORD_CHANGED, now, django_capture_on_commit_callbacks)
    assert GoalsPrompt.objects.count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(someone, EnrollmentStatus.ACTIVE, on=now.date(), by=person(home), now=now)
    assert reasons(someone, now) == ["nec"]


def test_leaving_care_ends_the_asking_and_coming_back_asks_again(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    home = team()
    someone, chief = patient(home), person(home)
    specimen(someone, differentiation="poor", ki67=60)
    tell(someone, EventKind.RECORD_CHANGED, now, django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(someone, EnrollmentStatus.TRANSFERRED, on=now.date(), by=chief, now=now, reason="Moved away")
    assert list(GoalsPrompt.objects.values_list("status", "close_reason")) == [("closed", "left_care")]
    assert NextStep.objects.filter(patient=someone, closed_at__isnull=True).count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        change_enrollment(someone, EnrollmentStatus.ACTIVE, on=now.date(), by=chief, now=now)
    assert reasons(someone, now) == ["nec"]


def test_death_silences_the_prompt_and_whatever_comes_after(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    home = team()
    someone = patient(home)
    specimen(someone, differentiation="poor", ki67=60)
    tell(someone, EventKind.RECORD_CHANGED, now, django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        record_death(someone, on=now.date(), cause="NEC", by=person(home), now=now)
    assert list(GoalsPrompt.objects.values_list("status", "close_reason")) == [("closed", "deceased")]
    tell(someone, EventKind.PROGRESSION, now, django_capture_on_commit_callbacks)
    tell(someone, EventKind.RECORD_CHANGED, now, django_capture_on_commit_callbacks)
    assert GoalsPrompt.objects.filter(status="open").count() == 0
