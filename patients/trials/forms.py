"""Forms of the trial register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms

from patients.record.models import Patient
from patients.trials.models import Trial, TrialConsideration
from patients.trials.rules import OUTCOME_TRANSITIONS, Outcome, TrialPhase, TrialStatus, tidy_nct

if TYPE_CHECKING:
    from careteam.people.models import User


class TrialForm(forms.Form):
    nct_number = forms.CharField(label="NCT number", max_length=20)
    title = forms.CharField(max_length=200)
    phase = forms.ChoiceField(choices=TrialPhase.choices)
    status = forms.ChoiceField(choices=TrialStatus.choices)
    contact = forms.TypedChoiceField(required=False, coerce=int, empty_value=None, help_text="Who answers questions")
    criteria = forms.CharField(
        label="Who fits, in short", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: Sequence[User], trial: Trial | None = None, **kwargs: Any) -> None:
        self.people = {person.pk: person for person in people}
        if trial is not None:
            kwargs["initial"] = self.start_of(trial)
        super().__init__(*args, **kwargs)
        choices = [("", "Nobody yet"), *((person.pk, str(person)) for person in people)]
        former = trial.contact if trial is not None else None
        if former is not None and former.pk not in self.people:
            choices.append((former.pk, str(former)))
            self.people[former.pk] = former
        self.fields["contact"].choices = choices  # type: ignore[attr-defined]

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a trial, or for one version of it in its history."""
        names = ("nct_number", "title", "phase", "status", "criteria", "version")
        return {name: getattr(row, name) for name in names} | {"contact": row.contact_id}

    def clean_nct_number(self) -> str:
        try:
            return tidy_nct(self.cleaned_data["nct_number"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def values(self) -> dict[str, Any]:
        """What the command writes."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return given | {"contact": self.people.get(given["contact"])}


class ConsiderForm(forms.Form):
    trial = forms.TypedChoiceField(coerce=int)
    on = forms.DateField(label="Considered on", widget=forms.DateInput)
    because = forms.CharField(
        label="Considered, because", max_length=400, help_text="What speaks for this trial in this patient"
    )

    def __init__(self, *args: Any, trials: Sequence[Trial], patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trials = {trial.pk: trial for trial in trials}
        self.patient, self.today = patient, today
        self.fields["trial"].choices = [(trial.pk, str(trial)) for trial in trials]  # type: ignore[attr-defined]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError("This date lies in the future.")
        if self.patient.birth_date and on < self.patient.birth_date:
            raise forms.ValidationError("This date lies before the patient was born.")
        return on


class DecideForm(forms.Form):
    outcome = forms.ChoiceField(label="What came of it", widget=forms.RadioSelect)
    because = forms.CharField(max_length=400, help_text="Not eligible because …; declined because …")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, consideration: TrialConsideration, **kwargs: Any) -> None:
        kwargs["initial"] = self.start_of(consideration)
        super().__init__(*args, **kwargs)
        now_is = Outcome(consideration.outcome)
        ways = [outcome for outcome in Outcome if outcome == now_is or outcome in OUTCOME_TRANSITIONS[now_is]]
        self.fields["outcome"].choices = [(way.value, way.label) for way in ways]  # type: ignore[attr-defined]

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a row, or for one version of it in its history."""
        return {"outcome": row.outcome, "because": row.because, "version": row.version}
