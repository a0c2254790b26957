"""The only writers of palliative care."""

from patients.palliative.commands.bereavement import answer_bereavement, plan_bereavement, void_bereavement
from patients.palliative.commands.hospice import (
    cancel_hospice,
    drop_preparation,
    finish_hospice,
    follow_lines,
    follow_revived_lines,
    leave_hospice,
    prepare_hospice,
    save_hospice,
    step_key,
)
from patients.palliative.commands.notes import add_note, add_strain, note_in_error
from patients.palliative.commands.referrals import answer_referral, refer

__all__ = [
    "add_note",
    "add_strain",
    "answer_bereavement",
    "answer_referral",
    "cancel_hospice",
    "drop_preparation",
    "finish_hospice",
    "follow_lines",
    "follow_revived_lines",
    "leave_hospice",
    "note_in_error",
    "plan_bereavement",
    "prepare_hospice",
    "refer",
    "save_hospice",
    "step_key",
    "void_bereavement",
]
