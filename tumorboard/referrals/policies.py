"""May this person refer, withdraw? May this referral go there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.record.policies import why_not_edit
from patients.record.rules import EnrollmentStatus
from tumorboard.referrals.rules import OPEN_REFERRALS, REFERRAL_TRANSITIONS, ReferralStatus, ShownStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient
    from tumorboard.boards.models import Board
    from tumorboard.referrals.models import Referral, ShownMaterial

# A board may well discuss whether somebody belongs here; it does not discuss whom we no longer look after.
DISCUSSED_WHILE = frozenset({EnrollmentStatus.ACTIVE, EnrollmentStatus.UNDER_REVIEW, EnrollmentStatus.ON_HOLD})


def why_not_refer(patient: Patient, user: User | None, board: Board | None = None) -> list[str]:
    """`board=None` asks for the button on the patient page; `user=None` is the installation (demo data)."""
    reasons = why_not_edit(patient, user, Permission.BOARD_REFER) if user is not None else []
    if patient.is_deceased:
        reasons.append("The patient has died.")
    elif patient.enrollment_status not in DISCUSSED_WHILE:
        reasons.append(f"The patient is not in care: {patient.get_enrollment_status_display().lower()}.")
    if board is not None and board.team_id != patient.team_id:
        reasons.append("This board belongs to another team.")
    if board is not None and not board.is_active:
        reasons.append("This board has no more meetings. Choose another one.")
    return reasons


def why_not_withdraw(referral: Referral, user: User | None, reason: str) -> list[str]:
    reasons = [] if reason.strip() else ["Say why it is withdrawn."]
    if user is not None:
        access = access_of(user)
        team_id = referral.board.team_id
        if not (access.may(Permission.BOARD_REFER, team_id) or access.may(Permission.BOARD_AGENDA, team_id)):
            reasons.append("Your roles do not include withdrawing a referral.")
    return reasons + why_not_move(referral, ReferralStatus.WITHDRAWN)


def why_not_merge(keep: Referral, other: Referral, user: User) -> list[str]:
    """Two open referrals of one person (their record and one merged into it) to one board."""
    access, reasons = access_of(user), []
    team_id = keep.board.team_id
    if not (access.may(Permission.BOARD_REFER, team_id) or access.may(Permission.BOARD_AGENDA, team_id)):
        reasons.append("Your roles do not include merging referrals.")
    person = {row.patient.merged_into_id or row.patient_id for row in (keep, other)}
    if keep.pk == other.pk or keep.board_id != other.board_id or len(person) > 1:
        reasons.append("Only two referrals of the same patient to the same board become one.")
    if not {keep.status, other.status} <= set(OPEN_REFERRALS):
        reasons.append("One of the two is no longer open.")
    return reasons


def why_not_settle(row: ShownMaterial, status: ShownStatus, user: User, note: str) -> list[str]:
    """Whoever reads such things, prepares the agenda or refers says whether it can be shown."""
    access, team_id = access_of(user), row.referral.board.team_id
    rights = (Permission.IMAGING_REPORT, Permission.BOARD_AGENDA, Permission.BOARD_REFER)
    reasons = []
    if not any(access.may(permission, team_id) for permission in rights):
        reasons.append("Your roles do not include preparing images and slides for the board.")
    if status == ShownStatus.UNAVAILABLE and not note.strip():
        reasons.append("Say why it cannot be shown.")
    if row.referral.status not in OPEN_REFERRALS:
        reasons.append(f"The referral is {row.referral.get_status_display().lower()}.")
    return reasons


def why_not_move(referral: Referral, to: ReferralStatus) -> list[str]:
    now_is = ReferralStatus(referral.status)
    if to in REFERRAL_TRANSITIONS[now_is]:
        return []
    return [f"The referral is {now_is.label.lower()}; it cannot become {to.label.lower()}."]


def why_not_complete(referral: Referral, user: User) -> list[str]:
    """Write the question anew, note the consent: who refers or prepares the agenda, until the case is discussed."""
    access, team_id = access_of(user), referral.board.team_id
    reasons = []
    if not (access.may(Permission.BOARD_REFER, team_id) or access.may(Permission.BOARD_AGENDA, team_id)):
        reasons.append("Your roles do not include changing a referral.")
    if referral.status not in {ReferralStatus.SUBMITTED, ReferralStatus.LISTED}:
        reasons.append(f"The referral is {referral.get_status_display().lower()}.")
    return reasons
