"""The only writers of surveillance: plans, studies, contacts, the sweep."""

from patients.imaging.commands.base import finish_step, reopen_reminders
from patients.imaging.commands.contacts import log_contact, undo_contact, withdraw_contact
from patients.imaging.commands.early import decline_early, suggest_early
from patients.imaging.commands.pets import decline_pet, suggest_pets
from patients.imaging.commands.plans import (
    ask_to_confirm,
    confirm_interval,
    mark_stale,
    replan,
    start_plan,
)
from patients.imaging.commands.responses import confirm_response, take_back_response
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
)
from patients.imaging.commands.sweep import SweepResult, sweep

__all__ = [
    "SweepResult",
    "act_on",
    "add_study",
    "ask_to_confirm",
    "cancel_slot",
    "close_study",
    "confirm_interval",
    "confirm_response",
    "decline_early",
    "decline_pet",
    "finish_step",
    "hand_over",
    "log_contact",
    "mark_no_show",
    "mark_stale",
    "order",
    "pause",
    "record_performed",
    "record_report",
    "release",
    "reopen_reminders",
    "replan",
    "review",
    "schedule",
    "silence",
    "start_plan",
    "stop_all",
    "stop_plan",
    "suggest_early",
    "suggest_pets",
    "sweep",
    "take",
    "take_back_response",
    "undo_contact",
    "withdraw_contact",
]
