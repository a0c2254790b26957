"""May this person answer this prompt, with this answer? Take an answer back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.people.rules import Permission
from patients.guidance.rules import Prompt
from patients.guidance.rules.answers import Answer
from patients.record.policies import why_not_edit

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.guidance.models import GuidanceAnswer
    from patients.record.models import Patient

MINIMUM_REASON = 5


def why_not_answer(
    patient: Patient, user: User, prompt: Prompt | None, *, fingerprint: str, answer: str, reason: str
) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.GUIDANCE_ANSWER)
    if prompt is None or prompt.fingerprint != fingerprint:
        reasons.append("The values behind this prompt have changed since. Read it again.")
    elif prompt.points_to:
        reasons.append("This prompt is answered at the goals prompt.")
    if answer not in Answer.values:
        reasons.append("Choose an answer.")
    if answer == Answer.NOT_APPLICABLE and len(reason.strip()) < MINIMUM_REASON:
        reasons.append("Say why it does not apply.")
    return reasons


def why_not_take_back(answer: GuidanceAnswer, user: User) -> list[str]:
    reasons = why_not_edit(answer.patient, user, Permission.GUIDANCE_ANSWER)
    if answer.withdrawn_at is not None:
        reasons.append("This answer was taken back already.")
    return reasons
