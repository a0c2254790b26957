"""The only writers of the record."""

from patients.record.commands.care import change_enrollment, close_step, open_step
from patients.record.commands.death import record_death, withdraw_death
from patients.record.commands.entries import add_entry, announce_results, change_entry, change_patient, enter_in_error
from patients.record.commands.own_steps import finish_step, set_step
from patients.record.commands.results import add_results, answer_symptoms, symptoms_key
from patients.record.commands.trail import Act, record_about

__all__ = [
    "Act",
    "add_entry",
    "add_results",
    "announce_results",
    "answer_symptoms",
    "change_enrollment",
    "change_entry",
    "change_patient",
    "close_step",
    "enter_in_error",
    "finish_step",
    "open_step",
    "record_about",
    "record_death",
    "set_step",
    "symptoms_key",
    "withdraw_death",
]
