"""May this person waive a value, or say who is asked for it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission, Role
from tumorboard.readiness.queries.inputs import roles_of
from tumorboard.readiness.rules import INPUTS
from tumorboard.referrals.rules import ReferralStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.readiness.models import Chase
    from tumorboard.referrals.models import Referral

ASKED_WHILE = (ReferralStatus.SUBMITTED, ReferralStatus.LISTED)
WAIVING = (Permission.BOARD_AGENDA, Permission.BOARD_DECIDE)
ASSIGNING = (Permission.BOARD_AGENDA, Permission.BOARD_DECIDE, Permission.BOARD_REFER)


def _why_not_open(referral: Referral) -> list[str]:
    if referral.status in ASKED_WHILE:
        return []
    return [f"The referral is {referral.get_status_display().lower()}; nothing is asked for it any more."]


def why_not_want(referral: Referral) -> list[str]:
    """Something is asked for a case that waits."""
    return _why_not_open(referral)


def why_not_settle(chase: Chase, referral: Referral, user: User) -> list[str]:
    """Who is asked, or whoever says who is asked, answers for what no field of the record holds."""
    reasons = []
    if chase.item:
        reasons.append("It ends by itself when the record holds it, or by a waiver.")
    if chase.owner_id == user.pk and access_of(user).may(Permission.PATIENT_VIEW, referral.board.team_id):
        return reasons
    return [*reasons, *why_not_assign(referral, user)]


def why_not_waive(referral: Referral, user: User, *, reason: str | None = None) -> list[str]:
    """`reason=None` asks for the button."""
    access, reasons = access_of(user), _why_not_open(referral)
    if not any(access.may(right, referral.board.team_id) for right in WAIVING):
        reasons.append("Only who prepares the agenda or decides at the board waives a value.")
    if reason is not None and not reason.strip():
        reasons.append("Say why the board can decide without it.")
    return reasons


def why_not_assign(referral: Referral, user: User, *, owner: User | None = None) -> list[str]:
    """`owner=None` asks for the button."""
    access, reasons = access_of(user), _why_not_open(referral)
    if not any(access.may(right, referral.board.team_id) for right in ASSIGNING):
        reasons.append("Only who refers, prepares the agenda or decides says who is asked.")
    if owner is not None and (
        not owner.is_active or not access_of(owner).may(Permission.PATIENT_VIEW, referral.board.team_id)
    ):
        reasons.append(f"{owner} does not work in the team of this board. Choose somebody who does.")
    return reasons


def why_not_say(referral: Referral, role: Role, user: User) -> list[str]:
    """Each profession speaks for itself."""
    reasons = _why_not_open(referral)
    if role not in INPUTS:
        reasons.append(f"{role.label}: this profession is not asked for an input.")
    elif role not in roles_of(user, referral.board.team_id):
        reasons.append(f"Only a {role.label.lower()} of the team says what theirs adds.")
    return reasons
