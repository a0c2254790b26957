"""Forms of palliative care."""

from patients.palliative.forms.care import BereavementForm, NoteErrorForm, NoteForm, SeeFilter, StrainForm
from patients.palliative.forms.hospice import CancelForm, HospiceForm, LeaveForm
from patients.palliative.forms.referrals import PromptFilter, ReferForm, ReferralAnswerForm

__all__ = [
    "BereavementForm",
    "CancelForm",
    "HospiceForm",
    "LeaveForm",
    "NoteErrorForm",
    "NoteForm",
    "PromptFilter",
    "ReferForm",
    "ReferralAnswerForm",
    "SeeFilter",
    "StrainForm",
]
