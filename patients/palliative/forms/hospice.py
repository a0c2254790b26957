"""The step into hospice: every field may stay empty until it is finished."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from careteam.web.stale import as_opened
from patients.goals.forms.fields import Line, LongText
from patients.goals.rules import Place
from patients.palliative.forms.care import day_field
from patients.palliative.models import HospiceTransition
from patients.palliative.queries import excluded_in
from patients.palliative.rules import LineChoice
from patients.record.models import PatientContact
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason, Modality

_PLACES = [(str(place), str(place.label)) for place in Place if place != Place.UNDECIDED]
_OF_ANALOGS = frozenset({Modality.SSA})  # whose drug has a use for symptoms too


class HospiceForm(forms.Form):
    comfort_goal = LongText("Comfort is the goal, in their words or yours")
    prognosis_confirmed = forms.BooleanField(label="Confirmed", required=False)
    prognosis_by = Line("Confirmed by", "The clinician, by name.", limit=120)
    prognosis_on = day_field("On", "The day of the confirmation.", required=False)
    family_told = Line("Who was told", "By name, and by whom. Only those who may be told.", limit=250)
    nobody_to_tell = forms.BooleanField(label="Nobody is to be told: the patient’s wish", required=False)
    equipment = LongText("Equipment", "Bed, oxygen, commode, pump: what is there, what comes when.")
    medication = LongText(
        "Medication at home", "Symptom drugs go on, the somatostatin analog too. Comfort kit: what, how much.", rows=4
    )
    night_name = Line("Who is called at night", limit=120)
    night_phone = Line("Number", limit=60)
    place = forms.ChoiceField(label="Place", choices=_PLACES, required=False, widget=forms.RadioSelect)
    service = Line("Hospice or service")
    starts_on = day_field("Hospice care starts on", required=False)
    code_reviewed_on = day_field("Code status reviewed on", "The day it was last spoken of.", required=False)
    code_words = Line("Code status and orders", "As it holds; where the order lies.", limit=200)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        lines: Iterable[TreatmentLine],
        excluded: Iterable[PatientContact] = (),
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.lines = list(lines)
        self.excluded = list(excluded)
        for line in self.lines:
            choices = [
                (str(choice), str(choice.label))
                for choice in LineChoice
                if choice != LineChoice.SYMPTOMS or line.modality in _OF_ANALOGS
            ]
            self.fields[f"line_{line.pk}"] = forms.ChoiceField(
                label=line.label,
                choices=choices,
                required=False,
                widget=forms.RadioSelect,
            )

    @property
    def line_fields(self) -> list[forms.BoundField]:
        return [self[f"line_{line.pk}"] for line in self.lines]

    def start_of(self, row: HospiceTransition) -> dict[str, Any]:
        """What the form of this row starts with."""
        start = {name: getattr(row, name) for name in self.fields if hasattr(row, name)}
        return start | {f"line_{line.pk}": row.choices.get(str(line.pk), "") for line in self.lines}

    def opened(self, row: HospiceTransition) -> str:
        return as_opened(self, self.start_of(row))

    def clean_family_told(self) -> str:
        return self._without_excluded("family_told")

    def clean_night_name(self) -> str:
        """Who is called at night hears how the patient is."""
        return self._without_excluded("night_name")

    def _without_excluded(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        if named := excluded_in(text, self.excluded):
            raise forms.ValidationError(f"{named} must not be told: the patient’s wish.")
        return text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("prognosis_on", "code_reviewed_on"):
            if data.get(name) and data[name] > self.today:
                self.add_error(name, "This day lies in the future.")
        if data.get("nobody_to_tell") and data.get("family_told"):
            self.add_error("nobody_to_tell", "Either somebody was told, or nobody is to be told.")
        return data

    def values(self) -> dict[str, Any]:
        """The arguments of `commands.save_hospice`."""
        data = self.cleaned_data
        choices = {str(line.pk): data[f"line_{line.pk}"] for line in self.lines if data.get(f"line_{line.pk}")}
        plain = {name: value for name, value in data.items() if name != "version" and not name.startswith("line_")}
        return plain | {"choices": choices}


class CancelForm(forms.Form):
    reason = LongText("Why the step is not taken", required=True)
    version = forms.IntegerField(widget=forms.HiddenInput)


class LeaveForm(forms.Form):
    on = day_field("Hospice care ends on")
    end = forms.ChoiceField(
        label="Why",
        choices=[
            (str(reason), str(reason.label))
            for reason in (EndReason.PATIENT_CHOICE, EndReason.CLINICIAN_CHOICE, EndReason.ACCESS, EndReason.OTHER)
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
    )
    reason = LongText("In a sentence", "What changed, and who goes on caring.", required=True)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", today)
