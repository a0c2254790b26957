"""Pages of palliative care."""

from patients.palliative.views.hospice import cancel, finish, hospice, leave, save, sheet
from patients.palliative.views.patient import (
    bereavement_answer,
    bereavement_plan,
    note_add,
    note_error,
    note_new,
    panel,
    strain,
)
from patients.palliative.views.referrals import answer_referral_page, refer_page
from patients.palliative.views.work import workspace

__all__ = [
    "answer_referral_page",
    "bereavement_answer",
    "bereavement_plan",
    "cancel",
    "finish",
    "hospice",
    "leave",
    "note_add",
    "note_error",
    "note_new",
    "panel",
    "refer_page",
    "save",
    "sheet",
    "strain",
    "workspace",
]
