"""Permission and precondition of everything around palliative care. Empty list: allowed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission, Role
from patients.goals.policies import MINIMUM_REASON, why_not_document
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PALLIATIVE_REFERRAL_TRANSITIONS, PalliativeReferralStatus

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
