"""The only writers of meetings, agendas and attendance."""

from tumorboard.meetings.commands.agenda import (
    change_minutes,
    close_item,
    defer_item,
    list_referral,
    move_item,
    show_item,
    step_item,
    withdraw,
)
from tumorboard.meetings.commands.course import (
    cancel,
    freeze,
    hold,
    set_attendance,
    set_functions,
    start,
)
from tumorboard.meetings.commands.planning import set_up_board, unfold_meetings
from tumorboard.meetings.commands.suggested import Accepted, accept_suggestion

__all__ = [
    "Accepted",
    "accept_suggestion",
    "cancel",
    "change_minutes",
    "close_item",
    "defer_item",
    "freeze",
    "hold",
    "list_referral",
    "move_item",
    "set_attendance",
    "set_functions",
    "set_up_board",
    "show_item",
    "start",
    "step_item",
    "unfold_meetings",
    "withdraw",
]
