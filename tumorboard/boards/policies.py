"""May this person set up a board?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission, Specialty
from tumorboard.boards.models import Board
from tumorboard.boards.rules import why_not_rule

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


def why_not_settings(*, rrule: str, quorum: list[str]) -> list[str]:
    unknown = [specialty for specialty in quorum if specialty not in Specialty.values]
    return [*why_not_rule(rrule), *(f"{specialty} is no specialty of this product." for specialty in unknown)]
