"""Signing: once, by its author, for good."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, connections, transaction

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.forms import ConversationForm
from patients.goals.models import GoalsAddendum, GoalsConversation, GoalsDraft, GoalsPrompt, TradeOff
from patients.goals.queries import goals_of
from patients.goals.rules import FoundReason, PromptReason
from patients.record.models import NextStep, StaleEdit
from tests.factories import patient, person, team
from tests.factories.goals import conversation, draft, prompt, sign_draft, typed


@pytest.mark.django_db
def test_sign_makes_the_draft_permanent_and_answers_the_prompt(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    asked = prompt(someone)
    signed = conversation(someone, author)
    asked.refresh_from_db()
    assert (asked.status, asked.answered_by_id) == ("answered", signed.pk)
    assert NextStep.objects.filter(patient=someone, closed_at__isnull=True).count() == 0
    assert GoalsDraft.objects.count() == 0
    assert (signed.held_on, signed.matters, signed.code_status_on) == (
        date(2026, 11, 20),
        ["home", "clear_head"],
        date(2026, 11, 20),
    )
    assert [row.words for row in signed.trade_offs.all()] == ["Hospital nights for treatment, > 1, not accepted"]
    assert Event.objects.get(kind="goals.signed").subject_id == signed.pk
    assert AuditEvent.objects.get(action="goals.sign").patient_ids == [someone.pk]


@pytest.mark.django_db
def test_a_conversation_written_up_late_answers_nothing_that_happened_after_it(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    found = [
        FoundReason(PromptReason.PROGRESSION, date(2026, 11, 22), "status:1"),
        FoundReason(PromptReason.STAGE_IV, date(2026, 11, 22), "stage_iv"),
    ]
    commands.raise_prompts({someone.pk: found}, now=now)
    conversation(someone, author)  # held on the 20th
    live = GoalsPrompt.objects.get(patient=someone, status="open")
    assert [row.reason for row in live.reasons.all()] == ["progression"]
    conversation(someone, author, held_on="2026-11-23")
    assert set(GoalsPrompt.objects.filter(patient=someone).values_list("status", flat=True)) == {"answered"}
    commands.raise_prompts({someone.pk: found}, now=now)
    assert not GoalsPrompt.objects.filter(patient=someone, status="open").exists()


@pytest.mark.django_db
def test_sign_twice_gives_one_conversation(now: datetime) -> None:
    home = team()
    row = draft(patient(home), person(home, Role.PALLIATIVE))
    first, second = sign_draft(row), sign_draft(row)
    assert first.pk == second.pk
    assert GoalsConversation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sign_twice_at_the_same_moment_gives_one_conversation(now: datetime) -> None:
    home = team()
    row = draft(patient(home), person(home, Role.PALLIATIVE))
    barrier = threading.Barrier(2)
    signed: list[int] = []

    def press() -> None:
        mine = GoalsDraft(pk=row.pk, content=row.content, version=row.version, submission=row.submission)
        mine.patient, mine.author = row.patient, row.author
        barrier.wait()
        try:
            signed.append(sign_draft(mine).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 2
    assert GoalsConversation.objects.count() == 1
    assert set(signed) == {GoalsConversation.objects.get().pk}


@pytest.mark.django_db
def test_sign_refuses_a_draft_that_changed_meanwhile(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    opened = draft(someone, author)
    commands.save_draft(someone, typed(quote="newer"), tab=opened.tab, version=1, by=author, now=now)
    with pytest.raises(StaleEdit) as stale:
        sign_draft(opened)
    assert stale.value.current.content["quote"] == "newer"
    assert GoalsConversation.objects.count() == 0


@pytest.mark.django_db
def test_sign_supersedes_the_version_before_and_keeps_a_code_status_that_was_not_touched(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    first = conversation(someone, author, now=now - timedelta(days=40), held_on="2026-10-10")
    second = conversation(someone, author, code_status="", information_preference="")
    first.refresh_from_db()
    assert (first.status, second.status, second.supersedes_id) == ("superseded", "signed", first.pk)
    goals = goals_of(someone.pk, now.date())
    assert (goals.conversation_id, goals.code_status, goals.code_status_on, goals.information_preference) == (
        second.pk,
        "dnr",
        date(2026, 10, 10),
        "big_picture",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("held_on", "deceased_on", "message"),
    [
        ("2026-11-24", None, "lies in the future"),
        ("1950-01-01", None, "before the birth date"),
        ("2026-11-20", date(2026, 11, 1), "died on 01 Nov 2026"),
    ],
)
def test_sign_refuses_days_that_cannot_be(now: datetime, held_on: str, deceased_on: date | None, message: str) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    row = draft(someone, author, held_on=held_on)
    someone.deceased_on = deceased_on
    someone.save()
    form = ConversationForm.bound(row.content, today=date(2030, 1, 1))
    assert form.is_valid()
    with pytest.raises(ValidationError, match=message):
        commands.sign(
            someone,
            values=form.values,
            trade_offs=form.trade_offs,
            submission=row.submission,
            version=row.version,
            by=author,
            now=now,
        )
    assert GoalsDraft.objects.count() == 1


@pytest.mark.django_db
def test_sign_refuses_an_older_talk_than_the_signed_one(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    conversation(someone, author, held_on="2026-11-20")
    with pytest.raises(ValidationError, match="already signed and is newer"):
        conversation(someone, author, held_on="2026-11-01")


@pytest.mark.django_db
def test_sign_is_not_for_those_who_only_document(now: datetime) -> None:
    home = team()
    row = draft(patient(home), person(home, Role.NURSE_COORDINATOR))
    with pytest.raises(ValidationError, match="do not include this change"):
        sign_draft(row)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patients_goalsconversation SET quote = 'otherwise' WHERE id = %s",
        "UPDATE patients_goalsconversation SET signed_by_id = signed_by_id + 1 WHERE id = %s",
        "UPDATE patients_goalsconversation SET patient_id = patient_id + 1 WHERE id = %s",
        "DELETE FROM patients_goalsconversation WHERE id = %s",
        "UPDATE patients_tradeoff SET more_than = 9 WHERE conversation_id = %s",
        "DELETE FROM patients_tradeoff WHERE conversation_id = %s",
        "UPDATE patients_goalsaddendum SET text = 'otherwise' WHERE conversation_id = %s",
        "DELETE FROM patients_goalsaddendum WHERE conversation_id = %s",
    ],
)
def test_signed_text_cannot_be_changed_by_raw_sql(now: datetime, statement: str) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    signed = conversation(patient(home), author)
    commands.add_addendum(signed, text="Her son was there too.", by=author, now=now)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [signed.pk])
    signed.refresh_from_db()
    assert (signed.quote, TradeOff.objects.get().more_than, GoalsAddendum.objects.get().text) == (
        "At home, not in a hospital bed.",
        1,
        "Her son was there too.",
    )


@pytest.mark.django_db
def test_retracted_conversation_cannot_be_revived_by_raw_sql(now: datetime) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    signed = conversation(patient(home), author)
    commands.retract(signed, reason="Entered at the wrong patient.", by=author, now=now)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE patients_goalsconversation SET status = 'signed' WHERE id = %s", [signed.pk])


@pytest.mark.django_db
def test_addendum_stands_beside_the_text_once(now: datetime) -> None:
    home = team()
    author = person(home, Role.ONCOLOGIST)
    signed = conversation(patient(home), author)
    for _ in range(2):
        commands.add_addendum(signed, text=" Her son was there too. ", by=author, now=now)
    assert list(GoalsAddendum.objects.values_list("text", flat=True)) == ["Her son was there too."]


@pytest.mark.django_db
def test_retract_brings_back_the_version_before_and_asks_again(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    first = conversation(someone, author, now=now - timedelta(days=40), held_on="2026-10-10", quote="first")
    asked = prompt(someone, PromptReason.PROGRESSION)
    wrong = conversation(someone, author, quote="somebody else")
    commands.retract(wrong, reason="Belongs to the patient next door.", by=author, now=now)
    goals = goals_of(someone.pk, now.date())
    assert (goals.conversation_id, goals.quote) == (first.pk, "“first”")
    assert goals.prompt is not None
    assert goals.prompt.prompt_id != asked.pk
    assert [reason.reason for reason in goals.prompt.reasons] == ["progression"]
    assert GoalsPrompt.objects.filter(patient=someone).count() == 2
    assert AuditEvent.objects.get(action="goals.retract").reason == "Belongs to the patient next door."


@pytest.mark.django_db
def test_retract_wants_a_reason_and_happens_once(now: datetime) -> None:
    home = team()
    author = person(home, Role.PALLIATIVE)
    signed = conversation(patient(home), author)
    with pytest.raises(ValidationError, match="Say in a sentence"):
        commands.retract(signed, reason="oops", by=author, now=now)
    commands.retract(signed, reason="Entered at the wrong patient.", by=author, now=now)
    with pytest.raises(ValidationError, match="retracted already"):
        commands.retract(signed, reason="Entered at the wrong patient.", by=author, now=now)


@pytest.mark.django_db
def test_a_talk_written_up_late_lifts_neither_what_the_patient_declined_since_nor_the_plan(now: datetime) -> None:
    home = team()
    someone, author = patient(home), person(home, Role.PALLIATIVE)
    asked = prompt(someone, PromptReason.STAGE_IV, key="stage_iv")
    news = FoundReason(PromptReason.PROGRESSION, date(2026, 11, 22), "status:9")
    commands.raise_prompts({someone.pk: [news]}, now=now)
    commands.decline(someone, until=date(2027, 3, 1), by=author, now=now)
    talk = conversation(someone, author, held_on="2026-11-20")
    asked.refresh_from_db()
    assert (asked.status, [row.reason for row in asked.reasons.all()]) == ("declined", ["progression"])
    answered = GoalsPrompt.objects.get(answered_by=talk)
    assert (answered.status, [row.reason for row in answered.reasons.all()]) == ("answered", ["stage_iv"])
    commands.retract(talk, reason="Belongs to the patient next door.", by=author, now=now)
    assert sorted(row.reason for row in asked.reasons.all()) == ["progression", "stage_iv"]
