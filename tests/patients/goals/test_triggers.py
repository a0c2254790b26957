"""Each reason to ask, from what people do to the prompt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsPrompt, LineGoals
from patients.goals.queries import goals_of
from patients.record.commands import add_entry
from patients.record.models import Admission, Measurement, Patient, SymptomAssessment
from patients.treatment.commands import begin_line, end_line, enter_in_error, propose_line
from patients.treatment.rules import EndReason, LineDraft
from patients.triage.commands import record_call
from patients.triage.rules import Answers
from tests.factories import line, measurement, patient, person, team
from tests.factories.goals import conversation, prompt

pytestmark = pytest.mark.django_db
Act = Callable[[Patient, User, datetime], object]


def words(someone: Patient, now: datetime) -> str:
    goals = goals_of(someone.pk, now.date())
    return goals.prompt.words if goals.prompt else ""


def _draft(modality: str, agent: str, reason: str = "progression") -> LineDraft:
    return LineDraft(modality=modality, agent=agent, start_reason=reason)


def _third(someone: Patient) -> None:
    for number, agent in enumerate(("Lanreotide", "Everolimus")):
        line(
            someone,
            "ssa" if not number else "targeted",
            agent=agent,
            status="stopped",
            start_reason="progression" if number else "first",
            started_on=date(2024 + number, 1, 1),
            ended_on=date(2024 + number, 12, 1),
            end_reason="progression",
        )


def _proposed_third(someone: Patient, by: User, now: datetime) -> None:
    _third(someone)
    propose_line(someone, _draft("chemotherapy", "Capecitabine + temozolomide"), by=by, now=now)


def _started_third(someone: Patient, by: User, now: datetime) -> None:
    _third(someone)
    begin_line(someone, _draft("targeted", "Cabozantinib"), on=now.date(), by=by, now=now)


def _procedure(modality: str, agent: str) -> Act:
    def act(someone: Patient, by: User, now: datetime) -> None:
        propose_line(someone, _draft(modality, agent, "first"), planned_on=date(2026, 12, 10), by=by, now=now)

    return act


def _twice_admitted(someone: Patient, by: User, now: datetime) -> None:
    for on in (date(2026, 9, 3), date(2026, 11, 2)):
        add_entry(someone, Admission, {"admitted_on": on, "unplanned": True}, by=by, now=now)


def _weight(someone: Patient, by: User, now: datetime) -> None:
    measurement(someone, "29463-7", 70, unit="kg", taken_at=datetime(2026, 8, 20, tzinfo=UTC))
    values = {"code": "29463-7", "label": "Weight", "value": 65, "unit": "kg"}
    add_entry(someone, Measurement, values | {"taken_at": datetime(2026, 11, 20, 9, tzinfo=UTC)}, by=by, now=now)


def _symptoms(someone: Patient, by: User, now: datetime) -> None:
    add_entry(someone, SymptomAssessment, {"assessed_on": date(2026, 11, 20), "pain": 8, "nausea": 6}, by=by, now=now)


def _call(someone: Patient, by: User, now: datetime) -> None:
    record_call(someone, Answers(), caller="patient", wants_scan=False, wants_goals=True, by=by, now=now)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (
            _proposed_third,
            "Therapy line 3 or later (therapy line 3: Capecitabine + temozolomide)",
        ),
        (_started_third, "Therapy line 3 or later (therapy line 3: Cabozantinib)"),
        (_procedure("prrt", "177Lu-dotatate"), "Before PRRT, embolization or surgery (177Lu-dotatate)"),
        (_procedure("embolization", "TACE"), "Before PRRT, embolization or surgery (TACE)"),
        (_procedure("embolization", "TARE"), "Before PRRT, embolization or surgery (TARE)"),
        (_procedure("surgery", "Liver resection"), "Before PRRT, embolization or surgery (Liver resection)"),
        (_twice_admitted, "Unplanned admission (2 in 6 months)"),
        (_weight, "Weight loss (7.1 % lost)"),
        (_symptoms, "Severe symptoms (pain 8)"),
        (_call, "Wish of the patient or family (said by phone)"),
    ],
)
def test_what_people_do_asks(now: datetime, django_capture_on_commit_callbacks: Any, act: Act, expected: str) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.ONCOLOGIST)
    with django_capture_on_commit_callbacks(execute=True):
        act(someone, doctor, now)
    assert words(someone, now) == expected


def test_wish_by_phone_opens_what_the_patient_declined(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.ONCOLOGIST)
    prompt(someone)
    commands.decline(someone, until=date(2027, 3, 1), by=doctor, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        _call(someone, doctor, now)
    assert GoalsPrompt.objects.get().status == "open"


@pytest.mark.parametrize("in_error", [True, False])
def test_a_line_that_is_taken_back_asks_no_more(
    now: datetime, django_capture_on_commit_callbacks: Any, in_error: bool
) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.ONCOLOGIST)
    with django_capture_on_commit_callbacks(execute=True):
        row = propose_line(someone, _draft("prrt", "177Lu-dotatate", "first"), by=doctor, now=now)
    assert words(someone, now)
    with django_capture_on_commit_callbacks(execute=True):
        if in_error:
            enter_in_error(row, reason="Wrong patient", by=doctor, now=now)
        else:
            end_line(row, on=now.date(), reason=EndReason.PATIENT_CHOICE, by=doctor, now=now)
    assert words(someone, now) == ""


def test_a_signed_conversation_counts_for_the_lines_that_waited(
    now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    row = line(
        someone, "prrt", agent="177Lu-dotatate", status="planned", started_on=None, planned_on=date(2026, 12, 10)
    )
    with django_capture_on_commit_callbacks(execute=True):
        talk = conversation(someone, doctor)
    kept = LineGoals.objects.get()
    assert (kept.line_id, kept.choice, kept.conversation_id, kept.chosen_by_id) == (
        row.pk,
        "documented",
        talk.pk,
        doctor.pk,
    )


def test_two_records_merged_keep_one_prompt_with_the_reasons_of_both(now: datetime) -> None:
    home = team()
    kept, gone = patient(home), patient(home)
    prompt(kept, key="status:1")
    prompt(gone, key="status:2")
    commands.decline(gone, until=date(2027, 3, 1), by=person(home), now=now)
    Patient.objects.filter(pk=gone.pk).update(merged_into=kept)
    assert commands.review_prompts(now=now + timedelta(hours=1)) == 0
    live = GoalsPrompt.objects.get(status__in=["open", "deferred", "declined"])
    assert (live.patient_id, live.status, live.ask_again_on, live.reasons.count()) == (
        kept.pk,
        "declined",
        date(2027, 3, 1),
        2,
    )
    assert GoalsPrompt.objects.get(patient=gone).close_reason == "merged"
    assert commands.follow_merge(gone, now=now) is None


def test_a_merged_record_without_a_prompt_beside_it_waits_as_before(now: datetime) -> None:
    home = team()
    kept, gone, doctor = patient(home), patient(home), person(home, Role.PALLIATIVE)
    prompt(gone)
    commands.plan_conversation(gone, on=date(2026, 12, 3), with_whom=doctor, by=doctor, now=now)
    Patient.objects.filter(pk=gone.pk).update(merged_into=kept)
    gone.refresh_from_db()
    stays = commands.follow_merge(gone, now=now)
    assert stays is not None
    assert (stays.patient_id, stays.status, stays.owner_id, stays.close_reason) == (
        kept.pk,
        "deferred",
        doctor.pk,
        "planned",
    )
