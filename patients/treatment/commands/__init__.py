"""The only writers of treatment: the life of a line, its doses."""

from patients.treatment.commands.doses import (
    cancel_administration,
    delay_administration,
    give_administration,
    hold_administration,
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
from patients.treatment.commands.steps import refresh_steps, silence

__all__ = [
    "begin_line",
    "cancel_administration",
    "change_dose",
    "confirm_import",
    "correct_line",
    "delay_administration",
    "end_line",
    "enter_in_error",
    "give_administration",
    "hold_administration",
    "hold_line",
    "keep_for_symptoms",
    "note_response",
    "plan_line",
    "propose_line",
    "refresh_steps",
    "resume_line",
    "silence",
    "skip_administration",
    "start_line",
]
