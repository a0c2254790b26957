"""When surveillance starts, what it asks for, when it stops; a study beside the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from patients.imaging.rules import (
    LAB_CHOICES,
    StopReason,
    StudyModality,
    is_lab,
)

STOP_CHOICES = [
    (value, label)
    for value, label in StopReason.choices
    if value in {StopReason.DECLINED, StopReason.SYMPTOM_LED, StopReason.HOSPICE}
]


LAB_STOP_CHOICES = [
    (StopReason.NOT_NEEDED.value, StopReason.NOT_NEEDED.label),
    (StopReason.DECLINED.value, "Patient declined the test"),
]


def offer(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Fills a list of check boxes, all ticked; without choices it leaves the form."""
    field = form.fields[name]
    if not choices or not isinstance(field, forms.MultipleChoiceField):
        del form.fields[name]
        return
    field.choices = list(choices)
    field.initial = [value for value, _ in choices]


class LabsForm(forms.Form):
    """Which of the labs that the record asks for run from now on; the others are not needed, because."""

    labs = forms.MultipleChoiceField(label="Start", required=False, widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label="Not needed, because", required=False, max_length=250, help_text="Of those without a tick"
    )

    def __init__(self, *args: Any, labs: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [value for value, _ in labs]
        offer(self, "labs", labs)

    @property
    def not_needed(self) -> list[str]:
        return [value for value in self.asked if value not in self.cleaned_data["labs"]]


class PlanForm(forms.Form):
    """Starts surveillance; interval and date come from the protocol unless something else is said."""

    modality = forms.ChoiceField(
        label="Scan or lab",
        choices=[
            (StudyModality.CT.value, "CT"),
            (StudyModality.MRI.value, "MRI"),
            (StudyModality.SSTR_PET.value, "SSTR PET"),
            (StudyModality.ULTRASOUND.value, "Ultrasound"),
            *LAB_CHOICES,
        ],
        widget=forms.RadioSelect,
    )
    region = forms.CharField(required=False, max_length=120)
    interval_days = forms.IntegerField(
        label="Own interval",
        required=False,
        min_value=7,
        max_value=730,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
        help_text="Empty: the interval of the protocol",
    )
    override_reason = forms.CharField(label="Why it differs", required=False, max_length=250)
    anchor_on = forms.DateField(
        label="Count from",
        required=False,
        widget=forms.DateInput,
        help_text="Empty: the last qualifying scan, else the start of treatment",
    )

    labs = forms.MultipleChoiceField(
        label="Labs that the record asks for, started with it", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, labs: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "labs", labs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if is_lab(cleaned.get("modality", "")):
            cleaned["region"] = ""
        if cleaned.get("interval_days") and not cleaned.get("override_reason"):
            self.add_error("override_reason", "Say why this patient's interval differs.")
        return cleaned


class StopForm(forms.Form):
    reason = forms.ChoiceField(label="Why surveillance stops", choices=STOP_CHOICES, widget=forms.RadioSelect)
    ask_again_on = forms.DateField(
        label="Ask again on", required=False, widget=forms.DateInput, help_text="When the patient declined"
    )

    def __init__(self, *args: Any, is_lab: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        if is_lab and isinstance(reason, forms.ChoiceField):
            reason.choices = LAB_STOP_CHOICES


class StudyForm(forms.Form):
    """A study outside the plan."""

    modality = forms.ChoiceField(label="Scan or lab", choices=StudyModality.choices)
    region = forms.CharField(label="Region, protocol", required=False, max_length=160)
    due_on = forms.DateField(label="Due", widget=forms.DateInput)
    early_reason = forms.CharField(
        label="Why again",
        required=False,
        max_length=250,
        help_text="Where the last result is new; asked for labs, kept for scans",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if is_lab(cleaned.get("modality", "")):
            cleaned["region"] = ""
        return cleaned


class NotNeededForm(forms.Form):
    reason = forms.CharField(label="No early scan, because", max_length=250)


class PetNotNeededForm(forms.Form):
    reason = forms.CharField(label="Not needed, because", max_length=250)
