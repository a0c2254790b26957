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
from patients.treatment.views.doses import dose_record, dose_reopen
from patients.treatment.views.lines import line_correct, line_page, line_start, treatment_panel
from patients.treatment.views.preparation import (
    authorization,
    site_change,
    site_new,
    sites,
    step_finish,
    step_take,
    washout_decide,
)
from patients.treatment.views.toxicities import toxicity_add, toxicity_change, toxicity_error

__all__ = [
    "authorization",
    "dose_record",
    "dose_reopen",
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
    "site_change",
    "site_new",
    "sites",
    "step_finish",
    "step_take",
    "toxicity_add",
    "toxicity_change",
    "toxicity_error",
    "treatment_panel",
    "washout_decide",
]
