"""Forms of treatment."""

from patients.treatment.forms.acts import ChangeDoseForm, DateForm, EndForm, ReasonForm, VersionForm
from patients.treatment.forms.doses import DoseForm
from patients.treatment.forms.lines import CorrectForm, LineForm

__all__ = ["ChangeDoseForm", "CorrectForm", "DateForm", "DoseForm", "EndForm", "LineForm", "ReasonForm", "VersionForm"]
