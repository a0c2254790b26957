"""The only writers of surveillance: plans, studies, contacts, the sweep."""

from patients.imaging.commands.arrivals import Arrival, close_answered, receive, start_clocks
from patients.imaging.commands.base import finish_step, reopen_reminders
from patients.imaging.commands.bulk import (
    Answer,
    assign_picked,
    close_picked,
    one_by_one,
    order_picked,
    schedule_picked,
    snooze_picked,
    summary,
    unassign_picked,
    unorder_picked,
)
from patients.imaging.commands.contacts import log_contact, undo_contact, withdraw_contact
from patients.imaging.commands.corrections import reopen_study, take_back_performed, take_back_report
from patients.imaging.commands.details import (
    acknowledge,
    change_links,
    receive_images,
    request_images,
    undo_acknowledge,
    undo_images,
)
from patients.imaging.commands.early import decline_early, suggest_early
from patients.imaging.commands.lab_steps import ask_labs
from patients.imaging.commands.labs import receive_results, review_at_once, start_labs
from patients.imaging.commands.pets import decline_pet, overrule_pet, suggest_pets
from patients.imaging.commands.plans import (
    ask_to_confirm,
    confirm_interval,
    hospice_runs,
    mark_stale,
    replan,
    start_plan,
)
from patients.imaging.commands.preparation import prepare, refresh_bookings
from patients.imaging.commands.responses import confirm_response, take_back_response
from patients.imaging.commands.revival import undo_death
from patients.imaging.commands.saved import adopt_view, change_view, remove_view, restore_view, save_view
from patients.imaging.commands.snoozes import end_snooze, snooze
from patients.imaging.commands.stops import pause, silence, stop_all, stop_plan
from patients.imaging.commands.studies import (
    act_on,
    add_study,
    cancel_slot,
    close_study,
    hand_over,
    mark_no_show,
    order,
    record_performed,
    record_report,
    release,
    review,
    schedule,
    take,
    take_back_order,
)
from patients.imaging.commands.sweep import SweepResult, sweep
from patients.imaging.queries.picks import Pick

__all__ = [
    "Answer",
    "Arrival",
    "Pick",
    "SweepResult",
    "acknowledge",
    "act_on",
    "add_study",
    "adopt_view",
    "ask_labs",
    "ask_to_confirm",
    "assign_picked",
    "cancel_slot",
    "change_links",
    "change_view",
    "close_answered",
    "close_picked",
    "close_study",
    "confirm_interval",
    "confirm_response",
    "decline_early",
    "decline_pet",
    "end_snooze",
    "finish_step",
    "hand_over",
    "hospice_runs",
    "log_contact",
    "mark_no_show",
    "mark_stale",
    "one_by_one",
    "order",
    "order_picked",
    "overrule_pet",
    "pause",
    "prepare",
    "receive",
    "receive_images",
    "receive_results",
    "record_performed",
    "record_report",
    "refresh_bookings",
    "release",
    "remove_view",
    "reopen_reminders",
    "reopen_study",
    "replan",
    "request_images",
    "restore_view",
    "review",
    "review_at_once",
    "save_view",
    "schedule",
    "schedule_picked",
    "silence",
    "snooze",
    "snooze_picked",
    "start_clocks",
    "start_labs",
    "start_plan",
    "stop_all",
    "stop_plan",
    "suggest_early",
    "suggest_pets",
    "summary",
    "sweep",
    "take",
    "take_back_order",
    "take_back_performed",
    "take_back_report",
    "take_back_response",
    "unassign_picked",
    "undo_acknowledge",
    "undo_contact",
    "undo_death",
    "undo_images",
    "unorder_picked",
    "withdraw_contact",
]
