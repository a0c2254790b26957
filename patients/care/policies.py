"""Who documents care, and in which order psychosocial care goes. Empty list: allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from careteam.people.rules import Permission
from patients.care.models import PsychosocialCare
from patients.care.queries import live_pathway
from patients.care.rules import PATHWAY_TRANSITIONS, Pathway
from patients.record.policies import why_not_edit

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def why_not_document(patient: Patient, user: User) -> list[str]:
    return why_not_edit(patient, user, Permission.CARE_DOCUMENT)


def why_not_start_pathway(patient: Patient) -> list[str]:
    """One live pathway per patient: a second one would have a second owner."""
    if live_pathway(patient.pk) is not None:
        return ["Psychosocial care is on its way already: change that entry instead."]
    return []


def why_not_move(row: PsychosocialCare, state: str) -> list[str]:
    """`state` is where the pathway shall go; staying where it is corrects the rest."""
    now_is = Pathway(row.state)
    if state in {now_is, *PATHWAY_TRANSITIONS[now_is]}:
        return []
    return [f"From “{now_is.label}” it cannot go to “{Pathway(state).label}”."]


def why_not_center(patient: Patient, center: Any) -> list[str]:
    if center is not None and center.team_id != patient.team_id:
        return ["This center is not one of the patient's team."]
    return []
