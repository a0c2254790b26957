"""Who sets up places for scans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.capacity.rules import MOST

if TYPE_CHECKING:
    from careteam.people.models import Team, User

RIGHTS = (Permission.IMAGING_SCHEDULE, Permission.TEAM_MANAGE)


def why_not_set_up(team: Team, user: User) -> list[str]:
    access = access_of(user)
    if any(access.may(right, team.pk) for right in RIGHTS):
        return []
    return ["A coordinator or a team lead sets up places."]


def why_not_values(slots: Sequence[int], since: date, until: date | None) -> list[str]:
    reasons = []
    if len(slots) != 7 or any(not 0 <= number <= MOST for number in slots):
        reasons.append(f"Enter 0 to {MOST} places for each weekday.")
    if until is not None and until < since:
        reasons.append("The last day lies before the first.")
    return reasons
