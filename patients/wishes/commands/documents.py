"""Documents that speak for the patient: entered, corrected, revoked, replaced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from careteam.people.rules import Permission
from patients.record import commands as entries
from patients.record.commands.trail import record_about
from patients.record.models import Patient
from patients.wishes import policies
from patients.wishes.commands.conflicts import follow_conflicts
from patients.wishes.commands.wishes import locked
from patients.wishes.models import WishDocument
from patients.wishes.rules import DocumentState

if TYPE_CHECKING:
    from careteam.people.models import User

DOCUMENT = Permission.GOALS_DOCUMENT


@transaction.atomic
def add_document(patient: Patient, values: Mapping[str, Any], *, by: User, now: datetime) -> WishDocument:
    """Enters a document with what it says. Who enters that it was seen is who saw it."""
    patient = locked(patient.pk)
    given = {**values, "seen_by": by if values.get("seen_on") else None}
    row = entries.add_entry(patient, WishDocument, given, by=by, now=now, permission=DOCUMENT)
    follow_conflicts(patient, now=now)
    return row


@transaction.atomic
def change_document(
    document: WishDocument, values: Mapping[str, Any], *, version: int, by: User, now: datetime
) -> WishDocument:
    """Corrects what a document says. Raises `StaleEdit` when it was changed after the form was opened."""
    patient = locked(document.patient_id)
    given = dict(values)
    if given.get("seen_on") != document.seen_on:
        given["seen_by"] = by if given.get("seen_on") else None
    row = entries.change_entry(document, given, version=version, by=by, now=now, permission=DOCUMENT)
    follow_conflicts(patient, now=now)
    return row


@transaction.atomic
def move_document(
    document: WishDocument, to: DocumentState, *, note: str, on: date | None, version: int, by: User, now: datetime
) -> WishDocument:
    """Revoked or replaced, with who said so; or current again, when that was a mistake. Raises `StaleEdit`."""
    patient = locked(document.patient_id)
    current: WishDocument = WishDocument.objects.lock(document.pk, version=version)
    today = patient.team.local_date(now)
    insist(policies.why_not_move_document(current, to, patient, by, note=note, on=on, today=today))
    is_current = to == DocumentState.CURRENT
    current.state, current.state_on = to, None if is_current else on or today
    current.state_note = "" if is_current else note.strip()
    current.save_version("state", "state_on", "state_note")
    details = {"state": to}
    record_about(
        current, "wishes.move_document", by=by, now=now, team_id=patient.team_id, reason=note.strip(), details=details
    )
    follow_conflicts(patient, now=now)
    return current


@transaction.atomic
def document_in_error(document: WishDocument, *, reason: str, by: User, now: datetime) -> WishDocument:
    """Belongs to somebody else, or was never there: it and its files leave every list."""
    patient = locked(document.patient_id)
    row = entries.enter_in_error(document, reason=reason, by=by, now=now, permission=DOCUMENT)
    for file in row.files.valid():
        entries.enter_in_error(file, reason=reason, by=by, now=now, permission=DOCUMENT)
    follow_conflicts(patient, now=now)
    return row
