"""May this person import into the team, decide on a difference, export? Empty list: allowed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.models import Team
from careteam.people.rules import Permission
from patients.fhir.models import ReviewItem
from patients.fhir.rules.states import Decision

if TYPE_CHECKING:
    from careteam.people.models import User

_NAMESPACE = re.compile(r"[\w.:/@-]{1,120}")


def why_not_import(team: Team, user: User, namespace: str) -> list[str]:
    """The namespace says whose ids these are; it is typed, so it is checked."""
    reasons = lacks(user, Permission.PATIENT_IMPORT, team.pk, "Your roles in this team do not include imports.")
    return reasons + why_not_namespace(namespace)


def why_not_namespace(namespace: str) -> list[str]:
    if _NAMESPACE.fullmatch(namespace):
        return []
    return ["Name the source with letters, digits and . : / @ - only, without spaces, up to 120 characters."]


def why_not_decide(item: ReviewItem, user: User) -> list[str]:
    """A difference is decided once, by somebody who may edit the patient."""
    reasons = lacks(
        user, Permission.PATIENT_EDIT, item.team_id, "Your roles in the patient's team do not include this decision."
    )
    if item.decision != Decision.OPEN:
        reasons.append("This difference is decided already.")
    return reasons


def why_not_export(team_id: int, user: User) -> list[str]:
    return lacks(user, Permission.PATIENT_EXPORT, team_id, "Your roles in the patient's team do not include exports.")
