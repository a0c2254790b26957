"""The only writers of treatment: the life of a line, its doses."""

from patients.treatment.commands.doses import (
    cancel_administration,
    delay_administration,
    give_administration,
    hold_administration,
    reopen_administration,
    skip_administration,
)
from patients.treatment.commands.lines import (
    begin_line,
    change_dose,
    confirm_import,
    correct_line,
    end_line,
    enter_in_error,
    hold_line,
    keep_for_symptoms,
    note_response,
    plan_line,
    propose_line,
    resume_line,
    start_line,
)
from patients.treatment.commands.preparation import finish_step, prepare, save_site, set_authorization, take_step
from patients.treatment.commands.revival import undo_death
from patients.treatment.commands.steps import refresh_steps, silence
from patients.treatment.commands.toxicities import change_toxicity, record_toxicity, toxicity_in_error
from patients.treatment.commands.washout import decide_washout

__all__ = [
    "begin_line",
    "cancel_administration",
    "change_dose",
    "change_toxicity",
    "confirm_import",
    "correct_line",
    "decide_washout",
    "delay_administration",
    "end_line",
    "enter_in_error",
    "finish_step",
    "give_administration",
    "hold_administration",
    "hold_line",
    "keep_for_symptoms",
    "note_response",
    "plan_line",
    "prepare",
    "propose_line",
    "record_toxicity",
    "refresh_steps",
    "reopen_administration",
    "resume_line",
    "save_site",
    "set_authorization",
    "silence",
    "skip_administration",
    "start_line",
    "take_step",
    "toxicity_in_error",
    "undo_death",
]
