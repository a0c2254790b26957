"""May this person set up a board?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission, Specialty
from tumorboard.boards.models import Board
from tumorboard.boards.rules import why_not_quorum_when, why_not_rule

if TYPE_CHECKING:
    from careteam.people.models import User


def why_not_configure(team_id: int, user: User | None) -> list[str]:
    """`user=None` is the installation itself (demo data)."""
    if user is None:
        return []
    return lacks(user, Permission.BOARD_CONFIGURE, team_id, "Only a board coordinator or team lead sets up a board.")


def why_not_named(team_id: int, name: str, *, board_id: int | None = None) -> list[str]:
    taken = Board.objects.filter(team_id=team_id, name=name).exclude(pk=board_id or 0).exists()
    return ["The team already has a board of this name."] if taken else []


def why_not_settings(rrule: str, quorum: list[str], when: Mapping[str, list[str]]) -> list[str]:
    unknown = [specialty for specialty in quorum if specialty not in Specialty.values]
    return [
        *why_not_rule(rrule),
        *(f"{specialty} is no specialty of this product." for specialty in unknown),
        *why_not_quorum_when(when),
    ]


def why_not_member(board: Board, person: User, *, specialty: str, deputy: User | None) -> list[str]:
    """Member and deputy see the patients of the team: a seat opens no chart by itself."""
    reasons = [] if specialty in Specialty.values else ["Choose the specialty this person stands for."]
    reasons += [
        f"{someone} does not work in the team of this board."
        for someone in (person, deputy)
        if someone is not None and not access_of(someone).may(Permission.PATIENT_VIEW, board.team_id)
    ]
    if deputy is not None and deputy.pk == person.pk:
        reasons.append("Choose somebody else as the deputy.")
    return reasons
