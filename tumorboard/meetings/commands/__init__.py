"""The only writers of meetings, agendas and attendance."""

from tumorboard.meetings.commands.agenda import (
    Missing,
    close_item,
    defer_item,
    list_referral,
    merge,
    show_item,
    step_item,
    withdraw,
)
from tumorboard.meetings.commands.course import (
    freeze,
    hold,
    set_attendance,
    set_functions,
    start,
)
from tumorboard.meetings.commands.dates import add_meeting, cancel, move_meeting, reinstate
from tumorboard.meetings.commands.invitations import invite, invite_anew, send_invitation_again, send_invitations
from tumorboard.meetings.commands.order import (
    AgendaMoved,
    change_minutes,
    freeze_at_cutoff,
    move_item,
    propose_order,
    set_availability,
    set_section,
    undo_order,
)
from tumorboard.meetings.commands.planning import set_up_board, unfold_meetings
from tumorboard.meetings.commands.sending import send_agenda
from tumorboard.meetings.commands.suggested import Accepted, accept_suggestion
from tumorboard.meetings.commands.votes import attend_by_vote, chair_vote, end_vote, open_vote, prolong_vote

__all__ = [
    "Accepted",
    "AgendaMoved",
    "Missing",
    "accept_suggestion",
    "add_meeting",
    "attend_by_vote",
    "cancel",
    "chair_vote",
    "change_minutes",
    "close_item",
    "defer_item",
    "end_vote",
    "freeze",
    "freeze_at_cutoff",
    "hold",
    "invite",
    "invite_anew",
    "list_referral",
    "merge",
    "move_item",
    "move_meeting",
    "open_vote",
    "prolong_vote",
    "propose_order",
    "reinstate",
    "send_agenda",
    "send_invitation_again",
    "send_invitations",
    "set_attendance",
    "set_availability",
    "set_functions",
    "set_section",
    "set_up_board",
    "show_item",
    "start",
    "step_item",
    "undo_order",
    "unfold_meetings",
    "withdraw",
]
