"""Pages of boards, meetings and agendas."""

from tumorboard.meetings.views.agenda import (
    item_defer,
    item_minutes,
    item_move,
    meeting,
    referral_list,
    referral_withdraw,
)
from tumorboard.meetings.views.boards import board_create, board_edit, boards
from tumorboard.meetings.views.course import (
    meeting_attendance,
    meeting_cancel,
    meeting_freeze,
    meeting_functions,
    meeting_hold,
    meeting_start,
)
from tumorboard.meetings.views.readiness import (
    case_input,
    case_readiness,
    meeting_readiness_page,
    readiness_chaser,
    readiness_waive,
    referral_complete,
    waiver_take_back,
)
from tumorboard.meetings.views.suggestions import (
    study_suggestions,
    suggestion,
    suggestion_decline,
    suggestion_reopen,
)

__all__ = [
    "board_create",
    "board_edit",
    "boards",
    "case_input",
    "case_readiness",
    "item_defer",
    "item_minutes",
    "item_move",
    "meeting",
    "meeting_attendance",
    "meeting_cancel",
    "meeting_freeze",
    "meeting_functions",
    "meeting_hold",
    "meeting_readiness_page",
    "meeting_start",
    "readiness_chaser",
    "readiness_waive",
    "referral_complete",
    "referral_list",
    "referral_withdraw",
    "study_suggestions",
    "suggestion",
    "suggestion_decline",
    "suggestion_reopen",
    "waiver_take_back",
]
