"""Forms of treatment."""

from patients.treatment.forms.acts import ChangeDoseForm, DateForm, EndForm, ReasonForm, StartForm, VersionForm
from patients.treatment.forms.doses import DoseForm
from patients.treatment.forms.lines import CorrectForm, LineForm
from patients.treatment.forms.preparation import AuthorizationForm, SiteForm, StepForm
from patients.treatment.forms.toxicities import ToxicityForm

__all__ = [
    "AuthorizationForm",
    "ChangeDoseForm",
    "CorrectForm",
    "DateForm",
    "DoseForm",
    "EndForm",
    "LineForm",
    "ReasonForm",
    "SiteForm",
    "StartForm",
    "StepForm",
    "ToxicityForm",
    "VersionForm",
]
