"""Contact attempts, so that nobody is called five times."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock
from patients.imaging.models import ContactAttempt, ImagingStudy
from patients.imaging.rules import ContactKind, ContactOutcome, unanswered

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def log_contact(
    study: ImagingStudy,
    *,
    kind: ContactKind,
    outcome: ContactOutcome,
    by: User,
    now: datetime,
    at: datetime | None = None,
    note: str = "",
    next_try_on: date | None = None,
) -> ContactAttempt:
    """Logs a call, letter or message about an outstanding study, with what came of it."""
    study = lock(study)
    insist(policies.why_not_contact(study, by, at=at or now, now=now))
    attempt = ContactAttempt.objects.create(
        patient_id=study.patient_id,
        study=study,
        at=at or now,
        kind=kind,
        outcome=outcome,
        note=note.strip(),
        next_try_on=next_try_on,
        created_by=by,
    )
    _repeat(study)
    audit("log_contact", study, by=by, now=now, kind=str(kind), outcome=str(outcome))
    return attempt


@transaction.atomic
def undo_contact(attempt: ContactAttempt, *, by: User, now: datetime) -> ContactAttempt:
    """Takes back an attempt that was logged by mistake; it stays in the history."""
    return _take_back(attempt, "Undone", by=by, now=now, reasons=_not_own(attempt, by))


@transaction.atomic
def withdraw_contact(attempt: ContactAttempt, *, reason: str, by: User, now: datetime) -> ContactAttempt:
    """Says why an attempt that stands in the list did not happen after all (a letter that was not sent). Whoever works
    on the study may: the letter may lie on another desk by then."""
    reasons = policies.why_not_withdraw_contact(attempt.patient, by, reason)
    return _take_back(attempt, reason.strip(), by=by, now=now, reasons=reasons)


def _not_own(attempt: ContactAttempt, by: User) -> list[str]:
    return [] if attempt.created_by_id == by.pk else ["Only whoever logged it takes it back."]


def _take_back(attempt: ContactAttempt, reason: str, *, by: User, now: datetime, reasons: list[str]) -> ContactAttempt:
    row: ContactAttempt = ContactAttempt.objects.select_related("patient", "study").lock(attempt.pk)
    insist(reasons)
    if row.error_at is None:
        row.error_at, row.error_by, row.error_reason = now, by, reason
        row.save_version("error_at", "error_by", "error_reason")
        if row.study is not None:
            _repeat(lock(row.study))
        record(
            "imaging.undo_contact",
            by=by,
            now=now,
            subject=row,
            patient_ids=[row.patient_id],
            team_id=row.patient.team_id,
        )
    return row


def _repeat(study: ImagingStudy) -> None:
    """The study repeats the next try of its latest attempt and how many went unanswered, for order and filter of the
    worklist. Not an edit of the study: an open form stays valid, so the version stays."""
    rows = list(ContactAttempt.objects.valid().filter(study=study).order_by("-at", "-pk"))
    ImagingStudy.objects.filter(pk=study.pk).update(
        next_try_on=rows[0].next_try_on if rows else None,
        unanswered=unanswered((row.kind, row.outcome) for row in rows),
    )
