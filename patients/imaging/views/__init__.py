"""Pages of surveillance imaging."""

from patients.imaging.views.bulk import imaging_bulk, imaging_bulk_form, imaging_bulk_undo
from patients.imaging.views.corrections import study_correct
from patients.imaging.views.details import (
    step_acknowledge,
    step_undo,
    study_images,
    study_images_here,
    study_images_undo,
    study_links,
)
from patients.imaging.views.early import early_scan, pet_suggestion
from patients.imaging.views.labs import plan_labs, study_order, study_seen
from patients.imaging.views.plans import imaging_panel, plan_confirm, plan_start, plan_stop, study_create
from patients.imaging.views.preparation import preparation_pdf, study_prepare, study_schedule
from patients.imaging.views.protocol import protocol_change
from patients.imaging.views.reports import study_act, study_report, study_review
from patients.imaging.views.saved import view_change, view_default, view_remove, view_restore, view_save
from patients.imaging.views.snoozes import study_snooze, study_unsnooze
from patients.imaging.views.studies import (
    contact_log,
    contact_undo,
    study_close,
    study_hand_over,
    study_performed,
    study_release,
    study_row,
    study_slot,
    study_take,
)
from patients.imaging.views.study import study_page
from patients.imaging.views.worklist import imaging_worklist

__all__ = [
    "contact_log",
    "contact_undo",
    "early_scan",
    "imaging_bulk",
    "imaging_bulk_form",
    "imaging_bulk_undo",
    "imaging_panel",
    "imaging_worklist",
    "pet_suggestion",
    "plan_confirm",
    "plan_labs",
    "plan_start",
    "plan_stop",
    "preparation_pdf",
    "protocol_change",
    "step_acknowledge",
    "step_undo",
    "study_act",
    "study_close",
    "study_correct",
    "study_create",
    "study_hand_over",
    "study_images",
    "study_images_here",
    "study_images_undo",
    "study_links",
    "study_order",
    "study_page",
    "study_performed",
    "study_prepare",
    "study_release",
    "study_report",
    "study_review",
    "study_row",
    "study_schedule",
    "study_seen",
    "study_slot",
    "study_snooze",
    "study_take",
    "study_unsnooze",
    "view_change",
    "view_default",
    "view_remove",
    "view_restore",
    "view_save",
]
