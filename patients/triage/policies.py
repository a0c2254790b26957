"""Who takes a call, who answers it, who words the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from patients.record.policies import why_not_edit
from patients.triage.models import SymptomCall
from patients.triage.rules import WORDINGS, Sign

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient


def why_not_call(patient: Patient, user: User) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons


def why_not_close(call: SymptomCall, patient: Patient, user: User) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if call.closed_at is not None:
        reasons.append("Somebody has answered this call already.")
    return reasons


def why_not_word(team: Team, sign: Sign, user: User) -> list[str]:
    reasons = lacks(user, Permission.PROTOCOL_SIGN, team.pk, "Only a team lead words the team's protocol.")
    if sign not in WORDINGS:
        reasons.append("This sign has no sentence in the protocol.")
    return reasons
