"""Referrals to the palliative team and their answers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt
from patients.palliative import commands
from patients.palliative.rules import PalliativeReferralStatus
from patients.record.models import NextStep, StaleEdit
from tests.factories import patient, person, team
from tests.factories.goals import prompt

pytestmark = pytest.mark.django_db
ACCEPTED, DECLINED, SEEN = (
    PalliativeReferralStatus.ACCEPTED,
    PalliativeReferralStatus.DECLINED,
    PalliativeReferralStatus.SEEN,
)


def test_refer_tells_the_palliative_team_and_answers_the_prompt(now: datetime) -> None:
    home = team()
    someone, oncologist, brandt = patient(home), person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)
    asked = prompt(someone)
    referral = commands.refer(someone, question="Pain and plans", answers_prompt=True, by=oncologist, now=now)
    asked.refresh_from_db()
    assert (asked.status, asked.close_reason) == ("closed", "referred")
    item = InboxItem.objects.get(recipient=brandt)
    assert (item.key, item.title) == (f"palliative:{referral.pk}", "New referral to the palliative team")
    step = NextStep.objects.get(patient=someone, closed_at__isnull=True)
    assert (step.what, step.owner_role) == ("Palliative team: answer the referral", "palliative")


def test_refer_may_leave_the_prompt_open_and_happens_once(now: datetime) -> None:
    home = team()
    someone, oncologist = patient(home), person(home, Role.ONCOLOGIST)
    asked = prompt(someone)
    commands.refer(someone, question="Pain", answers_prompt=False, by=oncologist, now=now)
    asked.refresh_from_db()
    assert asked.status == "open"
    with pytest.raises(ValidationError, match="asked already"):
        commands.refer(someone, question="Pain", answers_prompt=False, by=oncologist, now=now)


def test_answer_referral_accepts_with_a_date_then_seen(now: datetime) -> None:
    home = team()
    someone, oncologist, brandt = patient(home), person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)
    referral = commands.refer(someone, question="Pain", answers_prompt=True, by=oncologist, now=now)
    with pytest.raises(ValidationError, match="Give the date"):
        commands.answer_referral(referral, ACCEPTED, by=brandt, now=now)
    with pytest.raises(ValidationError, match="lies in the past"):
        commands.answer_referral(referral, ACCEPTED, visit_on=date(2026, 11, 22), by=brandt, now=now)
    commands.answer_referral(referral, ACCEPTED, visit_on=date(2026, 11, 30), by=brandt, now=now)
    step = NextStep.objects.get(patient=someone, closed_at__isnull=True)
    assert (step.what, step.owner_id, step.due_on) == (
        "First visit of the palliative team",
        brandt.pk,
        date(2026, 11, 30),
    )
    assert InboxItem.objects.open().filter(recipient=brandt).count() == 0
    assert InboxItem.objects.get(recipient=oncologist).title == "The palliative team accepted a referral"
    commands.answer_referral(referral, SEEN, by=brandt, now=now, visit_on=date(2026, 11, 23))
    assert NextStep.objects.filter(patient=someone, closed_at__isnull=True).count() == 0


def test_answer_referral_declines_with_a_reason(now: datetime) -> None:
    home = team()
    someone, oncologist, brandt = patient(home), person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)
    referral = commands.refer(someone, question="Pain", answers_prompt=True, by=oncologist, now=now)
    with pytest.raises(ValidationError, match="Say in a sentence why"):
        commands.answer_referral(referral, DECLINED, by=brandt, now=now, answer="no")
    answered = commands.answer_referral(
        referral, DECLINED, by=brandt, now=now, answer="Known to the hospice at home, who goes on."
    )
    assert (answered.status, answered.answer) == ("declined", "Known to the hospice at home, who goes on.")
    with pytest.raises(ValidationError, match="cannot become"):
        commands.answer_referral(referral, ACCEPTED, by=brandt, now=now, visit_on=date(2026, 11, 30))


def test_answer_referral_is_the_palliative_team_s_and_guards_against_two(now: datetime) -> None:
    home = team()
    someone, oncologist, brandt = patient(home), person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)
    referral = commands.refer(someone, question="Pain", answers_prompt=True, by=oncologist, now=now)
    with pytest.raises(ValidationError, match="Only the palliative team"):
        commands.answer_referral(referral, ACCEPTED, by=oncologist, now=now, visit_on=date(2026, 11, 30))
    commands.answer_referral(referral, ACCEPTED, by=brandt, now=now, visit_on=date(2026, 11, 30), version=1)
    with pytest.raises(StaleEdit):
        commands.answer_referral(referral, SEEN, by=brandt, now=now, version=1)


def test_a_declined_referral_answers_nothing(now: datetime) -> None:
    home = team()
    someone, oncologist, brandt = patient(home), person(home, Role.ONCOLOGIST), person(home, Role.PALLIATIVE)
    prompt(someone)
    referral = commands.refer(someone, question="Pain", answers_prompt=True, by=oncologist, now=now)
    later = now + timedelta(days=2)
    commands.answer_referral(referral, DECLINED, by=brandt, now=later, answer="No capacity before January.")
    live = GoalsPrompt.objects.get(patient=someone, status="open")
    assert [row.reason for row in live.reasons.all()] == ["progression"]
    assert NextStep.objects.get(patient=someone, closed_at=None).what == "Goals conversation: new progression"
