"""Pages of treatment: the panel, a line, and one form per act."""

from patients.treatment.views.acts import (
    line_begin,
    line_confirm,
    line_dose,
    line_end,
    line_error,
    line_hold,
    line_plan,
    line_resume,
)
from patients.treatment.views.doses import dose_record
from patients.treatment.views.lines import line_correct, line_page, line_start, treatment_panel

__all__ = [
    "dose_record",
    "line_begin",
    "line_confirm",
    "line_correct",
    "line_dose",
    "line_end",
    "line_error",
    "line_hold",
    "line_page",
    "line_plan",
    "line_resume",
    "line_start",
    "treatment_panel",
]
