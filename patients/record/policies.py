"""Permission and precondition of every change to the record. Empty list: allowed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import may
from careteam.people.rules import Permission
from patients.record.models import Encounter, Enrollment, NextStep, Patient, SymptomAssessment
from patients.record.rules import ENROLLMENT_TRANSITIONS, OWN_STEP, EnrollmentStatus
from patients.record.rules.visits import VISIT_TRANSITIONS, VisitStatus, visit_status

if TYPE_CHECKING:
    from careteam.people.models import User


def why_not_edit(patient: Patient, user: User, permission: Permission = Permission.PATIENT_EDIT) -> list[str]:
    """The person must hold the right in the owning team; a merged row is read-only."""
    reasons = lacks(user, permission, patient.team_id, "Your roles in the patient's team do not include this change.")
    if patient.merged_into_id is not None:
        reasons.append("This record was merged into another one. Open the other one.")
    return reasons


def why_not_answer_symptoms(row: SymptomAssessment, patient: Patient, user: User) -> list[str]:
    """Once, by somebody who may write in this record."""
    reasons = why_not_edit(patient, user)
    if row.error_at is not None:
        reasons.append("This entry was marked as entered in error.")
    if row.answered_at is not None:
        reasons.append("Somebody has answered this already.")
    return reasons


def why_not_enroll(
    patient: Patient,
    current: Enrollment | None,
    status: EnrollmentStatus,
    user: User | None,
    *,
    on: date,
    reason: str,
    ask_again_on: date | None,
) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.PATIENT_ENROLL) if user is not None else []
    if current is not None:
        now_is = EnrollmentStatus(current.status)
        if status == now_is:
            reasons.append(f"The patient is already: {now_is.label.lower()}.")
        elif status not in ENROLLMENT_TRANSITIONS[now_is]:
            reasons.append(f"From “{now_is.label}” the patient cannot go to “{status.label}”.")
        if on < current.started_on:
            reasons.append(f"The present state began on {current.started_on:%d %b %Y}; choose that day or a later one.")
    if status != EnrollmentStatus.DECEASED and patient.deceased_on is not None:
        reasons.append("The patient has died. If that was recorded by mistake, take the death back first.")
    if status in {EnrollmentStatus.DECLINED, EnrollmentStatus.DISCHARGED, EnrollmentStatus.TRANSFERRED} and not reason:
        reasons.append("Say why.")
    if status == EnrollmentStatus.DECLINED and ask_again_on is None:
        reasons.append("Choose a date to ask again.")
    return reasons


def why_not_record_death(patient: Patient, on: date, user: User | None, *, today: date) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.PATIENT_EDIT) if user is not None else []
    if on > today:
        reasons.append("The date of death lies in the future.")
    if patient.birth_date and on < patient.birth_date:
        reasons.append("The date of death lies before the birth date.")
    return reasons


def why_not_withdraw_death(patient: Patient, user: User, *, reason: str) -> list[str]:
    """Who may record a death takes it back, with a word on what was wrong."""
    reasons = why_not_edit(patient, user)
    if not patient.is_deceased:
        reasons.append("No death is recorded.")
    return reasons if reason.strip() else [*reasons, "Say what was wrong."]


def why_not_book_visit(
    patient: Patient, user: User, *, at: datetime | None = None, now: datetime | None = None
) -> list[str]:
    """Who edits the record books visits, for the living, at a moment to come."""
    reasons = why_not_edit(patient, user)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if at is not None and now is not None and at < now:
        reasons.append("The moment lies in the past. A visit that was is an entry of the record.")
    return reasons


def why_not_close_visit(visit: Encounter, to: VisitStatus, user: User, *, now: datetime) -> list[str]:
    """Came, did not come, canceled; `to` BOOKED takes that back."""
    reasons = why_not_edit(visit.patient, user)
    now_is = visit_status(visit.status)
    if to not in VISIT_TRANSITIONS[now_is]:
        reasons.append(f"Already noted: {now_is.label.lower()}.")
    local = visit.patient.team.local_date
    if to in {VisitStatus.CAME, VisitStatus.NO_SHOW} and local(visit.starts_at) > local(now):
        reasons.append("The day of the visit has not come yet.")
    return reasons


def why_not_set_step(
    patient: Patient, user: User, *, what: str = "x", owner: User | None = None, due_on: date | None, today: date
) -> list[str]:
    """For patients in care; the owner works in the team, the day is not over."""
    reasons = why_not_edit(patient, user)
    if not patient.is_in_care:
        reasons.append("The patient is not in your care: nothing is asked for them.")
    if not what.strip():
        reasons.append("Say what comes next.")
    if owner is not None and not may(owner, Permission.PATIENT_VIEW, patient.team_id):
        reasons.append(f"{owner} does not work with the patient's team.")
    if due_on is not None and due_on < today:
        reasons.append("The day lies in the past. Choose today or later.")
    return reasons


def why_not_finish_step(step: NextStep, user: User) -> list[str]:
    """Steps that a person set, once; a step of other work closes with that work."""
    reasons = why_not_edit(step.patient, user)
    if not step.source_key.startswith(f"{OWN_STEP}:"):
        reasons.append("This step closes with the work behind it.")
    if step.closed_at is not None:
        reasons.append("Somebody has finished this step already.")
    return reasons
