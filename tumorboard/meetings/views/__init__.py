"""Pages of boards, meetings and agendas."""

from tumorboard.meetings.views.agenda import (
    item_defer,
    meeting,
    referral_list,
    referral_withdraw,
)
from tumorboard.meetings.views.boards import board_create, board_edit, board_member, board_member_remove, boards
from tumorboard.meetings.views.course import (
    meeting_attendance,
    meeting_freeze,
    meeting_functions,
    meeting_hold,
    meeting_start,
)
from tumorboard.meetings.views.dates import (
    board_date_add,
    meeting_cancel,
    meeting_ics,
    meeting_invite,
    meeting_move,
    meeting_reinstate,
)
from tumorboard.meetings.views.material import meeting_shown, referral_merge, shown_settle
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
    chase_settle,
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
    suggestion_reword,
)

__all__ = [
    "agenda_pdf",
    "board_create",
    "board_date_add",
    "board_edit",
    "board_member",
    "board_member_remove",
    "boards",
    "case_input",
    "case_readiness",
    "chase_settle",
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
    "meeting_ics",
    "meeting_invite",
    "meeting_move",
    "meeting_order",
    "meeting_order_undo",
    "meeting_readiness_page",
    "meeting_reinstate",
    "meeting_send",
    "meeting_shown",
    "meeting_start",
    "readiness_chaser",
    "readiness_waive",
    "referral_complete",
    "referral_list",
    "referral_merge",
    "referral_withdraw",
    "shown_settle",
    "study_suggestions",
    "suggestion",
    "suggestion_decline",
    "suggestion_reopen",
    "suggestion_reword",
    "waiver_take_back",
]
