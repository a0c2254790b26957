"""What each profession added to a case, and who may still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from careteam.people.models import Membership
from careteam.people.rules import Role
from tumorboard.readiness.models import CaseInput
from tumorboard.readiness.rules import INPUTS
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class InputRow:
    """One profession: what it said (`said` None: nothing yet), and whether the reader speaks for it."""

    role: Role
    said: CaseInput | None
    is_mine: bool

    @property
    def name(self) -> str:
        return str(self.role.label)


def roles_of(user: User, team_id: int) -> frozenset[str]:
    """The person's roles in the team."""
    rows = Membership.objects.current().filter(user=user, team_id=team_id).values_list("roles", flat=True)
    return frozenset(role for roles in rows for role in roles)


def inputs_of(referral: Referral, user: User) -> tuple[InputRow, ...]:
    """Two queries."""
    said = {row.role: row for row in CaseInput.objects.standing().filter(referral=referral).select_related("said_by")}
    mine = roles_of(user, referral.board.team_id)
    return tuple(InputRow(role, said.get(role), role in mine) for role in INPUTS)
