"""Who in the team stands for the roles that histories name."""

from __future__ import annotations

from careteam.cohort.histories.rows import Person
from careteam.people.models import Membership, Team
from careteam.people.rules import Role

MOST_NAMED = 3  # the highest n of a Person is one less


def people_of(team: Team) -> dict[Person, int]:
    """User ids by `Person`, in the order people came; a role that nobody holds is stood in for by the team's first
    person. Raises `ValueError` for a team without anybody."""
    by_role: dict[str, list[int]] = {}
    for user_id, roles in Membership.objects.current().filter(team=team).order_by("pk").values_list("user_id", "roles"):
        for role in roles:
            by_role.setdefault(role, []).append(user_id)
    if not by_role:
        raise ValueError(f"Nobody works in {team.name}: give the team people first.")
    anybody = next(iter(by_role.values()))
    return {
        Person(str(role), n): by_role.get(role, anybody)[n % len(by_role.get(role, anybody))]
        for role in Role
        for n in range(MOST_NAMED)
    }
