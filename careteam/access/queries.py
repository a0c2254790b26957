"""What a person may do, loaded once per request and kept on the user object."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Now

from careteam.access.models import AccessGrant
from careteam.people.models import Membership, Team, User
from careteam.people.rules import Permission, permissions_of


@dataclass(frozen=True)
class Access:
    """Teams of a person with what they may do there, and the patients granted beyond them.

    `teams` keeps the order of membership (oldest first); the first is the person's home team.
    """

    permissions: dict[int, frozenset[Permission]] = field(default_factory=dict)
    roles: dict[int, tuple[str, ...]] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()
    role_label: str = ""
    granted_patient_ids: frozenset[int] = frozenset()
    emergency_patient_ids: frozenset[int] = frozenset()

    @property
    def team_ids(self) -> frozenset[int]:
        """Teams whose patients the person may see: those where a role holds `patient.view`."""
        return self.teams_where(Permission.PATIENT_VIEW)

    @property
    def home(self) -> Team | None:
        return self.teams[0] if self.teams else None

    def teams_where(self, permission: Permission) -> frozenset[int]:
        return frozenset(team_id for team_id, held in self.permissions.items() if permission in held)

    def may(self, permission: Permission, team_id: int | None = None) -> bool:
        """Whether the person has the right in this team, or in any team when none is named."""
        if team_id is None:
            return any(permission in held for held in self.permissions.values())
        return permission in self.permissions.get(team_id, frozenset())

    def has_role(self, role: str) -> bool:
        return any(role in held for held in self.roles.values())


def access_of(user: User | AnonymousUser) -> Access:
    """The person's access now (two queries, the first time for this user object). Inactive people have none."""
    if not isinstance(user, User) or not user.is_active:
        return Access()
    if user.access_cache is None:
        memberships = list(Membership.objects.current().filter(user=user).select_related("team").order_by("pk"))
        grants = list(
            AccessGrant.objects.filter(
                user=user, starts_at__lte=Now(), ends_at__gt=Now(), revoked_at__isnull=True
            ).values_list("patient_id", "kind")
        )
        user.access_cache = Access(
            permissions={m.team_id: permissions_of(m.roles) for m in memberships},
            roles={m.team_id: tuple(m.roles) for m in memberships},
            teams=tuple(m.team for m in memberships),
            role_label=memberships[0].role_label if memberships else "",
            granted_patient_ids=frozenset(patient_id for patient_id, _ in grants),
            emergency_patient_ids=frozenset(patient_id for patient_id, kind in grants if kind == "emergency"),
        )
    access: Access = user.access_cache
    return access


def may(user: User | AnonymousUser, permission: Permission, team_id: int | None = None) -> bool:
    return access_of(user).may(permission, team_id)
