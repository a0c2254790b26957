"""Forms of the record."""

from patients.record.forms.base import EntryForm
from patients.record.forms.entries import ENTRIES, DeathForm, EnrollmentForm, ErrorForm, PatientForm
from patients.record.forms.results import SheetForm
from patients.record.forms.symptoms import AnswerForm

__all__ = [
    "ENTRIES",
    "AnswerForm",
    "DeathForm",
    "EnrollmentForm",
    "EntryForm",
    "ErrorForm",
    "PatientForm",
    "SheetForm",
]
