"""Saying and ending wishes outside of a conversation, documents, contradictions as work."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.queries import goals_of
from patients.record import commands as record
from patients.record.models import CareTeamMember, NextStep, Patient, PatientContact, StaleEdit
from patients.wishes import commands
from patients.wishes.models import Wish, WishConflictAnswer
from patients.wishes.queries import conflicts_of, holding
from patients.wishes.rules import DocumentState, EndReason, ProcedureCodeStatus
from tests.factories import NOW, line, patient, person, team
from tests.factories.wishes import document, wish

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def author() -> User:
    return person(team(), Role.PALLIATIVE)


@pytest.fixture
def someone(author: User) -> Patient:
    return patient(author.memberships.get().team)


def step(someone: Patient) -> NextStep | None:
    return NextStep.objects.filter(patient=someone, source_key="wishes", closed_at__isnull=True).first()


def test_a_newer_wish_ends_the_older_and_says_who(someone: Patient, author: User) -> None:
    first = wish(someone, author, code="dnr")
    second = wish(someone, author, code="full", version=first.version, since=TODAY, origin="by phone")
    first.refresh_from_db()
    assert (first.end_reason, first.replaced_by, first.ended_on, first.ended_by) == ("replaced", second, TODAY, author)
    (now,) = holding(someone.pk, TODAY)
    assert (now.text, now.by, now.said_by) == ("Full", f"{author}, by phone", "said by the patient")
    assert AuditEvent.objects.filter(action="wishes.say").count() == 2


def test_a_form_opened_on_an_older_wish_is_stale(someone: Patient, author: User) -> None:
    first = wish(someone, author, code="dnr")
    second = wish(someone, author, code="dni", version=first.version)
    for opened in (0, first.version):
        with pytest.raises(StaleEdit) as stale:
            wish(someone, author, code="full", version=opened)
        assert stale.value.current == second
    commands.end_wish(second, reason=EndReason.CHANGED_MIND, on=TODAY, version=second.version, by=author, now=NOW)
    third = wish(someone, author, code="full")
    assert third.version not in {first.version, second.version}


def test_what_was_said_earlier_goes_into_the_history(someone: Patient, author: User) -> None:
    held = wish(someone, author, code="dnr", since=date(2026, 11, 20))
    older = wish(someone, author, code="full", since=date(2026, 11, 1), version=held.version)
    assert (older.ended_on, older.replaced_by) == (held.since, held)
    assert goals_of(someone.pk, TODAY).code_status == "dnr"


def test_ending_leaves_nothing_in_its_place_and_error_brings_back(someone: Patient, author: User) -> None:
    first = wish(someone, author, code="full")
    second = wish(someone, author, code="dnr", version=first.version)
    commands.withdraw(second, reason="Wrong click", by=author, now=NOW)
    assert goals_of(someone.pk, TODAY).code_status == "full"
    first.refresh_from_db()
    with pytest.raises(ValidationError, match="Say in a sentence why"):
        commands.end_wish(first, reason=EndReason.OTHER, on=TODAY, version=first.version, by=author, now=NOW)
    commands.end_wish(first, reason=EndReason.CHANGED_MIND, on=TODAY, version=first.version, by=author, now=NOW)
    assert goals_of(someone.pk, TODAY).code_status == ""


def test_limits_stand_beside_each_other(someone: Patient, author: User) -> None:
    wish(someone, author, "limit", "no_icu")
    wish(someone, author, "limit", "no_dialysis")
    wish(someone, author, "limit", "other", words="No helicopter")
    wish(someone, author, "limit", "no_icu", since=TODAY)
    assert goals_of(someone.pk, TODAY).treatment_limits == "No dialysis; No helicopter; No intensive care"
    assert Wish.objects.filter(code="no_icu").count() == 2


def test_only_who_may_document_goals_writes(someone: Patient, author: User) -> None:
    other = person(someone.team, Role.AUDITOR)
    with pytest.raises(ValidationError, match="Your roles"):
        wish(someone, other)


def test_a_contradiction_is_work_until_it_is_settled(someone: Patient, author: User) -> None:
    doctor = person(someone.team, Role.ONCOLOGIST)
    CareTeamMember.objects.create(patient=someone, role="oncologist", person=doctor, is_responsible=True)
    wish(someone, author, code="full")
    limit = wish(someone, author, "limit", "no_icu")
    asked = step(someone)
    assert asked is not None
    assert (asked.owner, asked.what) == (doctor, "Wishes contradict: full code, and a limit that excludes it")
    assert goals_of(someone.pk, TODAY).contradiction == asked.what
    commands.end_wish(limit, reason=EndReason.NO_LONGER, on=TODAY, version=limit.version, by=author, now=NOW)
    assert step(someone) is None
    assert goals_of(someone.pk, TODAY).contradiction == ""


def test_both_hold_because_and_asked_again_when_a_side_changes(someone: Patient, author: User) -> None:
    code = wish(someone, author, code="full")
    wish(someone, author, "limit", "no_icu")
    (found,) = conflicts_of(someone.pk, TODAY)
    with pytest.raises(ValidationError, match="why both hold"):
        commands.answer_conflict(someone, found.conflict.fingerprint, because="x", by=author, now=NOW)
    answer = commands.answer_conflict(
        someone, found.conflict.fingerprint, because="Full on the ward, never a ventilator.", by=author, now=NOW
    )
    again = commands.answer_conflict(
        someone, found.conflict.fingerprint, because="A second answer, too late.", by=author, now=NOW
    )
    assert (again, WishConflictAnswer.objects.count(), step(someone)) == (answer, 1, None)
    wish(someone, author, code="full", since=TODAY, version=code.version)
    assert step(someone) is not None
    with pytest.raises(ValidationError, match="no longer there"):
        commands.answer_conflict(
            someone, found.conflict.fingerprint, because="The old question once more", by=author, now=NOW
        )


def test_a_document_is_compared_and_its_end_asks_about_what_rests_on_it(someone: Patient, author: User) -> None:
    paper = document(someone, author, signed_on=date(2026, 10, 1), code_status="dnr", seen_on=TODAY)
    assert paper.seen_by == author
    said = wish(someone, author, code="full", document=None)
    assert step(someone) is not None
    wish(someone, author, code="dnr", version=said.version, document=paper, said_by="document")
    assert step(someone) is None
    paper.refresh_from_db()
    commands.move_document(
        paper,
        DocumentState.REVOKED,
        note="Torn up by the patient",
        on=TODAY,
        version=paper.version,
        by=author,
        now=NOW,
    )
    (found,) = conflicts_of(someone.pk, TODAY)
    assert found.conflict.kind == "rests_on_ended"
    paper.refresh_from_db()
    commands.move_document(
        paper, DocumentState.CURRENT, note="The copy was torn", on=None, version=paper.version, by=author, now=NOW
    )
    assert conflicts_of(someone.pk, TODAY) == []


def test_a_document_that_expires_is_noticed_by_the_day(someone: Patient, author: User) -> None:
    paper = document(someone, author, code_status="dnr", valid_until=TODAY)
    wish(someone, author, code="dnr", document=paper)
    assert (commands.follow_expired(now=NOW), step(someone)) == (0, None)
    assert commands.follow_expired(now=NOW + timedelta(days=1)) == 1
    assert step(someone) is not None


def test_a_proxy_who_must_not_be_told_is_noticed_when_the_contact_is_saved(
    someone: Patient, django_capture_on_commit_callbacks: object
) -> None:
    nurse = person(someone.team, Role.NURSE_COORDINATOR)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        contact = record.add_entry(
            someone,
            PatientContact,
            {"name": "Jan", "scope": "none", "is_proxy": True, "proxy_document_seen": True},
            by=nurse,
            now=NOW,
        )
    asked = step(someone)
    assert asked is not None
    assert asked.what == "Wishes contradict: the proxy must not be told"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        record.enter_in_error(contact, reason="Another Jan", by=nurse, now=NOW)
    assert step(someone) is None


def test_nothing_is_asked_for_the_dead(someone: Patient, author: User) -> None:
    someone.deceased_on = TODAY
    someone.save()
    with pytest.raises(ValidationError, match="has died"):
        wish(someone, author)


# --- before a procedure ----------------------------------------------------------------------------------------------


def test_a_review_stands_until_what_was_reviewed_changes(someone: Patient, author: User) -> None:
    planned = line(someone, modality="prrt", status="planned", planned_on=TODAY + timedelta(days=9))
    with pytest.raises(ValidationError, match="nothing to review"):
        commands.review_for_procedure(planned, outcome=ProcedureCodeStatus.STAYS, on=TODAY, by=author, now=NOW)
    wish(someone, author, code="dnr")
    kept = commands.review_for_procedure(
        planned, outcome=ProcedureCodeStatus.SUSPENDED, on=TODAY, words="until awake", by=author, now=NOW
    )
    assert (kept.shown, goals_of(someone.pk, TODAY).reviewed_lines) == ("DNR", {planned.pk})
    wish(someone, author, "limit", "no_icu")
    assert goals_of(someone.pk, TODAY).reviewed_lines == set()


def test_a_review_is_for_procedures_that_lie_ahead(someone: Patient, author: User) -> None:
    wish(someone, author, code="dnr")
    with pytest.raises(ValidationError, match="ablation and surgery only"):
        commands.review_for_procedure(line(someone), outcome=ProcedureCodeStatus.STAYS, on=TODAY, by=author, now=NOW)
