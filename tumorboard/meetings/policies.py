"""May this person change the agenda, run the meeting? May this case go there?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from tumorboard.meetings.rules import ITEM_TRANSITIONS, MEETING_TRANSITIONS, OPEN_MEETINGS, ItemStatus, MeetingStatus
from tumorboard.referrals.rules import ReferralStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.boards.models import Board
    from tumorboard.meetings.models import AgendaItem, Meeting
    from tumorboard.referrals.models import Referral

_OVER = frozenset({MeetingStatus.HELD, MeetingStatus.CANCELLED})


def _has_function(meeting: Meeting, user: User) -> bool:
    """Chair and scribe are functions of one meeting; they need to belong to the team."""
    team_member = access_of(user).may(Permission.PATIENT_VIEW, meeting.board.team_id)
    return team_member and user.pk in {meeting.chair_id, meeting.scribe_id}


def why_not_unfold(board: Board, user: User | None) -> list[str]:
    """`user=None` is the tick."""
    if user is None or access_of(user).may(Permission.BOARD_CONFIGURE, board.team_id):
        return []
    return ["Only a board coordinator or team lead plans meetings."]


def why_not_plan(board: Board, user: User) -> list[str]:
    """Extra dates, and canceled ones that take place after all."""
    access = access_of(user)
    if access.may(Permission.BOARD_CONFIGURE, board.team_id) or access.may(Permission.BOARD_AGENDA, board.team_id):
        return []
    return ["Only a board coordinator or team lead plans meetings."]


def why_not_reschedule(meeting: Meeting, user: User) -> list[str]:
    """Another day, time or room, until the meeting begins."""
    reasons = why_not_plan(meeting.board, user)
    if meeting.status not in OPEN_MEETINGS:
        reasons.append(f"The meeting is {meeting.get_status_display().lower()}; its date stands.")
    return reasons


def why_not_prepare(meeting: Meeting, user: User) -> list[str]:
    """List, order, freeze, defer: a board coordinator, the chair or the scribe, until the meeting is over."""
    reasons = []
    if not (access_of(user).may(Permission.BOARD_AGENDA, meeting.board.team_id) or _has_function(meeting, user)):
        reasons.append("Only a board coordinator, the chair or the scribe changes the agenda.")
    if meeting.status in _OVER:
        reasons.append(f"The meeting is over: {meeting.get_status_display().lower()}.")
    return reasons + _is_vote(meeting)


def _is_vote(meeting: Meeting) -> list[str]:
    """An e-vote has one case and no course of its own: it is closed by its chair or its deadline."""
    return ["This is an e-vote. It ends with its vote."] if meeting.is_vote else []


def why_not_send(meeting: Meeting, user: User) -> list[str]:
    """The agenda of a meeting that lies ahead."""
    reasons = why_not_prepare(meeting, user)
    if meeting.status == MeetingStatus.RUNNING:
        reasons.append("The meeting runs already.")
    return reasons


def why_not_run(meeting: Meeting, user: User) -> list[str]:
    """Start, move on, close: who prepares, or who may decide at the board."""
    if access_of(user).may(Permission.BOARD_DECIDE, meeting.board.team_id):
        over = [f"The meeting is over: {meeting.get_status_display().lower()}."] if meeting.status in _OVER else []
        return over + _is_vote(meeting)
    return why_not_prepare(meeting, user)


def why_not_list(referral: Referral, meeting: Meeting, user: User, *, now: datetime, reason: str) -> list[str]:
    """After the cut-off (or the freeze) only with a reason, which the agenda shows."""
    reasons = why_not_prepare(meeting, user)
    if referral.board_id != meeting.board_id:
        reasons.append("The referral asks another board.")
    if referral.status != ReferralStatus.SUBMITTED:
        reasons.append(f"The referral is {referral.get_status_display().lower()}; only a submitted one can be listed.")
    if referral.patient.is_deceased:
        reasons.append("The patient has died. Withdraw the referral.")
    if is_late(meeting, now) and not reason.strip():
        reasons.append("The cut-off has passed. Choose a later meeting, or say why this case cannot wait.")
    return reasons


def is_late(meeting: Meeting, now: datetime) -> bool:
    """Whether a case listed now comes after the cut-off or the freeze."""
    return now > meeting.cutoff_at or meeting.status != MeetingStatus.PLANNED


def why_not_move_meeting(meeting: Meeting, to: MeetingStatus) -> list[str]:
    now_is = MeetingStatus(meeting.status)
    if to in MEETING_TRANSITIONS[now_is]:
        return []
    return [f"The meeting is {now_is.label.lower()}; it cannot become {to.label.lower()}."]


def why_not_move_item(item: AgendaItem, to: ItemStatus) -> list[str]:
    now_is = ItemStatus(item.status)
    if to in ITEM_TRANSITIONS[now_is]:
        return []
    return [f"The case is {now_is.label.lower()}; it cannot become {to.label.lower()}."]


def why_not_show(meeting: Meeting, user: User) -> list[str]:
    reasons = why_not_run(meeting, user)
    if meeting.status in {MeetingStatus.PLANNED, MeetingStatus.FROZEN}:
        reasons.append("Start the meeting first.")
    return reasons


def why_not_attend(meeting: Meeting, person: User, user: User) -> list[str]:
    """Everybody of the team says for themselves that they are there; others are marked by who runs the meeting."""
    if meeting.status == MeetingStatus.CANCELLED or meeting.is_vote:
        return _is_vote(meeting) or ["The meeting is cancelled."]
    if person.pk == user.pk and access_of(user).may(Permission.PATIENT_VIEW, meeting.board.team_id):
        return []
    if not access_of(user).may(Permission.BOARD_DECIDE, meeting.board.team_id):
        team_right = access_of(user).may(Permission.BOARD_AGENDA, meeting.board.team_id)
        if not (team_right or _has_function(meeting, user)):
            return ["Only who runs the meeting marks others as present."]
    if not access_of(person).may(Permission.PATIENT_VIEW, meeting.board.team_id):
        return [f"{person} does not belong to the team of this board."]
    return []
