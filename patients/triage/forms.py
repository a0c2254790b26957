"""The call on one screen, made for the keyboard: a number, Tab, the next; a tick is the space bar; Enter saves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django import forms

from patients.record.rules import FLUSHES, MEASURES, PAIN, STOOLS
from patients.triage.queries import TeamWording
from patients.triage.rules import Answers, Caller, Sign

FIELD_OF = {
    Sign.FEVER: "fever",
    Sign.CONFUSION: "confusion",
    Sign.HYPOGLYCEMIA: "hypoglycemia",
    Sign.JAUNDICE: "jaundice",
}


def _number(code: str, label: str, unit: str) -> forms.IntegerField:
    """A whole number inside what the measure counts as plausible."""
    bounds = MEASURES[code].unit
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=int(bounds.low),
        max_value=int(bounds.high),
        widget=forms.NumberInput(attrs={"data-unit": unit, "autocomplete": "off"}),
    )


class CallForm(forms.Form):
    stools = _number(STOOLS, "Stools", "a day")
    flushes = _number(FLUSHES, "Flushes", "a day")
    pain = _number(PAIN, "Pain, worst today", "of 10")
    more_flushing = forms.BooleanField(label="More flushing than usual", required=False)
    fever = forms.BooleanField(label="Fever on chemotherapy", required=False)
    confusion = forms.BooleanField(label="Confusion or unusual drowsiness", required=False)
    hypoglycemia = forms.BooleanField(label="Low blood sugar", required=False)
    jaundice = forms.BooleanField(label="Yellow skin or eyes", required=False)
    other = forms.CharField(label="Something else", required=False, max_length=500)
    wants_scan = forms.BooleanField(label="Ask for an early scan", required=False)
    wants_goals = forms.BooleanField(label="Wants to talk about goals of care", required=False)
    outcome = forms.CharField(
        label="Done already",
        required=False,
        max_length=500,
        help_text="Whom you told, what was agreed. Left empty, somebody gets a task.",
    )
    caller = forms.ChoiceField(
        label="Who called", choices=Caller.choices, initial=Caller.PATIENT, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, wordings: Mapping[Sign, TeamWording], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wordings = wordings
        self.fields["stools"].widget.attrs["autofocus"] = True
        for sign, name in FIELD_OF.items():
            self.fields[name].widget.attrs["aria-describedby"] = f"say-{sign}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        asked = [name for name in self.fields if name not in {"caller", "outcome"}]
        if not self.errors and all(given.get(name) in {None, "", False} for name in asked):
            self.add_error("stools", "Nothing was answered. “None” is 0.")
        return given

    @property
    def red_flags(self) -> list[tuple[forms.BoundField, TeamWording]]:
        """The ticks that alarm, each with what the site's protocol says to it (`say-…` in the page)."""
        return [(self[name], self.wordings[sign]) for sign, name in FIELD_OF.items()]

    @property
    def answers(self) -> Answers:
        """What the caller said, once the form is valid."""
        given = self.cleaned_data
        return Answers(**{each.name: given[each.name] for each in dataclasses.fields(Answers)})

    @property
    def caller_said(self) -> str:
        return str(self.cleaned_data["caller"] or Caller.PATIENT)


class OutcomeForm(forms.Form):
    outcome = forms.CharField(label="What was done", max_length=500, help_text="Whom you told, what was agreed")
    version = forms.IntegerField(widget=forms.HiddenInput)


class WordingForm(forms.Form):
    text = forms.CharField(
        label="What the protocol says",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One or two sentences, read while the caller is on the line. No doses.",
    )
