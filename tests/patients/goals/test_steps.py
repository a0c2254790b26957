"""The step inside a treatment line: documented, planned, or not now with a reason."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.commands import Chosen
from patients.goals.models import GoalsPrompt, LineGoals
from patients.goals.queries import goals_of
from patients.goals.rules import CloseReason, FoundReason, PromptReason, StepChoice
from patients.record.models import DiseaseStatus, NextStep, Patient, StaleEdit
from patients.treatment.models import TreatmentLine
from tests.factories import line, patient, person, team
from tests.factories.goals import conversation

pytestmark = pytest.mark.django_db


def prrt(someone: Patient, **fields: Any) -> TreatmentLine:
    values: dict[str, Any] = {"status": "proposed", "started_on": None, "planned_on": date(2026, 12, 10)}
    return line(someone, "prrt", agent="177Lu-dotatate", **(values | fields))


def asked(someone: Patient, row: TreatmentLine, now: datetime, *more: FoundReason) -> GoalsPrompt:
    reason = FoundReason(PromptReason.BEFORE_PROCEDURE, now.date(), f"procedure:{row.pk}", row.label)
    commands.raise_prompts({someone.pk: [reason, *more]}, now=now)
    return GoalsPrompt.objects.get(patient=someone)


def test_documented_answers_the_prompt_of_the_line(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    talk = conversation(someone, doctor)
    row = prrt(someone)
    asked(someone, row, now)
    kept = commands.choose_for_line(
        row, Chosen(StepChoice.DOCUMENTED, conversation_id=talk.pk), by=doctor, now=now, version=0
    )
    found = GoalsPrompt.objects.get()
    assert (kept.choice, kept.conversation_id, found.status, found.answered_by_id) == (
        "documented",
        talk.pk,
        "answered",
        talk.pk,
    )
    assert NextStep.objects.filter(closed_at=None).count() == 0


def test_documented_leaves_what_is_news_since_the_conversation(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    talk = conversation(someone, doctor)
    row = prrt(someone)
    asked(someone, row, now, FoundReason(PromptReason.ADMISSION, date(2026, 11, 22), "admission:1"))
    commands.choose_for_line(row, Chosen(StepChoice.DOCUMENTED, conversation_id=talk.pk), by=doctor, now=now)
    found = GoalsPrompt.objects.get()
    assert (found.status, list(found.reasons.values_list("reason", flat=True))) == ("open", ["admission"])
    from patients.goals.consumers import ask_where_needed

    assert ask_where_needed(someone.pk, now=now) == 0  # the line asks no more


def test_documented_does_not_count_from_before_the_progression(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    talk = conversation(someone, doctor, held_on="2026-10-01")
    DiseaseStatus.objects.create(patient=someone, category="PD", assessed_on=date(2026, 11, 2), method="ct")
    with pytest.raises(ValidationError, match="before the last progression: talk again"):
        commands.choose_for_line(
            prrt(someone), Chosen(StepChoice.DOCUMENTED, conversation_id=talk.pk), by=doctor, now=now
        )


def test_planned_waits_under_that_person_and_is_due_on_the_day(now: datetime) -> None:
    home = team()
    someone, nurse, doctor = patient(home), person(home, Role.NURSE_COORDINATOR), person(home, Role.PALLIATIVE)
    row = prrt(someone)
    asked(someone, row, now)
    on = date(2026, 12, 3)
    kept = commands.choose_for_line(row, Chosen(StepChoice.PLANNED, on=on, with_whom=doctor), by=nurse, now=now)
    found = GoalsPrompt.objects.get()
    step = NextStep.objects.get(closed_at=None)
    assert (kept.planned_on, kept.planned_with_id) == (on, doctor.pk)
    assert (found.status, found.owner_id, step.what, step.due_on, step.owner_id) == (
        "deferred",
        doctor.pk,
        "Goals conversation planned",
        on,
        doctor.pk,
    )
    assert InboxItem.objects.open().get().recipient_id == doctor.pk
    assert commands.review_prompts(now=now + timedelta(days=10)) == 1
    found.refresh_from_db()
    step.refresh_from_db()
    assert (found.status, step.due_on) == ("open", on)
    conversation(someone, doctor, now=now + timedelta(days=10), held_on="2026-12-03")
    assert InboxItem.objects.open().count() == 0
    assert NextStep.objects.filter(closed_at=None).count() == 0


@pytest.mark.parametrize("role", [Role.CHAPLAIN, Role.BOARD_COORDINATOR])
def test_planned_only_with_who_signs_conversations(now: datetime, role: Role) -> None:
    home = team()
    with pytest.raises(ValidationError, match="does not sign goals conversations"):
        commands.plan_conversation(
            patient(home), on=date(2026, 12, 3), with_whom=person(home, role), by=person(home), now=now
        )


def test_deferred_puts_the_prompt_off_and_may_be_chosen_anew(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.ONCOLOGIST)
    row = prrt(someone)
    asked(someone, row, now)
    chosen = Chosen(StepChoice.DEFERRED, reason=CloseReason.TOO_ILL, on=date(2026, 12, 1), note="Fever")
    first = commands.choose_for_line(row, chosen, by=doctor, now=now, version=0)
    assert (GoalsPrompt.objects.get().status, first.reason) == ("deferred", "too_ill")
    with pytest.raises(StaleEdit):
        commands.choose_for_line(row, chosen, by=doctor, now=now, version=0)
    declined = Chosen(StepChoice.DEFERRED, reason=CloseReason.PATIENT_DECLINED, on=date(2027, 3, 1))
    second = commands.choose_for_line(row, declined, by=doctor, now=now, version=1)
    assert (second.pk, second.version, GoalsPrompt.objects.get().status) == (first.pk, 2, "declined")
    assert commands.choose_for_line(row, declined, by=doctor, now=now, version=2).version == 3
    assert LineGoals.pgh_event_model.objects.filter(pgh_obj_id=first.pk).count() == 3


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(StepChoice.DOCUMENTED),
        Chosen(StepChoice.PLANNED, on=date(2026, 12, 3)),
        Chosen(StepChoice.PLANNED, on=date(2026, 11, 1)),
        Chosen(StepChoice.DEFERRED, on=date(2026, 12, 3)),
        Chosen(StepChoice.DEFERRED, reason=CloseReason.TOO_ILL),
        Chosen(StepChoice.DEFERRED, reason=CloseReason.OTHER, on=date(2026, 12, 3)),
        Chosen(StepChoice.DEFERRED, reason=CloseReason.PATIENT_DECLINED, on=date(2026, 12, 3)),
    ],
)
def test_a_choice_has_to_be_complete(now: datetime, chosen: Chosen) -> None:
    home = team()
    someone = patient(home)
    with pytest.raises(ValidationError):
        commands.choose_for_line(prrt(someone), chosen, by=person(home), now=now)
    assert LineGoals.objects.count() == 0


def test_nothing_is_chosen_for_a_line_that_ended(now: datetime) -> None:
    home = team()
    row = prrt(patient(home), status="stopped", end_reason="patient_choice", ended_on=date(2026, 11, 1))
    chosen = Chosen(StepChoice.DEFERRED, reason=CloseReason.TOO_ILL, on=date(2026, 12, 3))
    with pytest.raises(ValidationError, match="has ended"):
        commands.choose_for_line(row, chosen, by=person(home), now=now)


def test_a_retracted_conversation_documents_nothing(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    talk = conversation(someone, doctor)
    row = prrt(someone)
    asked(someone, row, now)
    commands.choose_for_line(row, Chosen(StepChoice.DOCUMENTED, conversation_id=talk.pk), by=doctor, now=now)
    commands.retract(talk, reason="Belongs to the patient in the next room.", by=doctor, now=now)
    goals = goals_of(someone.pk, now.date())
    assert goals.prompt is not None
    assert goals.prompt.is_open


@pytest.mark.django_db(transaction=True)
def test_two_choose_at_once_and_one_stands(now: datetime) -> None:
    home = team()
    someone = patient(home)
    people = [person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)]
    row = prrt(someone)
    asked(someone, row, now)
    barrier, outcomes = threading.Barrier(2), []

    def press(index: int) -> None:
        chosen = [
            Chosen(StepChoice.PLANNED, on=date(2026, 12, 3), with_whom=people[1]),
            Chosen(StepChoice.DEFERRED, reason=CloseReason.TOO_ILL, on=date(2026, 12, 9)),
        ][index]
        barrier.wait()
        try:
            commands.choose_for_line(row, chosen, by=people[index], now=now, version=0)
            outcomes.append(chosen.choice)
        except StaleEdit:
            outcomes.append("stale")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[index]) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "stale" in outcomes
    assert LineGoals.objects.get().version == 1


def test_a_talk_from_before_the_progression_settles_no_line_when_it_is_signed_late(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.PALLIATIVE)
    prrt(someone)
    DiseaseStatus.objects.create(patient=someone, category="PD", assessed_on=date(2026, 11, 22), method="ct")
    assert commands.count_conversation(conversation(someone, doctor, held_on="2026-11-20"), now=now) == 0
    assert commands.count_conversation(conversation(someone, doctor, held_on="2026-11-23"), now=now) == 1
