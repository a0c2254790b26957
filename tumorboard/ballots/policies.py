"""May this person open an e-vote, vote, close it?"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.queries import absent_user_ids
from careteam.people.rules import Permission
from tumorboard.ballots.queries import Tally, electorate, unmanned
from tumorboard.ballots.rules import BALLOT_TRANSITIONS, LIVE_BALLOTS, BallotStatus, VoteChoice
from tumorboard.meetings.queries import needs_of_referral
from tumorboard.meetings.rules import OPEN_ITEMS
from tumorboard.referrals.policies import DISCUSSED_WHILE
from tumorboard.referrals.rules import ReferralStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.ballots.models import Ballot
    from tumorboard.referrals.models import Referral


def why_not_open(referral: Referral, user: User) -> list[str]:
    """The chair or a coordinator, for a referral that waits; every needed specialty has somebody who could vote."""
    access, board = access_of(user), referral.board
    reasons = []
    if not (access.may(Permission.BOARD_DECIDE, board.team_id) or access.may(Permission.BOARD_AGENDA, board.team_id)):
        reasons.append("Only who decides at this board, or its coordinator, opens an e-vote.")
    if referral.status == ReferralStatus.LISTED:
        reasons.append("The case stands on an agenda, or is voted on already. Defer it there first.")
    elif referral.status != ReferralStatus.SUBMITTED:
        reasons.append(f"The referral is {referral.get_status_display().lower()}.")
    patient = referral.patient
    if patient.is_deceased:
        reasons.append("The patient has died. Withdraw the referral.")
    elif patient.enrollment_status not in DISCUSSED_WHILE:
        reasons.append(f"The patient is not in care: {patient.get_enrollment_status_display().lower()}.")
    return reasons


def why_not_elect(referral: Referral, on: date) -> list[str]:
    """What a vote that begins that day would lack, whoever opens it."""
    needs = needs_of_referral(referral)
    nobody = unmanned(needs, electorate(referral.board, needs, on))
    if not needs:
        return ["The board has no quorum: say in its settings which specialties decide."]
    return [f"Nobody at this board stands for {need.label}. Add a member, or list the case." for need in nobody]


def why_not_vote(ballot: Ballot, user: User, *, now: datetime, tally: Tally) -> list[str]:
    """Members and deputies of the needed specialties, until voting ends."""
    reasons = _why_not_live(ballot)
    if not reasons and (ballot.status != BallotStatus.OPEN or now >= ballot.closes_at):
        reasons.append("Voting has ended. What you wrote is kept below.")
    if tally.voter(user) is None:
        reasons.append("You do not stand for one of the specialties that vote on this case.")
    return reasons


def why_not_choice(choice: VoteChoice, proposal: int, comment: str, *, proposals: set[int]) -> list[str]:
    reasons = []
    if choice is VoteChoice.AGREE and proposal not in proposals:
        reasons.append("Choose the proposal you agree with.")
    if choice is VoteChoice.DISAGREE and not comment.strip():
        reasons.append("Say why you disagree: the chair answers it.")
    return reasons


def why_not_steer(ballot: Ballot, user: User, *, now: datetime) -> list[str]:
    """Accept, send to a meeting, extend: the chair of the vote; while the chair is away, whoever may decide."""
    meeting = ballot.item.meeting
    team = meeting.board.team
    reasons = lacks(user, Permission.BOARD_DECIDE, team.pk, "Only who may decide at this board closes an e-vote.")
    if not reasons and meeting.chair_id != user.pk and meeting.chair_id not in absent_user_ids(team.local_date(now)):
        reasons.append(f"{meeting.chair} chairs this vote, and closes it.")
    return reasons + _why_not_live(ballot)


def why_not_accept(ballot: Ballot, proposal: int, user: User, *, tally: Tally, note: str, now: datetime) -> list[str]:
    """Nothing passes in silence: what somebody objected to is answered in a sentence."""
    reasons = why_not_steer(ballot, user, now=now) + tally.count.why_not_accept(proposal)
    if tally.count.is_contested and not note.strip():
        reasons.append("Not everybody agrees. Say how their reasons were answered, or send the case to a meeting.")
    return reasons


def why_not_return(ballot: Ballot, user: User, *, note: str, now: datetime) -> list[str]:
    reasons = why_not_steer(ballot, user, now=now)
    return reasons if note.strip() else [*reasons, "Say why it is discussed in a meeting."]


def why_not_extend(ballot: Ballot, user: User, *, closes_at: datetime, reason: str, now: datetime) -> list[str]:
    """Once, before the end, with a reason."""
    reasons = why_not_steer(ballot, user, now=now)
    if ballot.status == BallotStatus.ENDED or now >= ballot.closes_at:
        reasons.append("Voting has ended.")
    if ballot.extended_at is not None:
        reasons.append("The vote was extended once already. Close it, or send the case to a meeting.")
    if closes_at <= ballot.closes_at:
        reasons.append("Choose a later end than the present one.")
    if not reason.strip():
        reasons.append("Say why the vote needs longer.")
    return reasons


def why_not_move(ballot: Ballot, to: BallotStatus) -> list[str]:
    now_is = BallotStatus(ballot.status)
    if to in BALLOT_TRANSITIONS[now_is]:
        return []
    return [f"The e-vote is over: {now_is.label.lower()}."]


def _why_not_live(ballot: Ballot) -> list[str]:
    if ballot.status not in LIVE_BALLOTS:
        return [f"The e-vote is over: {ballot.get_status_display().lower()}."]
    if ballot.item.status not in OPEN_ITEMS:
        return [f"The case is {ballot.item.get_status_display().lower()}."]
    return []
