"""May this person change memberships, grant access, open a chart in an emergency?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from careteam.access.queries import access_of
from careteam.people.models import Membership, Team, User
from careteam.people.rules import Permission, Role

if TYPE_CHECKING:
    from django.db.models import Model


def insist(reasons: list[str]) -> None:
    """Raises `ValidationError` with every reason; an empty list is consent. What every command calls first."""
    if reasons:
        raise ValidationError(reasons)


def lacks(user: User, permission: Permission, team_id: int, sentence: str) -> list[str]:
    """`[sentence]` when the person does not hold the right in that team: the permission half of a policy."""
    return [] if access_of(user).may(permission, team_id) else [sentence]


def why_not_manage(team: Team, user: User) -> list[str]:
    return [] if access_of(user).may(Permission.TEAM_MANAGE, team.pk) else ["Only a team lead manages the team."]


def why_not_deactivate(person: User, by: User, *, successor: User | None, owned: int) -> list[str]:
    """`owned` is how many open things the person owns; they need a successor before the account closes."""
    reasons = []
    teams = set(Membership.objects.current().filter(user=person).values_list("team_id", flat=True))
    if not teams <= access_of(by).teams_where(Permission.TEAM_MANAGE):
        reasons.append("Only a lead of every team the person works in closes the account.")
    if person.pk == by.pk:
        reasons.append("Ask another team lead to close your own account.")
    if owned and successor is None:
        reasons.append(f"{person} still owns {owned} open items. Choose who takes them over.")
    if successor is not None and not Membership.objects.current().filter(user=successor, team_id__in=teams).exists():
        reasons.append(f"{successor} does not work in the same team.")
    return reasons


def why_not_roles(roles: list[str]) -> list[str]:
    unknown = [role for role in roles if role not in Role.values]
    reasons = [f"{role} is no role of this product." for role in unknown]
    return reasons if roles else ["Choose at least one role."]


def why_not_emergency(patient: Model, user: User, reason: str) -> list[str]:  # noqa: ARG001
    reasons = []
    if not access_of(user).may(Permission.EMERGENCY_ACCESS):
        reasons.append("Your roles do not include emergency access.")
    if len(reason.strip()) < 10:
        reasons.append("Say in a sentence why you need the chart now; the owning team will read it.")
    return reasons
