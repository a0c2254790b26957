"""Goals prompts: one live per patient, carrying all its reasons; answered by people, never nagging."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.models import GoalsPrompt, GoalsPromptReason
from patients.goals.queries import goals_of
from patients.goals.rules import CloseReason, FoundReason, PromptReason
from patients.record.models import NextStep, StaleEdit
from patients.record.rules import EnrollmentStatus
from tests.factories import patient, person, responsible, team
from tests.factories.goals import prompt

PD = FoundReason(PromptReason.PROGRESSION, date(2026, 10, 20), "status:1")
ECOG = FoundReason(PromptReason.ECOG, date(2026, 11, 16), "ecog:2:0", "ECOG 1 → 2")


@pytest.mark.django_db
def test_raise_prompts_keeps_one_prompt_with_all_reasons(now: datetime) -> None:
    home = team()
    someone, owner = patient(home), person(home, Role.ONCOLOGIST)
    responsible(someone, owner)
    assert commands.raise_prompts({someone.pk: [PD]}, now=now) == 1
    assert commands.raise_prompts({someone.pk: [PD]}, now=now) == 0
    assert commands.raise_prompts({someone.pk: [PD, ECOG]}, now=now) == 1
    goals = goals_of(someone.pk, now.date() + timedelta(days=3))
    assert goals.prompt is not None
    assert goals.prompt.words == "New progression, ECOG 2 or more, or rising (ECOG 1 → 2)"
    assert goals.prompt.days_open == 3
    step = NextStep.objects.get(patient=someone, closed_at__isnull=True)
    assert (step.what, step.owner_id, step.due_on) == (
        "Goals conversation: new progression, ECOG 2 or more, or rising",
        owner.pk,
        date(2026, 12, 23),
    )
    assert AuditEvent.objects.filter(action="goals.raise_prompts").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("status", [status for status in EnrollmentStatus if status != EnrollmentStatus.ACTIVE])
def test_raise_prompts_leaves_patients_out_of_care_alone(now: datetime, status: EnrollmentStatus) -> None:
    someone = patient(team(), status=status)
    assert commands.raise_prompts({someone.pk: [PD]}, now=now) == 0
    assert GoalsPrompt.objects.count() == 0


@pytest.mark.django_db
def test_raise_prompts_leaves_the_deceased_alone(now: datetime) -> None:
    someone = patient(team(), deceased_on=date(2026, 11, 1))
    assert commands.raise_prompts({someone.pk: [PD]}, now=now) == 0
    assert GoalsPrompt.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_raise_prompts_from_two_sides_at_once_keeps_one_live(now: datetime) -> None:
    someone = patient(team())
    barrier = threading.Barrier(4)
    reasons = [PD, ECOG, FoundReason(PromptReason.NEC, date(2026, 1, 1), "nec"), PD]

    def press(reason: FoundReason) -> None:
        barrier.wait()
        try:
            commands.raise_prompts({someone.pk: [reason]}, now=now)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[reason]) for reason in reasons]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert GoalsPrompt.objects.count() == 1
    assert sorted(GoalsPromptReason.objects.values_list("reason", flat=True)) == ["ecog", "nec", "progression"]
    assert NextStep.objects.count() == 1


@pytest.mark.django_db
def test_raise_prompts_needs_no_more_queries_for_many_patients(now: datetime) -> None:
    home = team()

    def queries(count: int) -> int:
        found = {patient(home).pk: [PD, ECOG] for _ in range(count)}
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert commands.raise_prompts(found, now=now) == count
        return len(captured)

    assert queries(1) == queries(20)


@pytest.mark.django_db
def test_defer_is_quiet_until_its_date(now: datetime) -> None:
    home = team()
    someone, nurse = patient(home), person(home, Role.NURSE_COORDINATOR)
    asked = prompt(someone)
    commands.defer(asked, reason=CloseReason.TOO_ILL, until=date(2026, 12, 7), by=nurse, now=now, note="Fever")
    assert commands.review_prompts(now=now + timedelta(days=13)) == 0
    commands.raise_prompts({someone.pk: [ECOG]}, now=now)  # news are kept, the date stays
    asked.refresh_from_db()
    assert (asked.status, asked.ask_again_on) == ("deferred", date(2026, 12, 7))
    step = NextStep.objects.get(patient=someone, closed_at__isnull=True)
    assert (step.what, step.due_on) == ("Ask again about goals", date(2026, 12, 7))
    assert commands.review_prompts(now=now + timedelta(days=14)) == 1
    asked.refresh_from_db()
    assert (asked.status, asked.raised_on) == ("open", date(2026, 12, 7))
    step.refresh_from_db()
    assert (step.what, step.due_on) == (
        "Goals conversation: new progression, ECOG 2 or more, or rising",
        date(2027, 1, 6),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("until", [None, date(2026, 11, 23), date(2026, 11, 1), date(2028, 1, 1)])
def test_defer_wants_a_date_within_a_year(now: datetime, until: date | None) -> None:
    home = team()
    asked = prompt(patient(home))
    with pytest.raises(ValidationError):
        commands.defer(asked, reason=CloseReason.TOO_ILL, until=until, by=person(home), now=now)


@pytest.mark.django_db
def test_decline_is_not_asked_again_before_ninety_days(now: datetime) -> None:
    home = team()
    someone, nurse = patient(home), person(home, Role.PALLIATIVE)
    asked = prompt(someone)
    with pytest.raises(ValidationError, match="after 90 days at the earliest: from 21 Feb 2027"):
        commands.decline(someone, until=date(2027, 2, 20), by=nurse, now=now)
    commands.decline(someone, until=date(2027, 2, 21), by=nurse, now=now, note="Not today, not this year.")
    for day in (1, 30, 89):
        commands.raise_prompts({someone.pk: [ECOG]}, now=now + timedelta(days=day))
        commands.review_prompts(now=now + timedelta(days=day))
        asked.refresh_from_db()
        assert asked.status == "declined"
    assert commands.review_prompts(now=now + timedelta(days=90)) == 1
    asked.refresh_from_db()
    assert asked.status == "open"


@pytest.mark.django_db
def test_decline_without_a_prompt_is_kept_for_its_date(now: datetime) -> None:
    home = team()
    someone = patient(home)
    kept = commands.decline(someone, until=date(2027, 3, 1), by=person(home), now=now)
    assert (kept.status, list(kept.reasons.values_list("reason", flat=True))) == ("declined", ["wish"])
    assert NextStep.objects.get(patient=someone).what == "Ask again about goals (patient declined)"


@pytest.mark.django_db
@pytest.mark.parametrize("reason", [CloseReason.TOO_ILL, CloseReason.DECEASED, CloseReason.LEFT_CARE, "nonsense"])
def test_close_prompt_only_for_reasons_that_end_it(now: datetime, reason: str) -> None:
    home = team()
    asked = prompt(patient(home))
    with pytest.raises(ValidationError):
        commands.close_prompt(asked, reason=reason, by=person(home), now=now)


@pytest.mark.django_db
def test_close_prompt_does_not_ask_the_same_source_again(now: datetime) -> None:
    home = team()
    someone = patient(home)
    commands.close_prompt(prompt(someone), reason=CloseReason.ALREADY_DISCUSSED, by=person(home), now=now)
    assert commands.raise_prompts({someone.pk: [PD]}, now=now) == 0
    assert commands.raise_prompts({someone.pk: [PD, ECOG]}, now=now) == 1
    assert NextStep.objects.filter(patient=someone, closed_at__isnull=True).count() == 1


@pytest.mark.django_db
def test_answering_a_prompt_that_changed_is_a_stale_edit(now: datetime) -> None:
    home = team()
    asked = prompt(patient(home))
    commands.defer(asked, reason=CloseReason.TOO_ILL, until=date(2026, 12, 7), by=person(home), now=now, version=1)
    with pytest.raises(StaleEdit):
        commands.close_prompt(asked, reason=CloseReason.ALREADY_DISCUSSED, by=person(home), now=now, version=1)


@pytest.mark.django_db
def test_answer_needs_the_right_in_the_owning_team(now: datetime) -> None:
    home = team()
    asked = prompt(patient(home))
    for somebody in (person(team(), Role.PALLIATIVE), person(home, Role.BOARD_COORDINATOR)):
        with pytest.raises(ValidationError):
            commands.defer(asked, reason=CloseReason.TOO_ILL, until=date(2026, 12, 7), by=somebody, now=now)
