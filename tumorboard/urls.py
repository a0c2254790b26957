"""Addresses of the tumorboard app. A view is imported here and nowhere else."""

from django.urls import URLPattern, path

from tumorboard.actions import views as actions
from tumorboard.decisions import views as decisions
from tumorboard.live import views as live
from tumorboard.meetings import views as meetings
from tumorboard.minutes import views as minutes
from tumorboard.referrals import views as referrals
from tumorboard.reports import views as reports

urlpatterns: list[URLPattern] = [
    path("patients/<int:patient_id>/refer/", referrals.referral_create, name="referral-create"),
    path("patients/<int:patient_id>/board/", actions.board_panel, name="board-panel"),
    path("boards/", meetings.boards, name="boards"),
    path("boards/new/", meetings.board_create, name="board-create"),
    path("boards/<int:board_id>/edit/", meetings.board_edit, name="board-edit"),
    path("boards/referrals/<int:referral_id>/list/", meetings.referral_list, name="referral-list"),
    path("boards/referrals/<int:referral_id>/withdraw/", meetings.referral_withdraw, name="referral-withdraw"),
    path("boards/suggestions/<int:suggestion_id>/", meetings.suggestion, name="suggestion"),
    path("boards/suggestions/<int:suggestion_id>/decline/", meetings.suggestion_decline, name="suggestion-decline"),
    path("boards/suggestions/<int:suggestion_id>/reopen/", meetings.suggestion_reopen, name="suggestion-reopen"),
    path("boards/suggestions/study/<int:study_id>/", meetings.study_suggestions, name="study-suggestions"),
    path("boards/meetings/<int:meeting_id>/", meetings.meeting, name="meeting"),
    path("boards/meetings/<int:meeting_id>/freeze/", meetings.meeting_freeze, name="meeting-freeze"),
    path("boards/meetings/<int:meeting_id>/start/", meetings.meeting_start, name="meeting-start"),
    path("boards/meetings/<int:meeting_id>/hold/", meetings.meeting_hold, name="meeting-hold"),
    path("boards/meetings/<int:meeting_id>/cancel/", meetings.meeting_cancel, name="meeting-cancel"),
    path("boards/meetings/<int:meeting_id>/functions/", meetings.meeting_functions, name="meeting-functions"),
    path("boards/meetings/<int:meeting_id>/attendance/", meetings.meeting_attendance, name="meeting-attendance"),
    path("boards/meetings/<int:meeting_id>/sign/", live.meeting_sign, name="meeting-sign"),
    path("boards/meetings/<int:meeting_id>/live/", live.live, name="live"),
    path("boards/meetings/<int:meeting_id>/live/poll/", live.live_poll, name="live-poll"),
    path("boards/meetings/<int:meeting_id>/live/stream/", live.live_stream, name="live-stream"),
    path("boards/meetings/<int:meeting_id>/live/go/", live.live_go, name="live-go"),
    path("boards/meetings/<int:meeting_id>/projector/", live.projector, name="projector"),
    path("boards/meetings/<int:meeting_id>/projector/poll/", live.projector_poll, name="projector-poll"),
    path("boards/meetings/<int:meeting_id>/projector/stream/", live.projector_stream, name="projector-stream"),
    path("boards/meetings/<int:meeting_id>/projector/start/", live.projector_start, name="projector-start"),
    path("boards/meetings/<int:meeting_id>/projector/end/", live.projector_end, name="projector-end"),
    path("boards/meetings/<int:meeting_id>/minutes/", minutes.meeting_minutes, name="meeting-minutes"),
    path("boards/meetings/<int:meeting_id>/minutes.pdf", minutes.meeting_minutes_pdf, name="meeting-minutes-pdf"),
    path("boards/meetings/<int:meeting_id>/minutes/sign/", minutes.minutes_sign, name="minutes-sign"),
    path("boards/minutes/<int:minutes_id>/", minutes.minutes_version, name="minutes-version"),
    path("boards/minutes/<int:minutes_id>/print/", minutes.minutes_print, name="minutes-print"),
    path("boards/minutes/<int:minutes_id>/minutes.pdf", minutes.minutes_pdf, name="minutes-pdf"),
    path("boards/decisions/<int:decision_id>/minutes.pdf", minutes.minutes_extract, name="minutes-extract"),
    path("boards/meetings/<int:meeting_id>/readiness/", meetings.meeting_readiness_page, name="meeting-readiness"),
    path("boards/referrals/<int:referral_id>/readiness/", meetings.case_readiness, name="case-readiness"),
    path("boards/referrals/<int:referral_id>/complete/", meetings.referral_complete, name="referral-complete"),
    path(
        "boards/referrals/<int:referral_id>/readiness/<slug:item_code>/waive/",
        meetings.readiness_waive,
        name="readiness-waive",
    ),
    path(
        "boards/referrals/<int:referral_id>/readiness/<slug:item_code>/chaser/",
        meetings.readiness_chaser,
        name="readiness-chaser",
    ),
    path("boards/referrals/<int:referral_id>/input/<slug:role_code>/", meetings.case_input, name="case-input"),
    path("boards/waivers/<int:waiver_id>/take-back/", meetings.waiver_take_back, name="waiver-take-back"),
    path("boards/items/<int:item_id>/move/", meetings.item_move, name="item-move"),
    path("boards/items/<int:item_id>/minutes/", meetings.item_minutes, name="item-minutes"),
    path("boards/items/<int:item_id>/defer/", meetings.item_defer, name="item-defer"),
    path("boards/items/<int:item_id>/decision/", live.decision_record, name="decision-record"),
    path("boards/items/<int:item_id>/goals/", decisions.goal_check, name="goal-check"),
    path("boards/items/<int:item_id>/note/", live.live_note, name="live-note"),
    path("boards/items/<int:item_id>/typing/", live.live_typing, name="live-typing"),
    path("boards/decisions/<int:decision_id>/", live.decision, name="decision"),
    path("boards/decisions/<int:decision_id>/sign/", live.decision_sign, name="decision-sign"),
    path("boards/decisions/<int:decision_id>/addendum/", decisions.decision_addendum, name="decision-addendum"),
    path("boards/decisions/<int:decision_id>/told/<str:whom>/", decisions.decision_told, name="decision-told"),
    path("boards/decisions/<int:decision_id>/action/", actions.action_create, name="action-create"),
    path(
        "boards/recommendations/<int:recommendation_id>/settle/",
        decisions.recommendation_settle,
        name="recommendation-settle",
    ),
    path(
        "boards/recommendations/<int:recommendation_id>/propose/",
        decisions.recommendation_propose,
        name="recommendation-propose",
    ),
    path("boards/actions/", actions.actions, name="actions"),
    path("boards/actions/<int:action_id>/", actions.action_close, name="action-close"),
    path("boards/actions/<int:action_id>/reopen/", actions.action_reopen, name="action-reopen"),
    path("boards/reports/", reports.board_reports, name="board-reports"),
    path("boards/reports/<str:figure>/", reports.board_report_list, name="board-report-list"),
]
