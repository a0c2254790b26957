"""What a person may do, loaded once per request and kept on the user object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
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


def limit_reached(session: Mapping[str, Any], now: int) -> bool:
    """Whether a session was idle for too long, or has lasted too long. `now` in seconds."""
    acted, started = int(session.get("acted_at", now)), int(session.get("signed_in_at", now))
    return now - acted > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_ABSOLUTE_SECONDS


def still_signed_in(session_key: str, user_id: int, now: datetime) -> User | None:
    """The person, read anew, when this session is still theirs: what an open stream asks again and again. None after
    signing out, at the limits of a session, for a closed account, after a change of the password."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key).load()
    if session.get(SESSION_KEY) != str(user_id) or limit_reached(session, int(now.timestamp())):
        return None
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None or session.get(HASH_SESSION_KEY) != person.get_session_auth_hash():
        return None
    return person
