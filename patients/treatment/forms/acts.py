"""Forms of single acts on a line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms

from patients.treatment import policies
from patients.treatment.forms.asking import AS_TYPED, Suggesting
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import DoseReason, EndReason, plan_class

if TYPE_CHECKING:
    from careteam.people.models import User


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class DateForm(VersionForm):
    """Starts or plans an existing line."""

    on = forms.DateField(label="Day", widget=forms.DateInput)


class StartForm(DateForm):
    """Starts a planned line; asks why where the patient has not been told what the board decided (`untold`)."""

    def __init__(self, *args: Any, untold: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if untold:
            self.fields["despite"] = despite_field(untold)


def despite_field(untold: str) -> forms.CharField:
    """Why treatment starts before the patient was told; empty is refused by the policy where it is needed."""
    return forms.CharField(label="Why before the patient is told", max_length=250, required=False, help_text=untold)


class ReasonForm(VersionForm):
    reason = forms.CharField(label="Why", max_length=250)


class EndForm(VersionForm):
    on = forms.DateField(label="Last day", widget=forms.DateInput)
    reason = forms.ChoiceField(label="Why it ends", choices=EndReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))


class ChangeDoseForm(VersionForm):
    """Another dose from a day on."""

    dose = forms.CharField(label="New dose", max_length=120, widget=Suggesting(), help_text="As prescribed: 5 mg daily")
    on = forms.DateField(label="From", widget=forms.DateInput)
    reason = forms.ChoiceField(label="Why", choices=DoseReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, line: TreatmentLine, today: date, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line, self.today, self.user = line, today, user
        self.fields["dose"].widget = Suggesting(plan_class(line.modality, line.agent).doses)
        if "confirmed" in self.data:
            self.fields["confirmed"] = forms.BooleanField(label=AS_TYPED, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        problems = policies.why_not_change_dose(
            self.line,
            self.user,
            dose=cleaned["dose"],
            on=cleaned["on"],
            reason=cleaned["reason"],
            confirmed=cleaned.get("confirmed", False),
            today=self.today,
        )
        typed = cleaned["dose"].strip()  # a field with an error leaves the cleaned data
        for name, sentences in problems.items():
            for sentence in sentences:
                self.add_error(name or None, sentence)
        if "dose" in problems and typed:
            self.fields.setdefault("confirmed", forms.BooleanField(label=AS_TYPED, required=False))
        return cleaned
