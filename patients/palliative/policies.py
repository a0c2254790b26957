"""Permission and precondition of everything around palliative care. Empty list: allowed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission, Role
from patients.goals.policies import MINIMUM_REASON, why_not_document
from patients.palliative.models import BereavementTask, CareNote, HospiceTransition, PalliativeReferral
from patients.palliative.queries import facts_of_transition, running_hospice
from patients.palliative.queries.notes import reads_confidential
from patients.palliative.rules import (
    BEREAVEMENT_TRANSITIONS,
    HOSPICE_TRANSITIONS,
    PALLIATIVE_REFERRAL_TRANSITIONS,
    BereavementStatus,
    HospiceStatus,
    PalliativeReferralStatus,
    hospice_sections,
)
from patients.record.policies import why_not_edit
from patients.record.rules import ContactScope

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def why_not_refer(
    patient: Patient, user: User, open_referral: PalliativeReferral | None, *, question: str
) -> list[str]:
    reasons = why_not_document(patient, user)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if open_referral is not None:
        reasons.append("The palliative team has been asked already; see its answer below the prompts.")
    if not question.strip():
        reasons.append("Say what the palliative team can help with.")
    return reasons


def is_palliative(user: User, team_id: int) -> bool:
    return Role.PALLIATIVE in access_of(user).roles.get(team_id, ())


def why_not_answer_referral(
    referral: PalliativeReferral,
    patient: Patient,
    user: User,
    status: PalliativeReferralStatus,
    *,
    answer: str,
    visit_on: date | None,
    today: date,
) -> list[str]:
    reasons = why_not_document(patient, user)
    if not is_palliative(user, patient.team_id):
        reasons += lacks(user, Permission.TEAM_MANAGE, patient.team_id, "Only the palliative team answers a referral.")
    now_is = PalliativeReferralStatus(referral.status)
    if status not in PALLIATIVE_REFERRAL_TRANSITIONS[now_is]:
        reasons.append(f"The referral is {now_is.label.lower()}; it cannot become {status.label.lower()}.")
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if status == PalliativeReferralStatus.ACCEPTED:
        if visit_on is None:
            reasons.append("Give the date of the first visit.")
        elif visit_on < today:
            reasons.append("The date of the visit lies in the past.")
    if status == PalliativeReferralStatus.SEEN and visit_on is not None and visit_on > today:
        reasons.append("The date of the visit lies in the future.")
    if status == PalliativeReferralStatus.DECLINED and len(answer.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why, and who looks after the patient instead.")
    return reasons


def disciplines_of(user: User, team_id: int) -> tuple[str, ...]:
    """The roles in which the person may add a note: theirs in the patient's team."""
    return tuple(access_of(user).roles.get(team_id, ()))


def why_not_note(patient: Patient, user: User, *, discipline: str | None = None) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if discipline is not None and discipline not in disciplines_of(user, patient.team_id):
        reasons.append("Choose one of your own roles in the patient's team.")
    return reasons


def why_not_supplement(note: CareNote, patient: Patient, user: User) -> list[str]:
    reasons = why_not_note(patient, user)
    if not reads_confidential(user, patient.team_id) and note.is_confidential and note.author_id != user.pk:
        reasons.append("This note is confidential.")
    if note.error_at is not None:
        reasons.append("This note was entered in error; nothing is added to it.")
    if note.supplements_id is not None:
        reasons.append("Add to the note itself, not to its supplement.")
    return reasons


def why_not_note_error(note: CareNote, patient: Patient, user: User, *, reason: str) -> list[str]:
    """By its author or the palliative team; a confidential one by somebody who reads it."""
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if note.author_id != user.pk and not is_palliative(user, patient.team_id):
        reasons.append("Its author or the palliative team marks a note as entered in error.")
    if note.error_at is not None:
        reasons.append("This note was marked as entered in error already.")
    if len(reason.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence what was wrong.")
    return reasons


def why_not_strain(patient: Patient, user: User, *, asked_on: date, today: date) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if asked_on > today:
        reasons.append("The day lies in the future.")
    if patient.is_deceased:
        reasons.append("The patient has died: see the bereavement follow-up.")
    return reasons


def why_not_prepare_hospice(patient: Patient, user: User) -> list[str]:
    """Filling in the step into hospice: everybody who documents care."""
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    elif not patient.is_in_care:
        reasons.append("Take the patient into care first.")
    return reasons


def why_not_change_hospice(row: HospiceTransition, patient: Patient, user: User) -> list[str]:
    reasons = why_not_prepare_hospice(patient, user)
    if row.status != HospiceStatus.PREPARING:
        reasons.append(f"This step is over: {row.get_status_display().lower()}. What was written stays.")
    return reasons


def why_not_finish_hospice(row: HospiceTransition, patient: Patient, user: User, *, today: date) -> list[str]:
    """Every section complete, the day has come, and somebody who may start hospice."""
    reasons = why_not_edit(patient, user, Permission.HOSPICE_START)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if HospiceStatus.STARTED not in HOSPICE_TRANSITIONS[HospiceStatus(row.status)]:
        reasons.append(f"This step is over: {row.get_status_display().lower()}.")
    lacking = [each for each in hospice_sections(facts_of_transition(row), today) if not each.is_done]
    return reasons + [f"{each.title}: {each.lacks}." for each in lacking]


def why_not_cancel_hospice(row: HospiceTransition, patient: Patient, user: User, *, reason: str) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if HospiceStatus.CANCELLED not in HOSPICE_TRANSITIONS[HospiceStatus(row.status)]:
        reasons.append(f"This step is over: {row.get_status_display().lower()}.")
    if len(reason.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why.")
    return reasons


def why_not_leave_hospice(patient: Patient, user: User, *, reason: str) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.HOSPICE_START)
    if running_hospice(patient.pk) is None:
        reasons.append("No hospice care runs.")
    if len(reason.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why.")
    return reasons


def why_not_plan_bereavement(patient: Patient, user: User | None) -> list[str]:
    reasons = [] if user is None else why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if user is not None and not is_palliative(user, patient.team_id):
        reasons += lacks(user, Permission.TEAM_MANAGE, patient.team_id, "The palliative team plans it.")
    if not patient.is_deceased:
        reasons.append("The patient is alive.")
    return reasons


def why_not_answer_bereavement(
    task: BereavementTask, patient: Patient, user: User, to: BereavementStatus, *, note: str
) -> list[str]:
    reasons = why_not_plan_bereavement(patient, user)
    now_is = BereavementStatus(task.status)
    if to not in BEREAVEMENT_TRANSITIONS[now_is]:
        reasons.append(f"This is {now_is.label.lower()} already.")
    if to == BereavementStatus.DONE and (task.contact.error_at or task.contact.scope != ContactScope.ALL):
        reasons.append(f"{task.contact} is no longer among those who may be told. Say why it is not done.")
    if to == BereavementStatus.DECLINED and len(note.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why.")
    return reasons
