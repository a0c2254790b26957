"""Permission and precondition of what is written about wishes. Empty list: allowed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from careteam.people.rules import Permission
from patients.record.policies import why_not_edit
from patients.treatment.rules import OPEN_STATUSES
from patients.wishes.models import DocumentFile, Wish, WishDocument
from patients.wishes.rules import (
    DOCUMENT_TRANSITIONS,
    NOT_SERVED,
    PROCEDURES,
    SERVED,
    DocumentState,
    EndReason,
    ProcedureCodeStatus,
    Said,
    problems,
)

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient
    from patients.treatment.models import TreatmentLine

MINIMUM_REASON = 10  # characters of a reason in own words


def why_not_document(patient: Patient, user: User) -> list[str]:
    """Writing wishes, documents and reviews."""
    return why_not_edit(patient, user, Permission.GOALS_DOCUMENT)


def why_not_wish(
    patient: Patient, user: User, said: Said, *, since: date, until: date | None, today: date
) -> list[str]:
    reasons = why_not_document(patient, user)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons + problems(said, since=since, until=until, today=today, born=patient.birth_date)


def why_not_end(
    wish: Wish, patient: Patient, user: User, *, reason: str, note: str, on: date, today: date
) -> list[str]:
    reasons = why_not_document(patient, user)
    if wish.ended_on is not None or wish.error_at is not None:
        reasons.append("This wish was ended already.")
    if reason not in EndReason.values or reason == EndReason.REPLACED:
        reasons.append("Choose a reason.")
    elif reason == EndReason.OTHER and len(note.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why.")
    if on > today:
        reasons.append("The day lies in the future.")
    if on < wish.since:
        reasons.append("It cannot end before it was said.")
    return reasons


def why_not_take_back(wish: Wish, patient: Patient, user: User, *, reason: str) -> list[str]:
    """Entered in error: a typing mistake. What a signed conversation says is taken back with the conversation."""
    reasons = why_not_document(patient, user)
    if wish.error_at is not None:
        reasons.append("This wish was marked as entered in error already.")
    if wish.conversation_id is not None:
        reasons.append("A signed conversation says this. End it with a reason, or add what is right.")
    if not reason.strip():
        reasons.append("Say what was wrong.")
    return reasons


def why_not_move_document(
    document: WishDocument, to: DocumentState, patient: Patient, user: User, *, note: str, on: date | None, today: date
) -> list[str]:
    reasons = why_not_document(patient, user)
    now_is = DocumentState(document.state)
    if to not in DOCUMENT_TRANSITIONS[now_is]:
        reasons.append(f"The document is {now_is.label.lower()}; it cannot become {to.label.lower()}.")
    if not note.strip():
        reasons.append("Say why, and who said so.")
    if on is not None and on > today:
        reasons.append("The day lies in the future.")
    return reasons


def why_not_read_file(file: DocumentFile) -> list[str]:
    """Why a stored file is handed to nobody now."""
    if file.error_at is not None:
        return ["This file was marked as entered in error."]
    if file.scan not in SERVED:
        return [NOT_SERVED[file.scan]]
    return []


def why_not_review(
    line: TreatmentLine, patient: Patient, user: User, *, outcome: str, on: date, today: date, has_limits: bool
) -> list[str]:
    """Reviewing code status and limits for a procedure that lies ahead."""
    reasons = why_not_document(patient, user)
    if line.status not in OPEN_STATUSES:
        reasons.append("This treatment has ended.")
    if line.modality not in PROCEDURES:
        reasons.append("This is reviewed before PRRT, embolization, ablation and surgery only.")
    if not has_limits:
        reasons.append("Neither DNR or DNI nor a limit is on record: there is nothing to review.")
    if outcome not in ProcedureCodeStatus.values:
        reasons.append("Choose what holds during the procedure.")
    if on > today:
        reasons.append("The day of the talk lies in the future.")
    return reasons


def why_not_answer_conflict(patient: Patient, user: User, *, because: str) -> list[str]:
    reasons = why_not_document(patient, user)
    if len(because.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why both hold.")
    return reasons
