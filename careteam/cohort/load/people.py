"""Who in the team stands for a role that a history names."""

from __future__ import annotations

from careteam.cohort.histories.rows import Person
from careteam.people.models import Membership, Team


class People:
    """The team's people by role, in the order they came. Raises `ValueError` for a team without anybody."""

    def __init__(self, team: Team) -> None:
        self._by_role: dict[str, list[int]] = {}
        self._found: dict[Person, int] = {}
        for user_id, roles in Membership.objects.current().filter(team=team).order_by("pk").values_list("user_id", "roles"):
            for role in roles:
                self._by_role.setdefault(role, []).append(user_id)
        if not self._by_role:
            raise ValueError(f"Nobody works in {team.name}: give the team people first.")
        self._anybody = next(iter(self._by_role.values()))

    def find(self, person: Person) -> int:
        """The user's id; a role that nobody holds is stood in for by the team's first person."""
        if person not in self._found:
            holders = self._by_role.get(person.role, self._anybody)
            self._found[person] = holders[person.n % len(holders)]
        return self._found[person]
