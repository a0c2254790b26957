"""The surprise question, and a wish of the patient or the family to talk."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsPrompt, SurpriseQuestion, TalkWish
from patients.goals.queries import goals_of
from patients.goals.rules import CloseReason, SurpriseAnswer, Voice
from patients.record.models import NextStep
from tests.factories import patient, person, team
from tests.factories.goals import prompt

pytestmark = pytest.mark.django_db


def test_surprise_no_asks_and_another_answer_takes_it_back(now: datetime) -> None:
    home = team()
    someone, doctor = patient(home), person(home, Role.ONCOLOGIST)
    commands.answer_surprise(someone, SurpriseAnswer.NO, by=doctor, now=now)
    commands.answer_surprise(someone, SurpriseAnswer.NO, by=doctor, now=now)
    goals = goals_of(someone.pk, now.date())
    assert SurpriseQuestion.objects.count() == 1
    assert goals.prompt is not None
    assert goals.prompt.words == "Surprise question: no"
    commands.answer_surprise(someone, SurpriseAnswer.UNSURE, by=doctor, now=now + timedelta(days=1))
    assert goals_of(someone.pk, now.date()).prompt is None
    assert GoalsPrompt.objects.get().close_reason == CloseReason.WITHDRAWN
    commands.answer_surprise(someone, SurpriseAnswer.NO, by=doctor, now=now + timedelta(days=2))
    assert goals_of(someone.pk, now.date()).prompt is not None


@pytest.mark.parametrize("answer", [SurpriseAnswer.YES, SurpriseAnswer.UNSURE])
def test_surprise_yes_asks_nothing(now: datetime, answer: SurpriseAnswer) -> None:
    home = team()
    commands.answer_surprise(patient(home), answer, by=person(home), now=now)
    assert GoalsPrompt.objects.count() == 0


def test_surprise_is_asked_of_the_living_in_care_only(now: datetime) -> None:
    home = team()
    with pytest.raises(ValidationError, match="has died"):
        commands.answer_surprise(
            patient(home, deceased_on=date(2026, 11, 1)), SurpriseAnswer.NO, by=person(home), now=now
        )


@pytest.mark.parametrize(("voice", "status"), [(Voice.PATIENT, "open"), (Voice.FAMILY, "declined")])
def test_wish_opens_what_the_patient_declined_only_when_it_is_theirs(now: datetime, voice: Voice, status: str) -> None:
    home = team()
    someone = patient(home)
    prompt(someone)
    commands.decline(someone, until=date(2027, 3, 1), by=person(home), now=now)
    chaplain = person(home, Role.BOARD_COORDINATOR)
    commands.note_wish(
        someone, voice=voice, words="Can we talk about what comes?", said_on=now.date(), by=chaplain, now=now
    )
    asked = GoalsPrompt.objects.get()
    assert (asked.status, asked.rank, TalkWish.objects.get().created_by_id) == (status, 0, chaplain.pk)
    goals = goals_of(someone.pk, now.date())
    assert goals.prompt is not None
    assert len(goals.prompt.reasons) == 2


def test_wish_of_the_family_opens_what_was_deferred(now: datetime) -> None:
    home = team()
    someone = patient(home)
    commands.defer(prompt(someone), reason=CloseReason.TOO_ILL, until=date(2026, 12, 7), by=person(home), now=now)
    later = now + timedelta(days=2)
    commands.note_wish(
        someone, voice=Voice.FAMILY, words="His son asks.", said_on=later.date(), by=person(home), now=later
    )
    asked = GoalsPrompt.objects.get()
    assert (asked.status, asked.raised_on, asked.ask_again_on, asked.close_reason) == (
        "open",
        later.date(),
        None,
        "",
    )
    assert NextStep.objects.get(closed_at=None).due_on == later.date() + timedelta(days=30)


@pytest.mark.parametrize(
    ("words", "said_on"), [("", date(2026, 11, 20)), ("Let us talk.", None), ("Let us talk.", date(2026, 11, 24))]
)
def test_wish_needs_words_and_a_day(now: datetime, words: str, said_on: date | None) -> None:
    home = team()
    with pytest.raises(ValidationError):
        commands.note_wish(patient(home), voice=Voice.PATIENT, words=words, said_on=said_on, by=person(home), now=now)


def test_declined_holds_for_the_next_prompt_too(now: datetime) -> None:
    """Out of care and back before the day that the patient named: what asks is kept, and stays quiet until then."""
    home = team()
    someone, nurse = patient(home), person(home, Role.NURSE_COORDINATOR)
    prompt(someone)
    commands.decline(someone, until=date(2027, 3, 1), by=nurse, now=now)
    commands.close_prompts_for_good(someone.pk, reason=CloseReason.LEFT_CARE, note="", now=now)
    again = prompt(someone)
    assert (again.status, again.ask_again_on) == ("declined", date(2027, 3, 1))
    with pytest.raises(ValidationError, match="declined to talk until"):
        commands.plan_conversation(someone, on=date(2026, 12, 1), with_whom=person(home), by=nurse, now=now)
