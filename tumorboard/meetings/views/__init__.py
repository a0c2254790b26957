"""Pages of boards, meetings and agendas."""

from tumorboard.meetings.views.agenda import (
    item_defer,
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
from tumorboard.meetings.views.order import (
    item_minutes,
    item_move,
    item_section,
    meeting_availability,
    meeting_order,
    meeting_order_undo,
    meeting_send,
)
from tumorboard.meetings.views.papers import agenda_pdf, invitation_pdf
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
    "agenda_pdf",
    "board_create",
    "board_edit",
    "boards",
    "case_input",
    "case_readiness",
    "invitation_pdf",
    "item_defer",
    "item_minutes",
    "item_move",
    "item_section",
    "meeting",
    "meeting_attendance",
    "meeting_availability",
    "meeting_cancel",
    "meeting_freeze",
    "meeting_functions",
    "meeting_hold",
    "meeting_order",
    "meeting_order_undo",
    "meeting_readiness_page",
    "meeting_send",
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
