"""The form of a toxicity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from patients.treatment import policies
from patients.treatment.forms.asking import Suggesting
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import GRADES, TERMS, Limit, meaning

TERM_REFRESH = {
    "hx-vals": '{"refresh": "term"}',
    "hx-trigger": "change",
    "hx-target": "#grades",
    "hx-select": "#grades",
    "hx-swap": "outerMorph",
    "hx-include": "closest form",
}


class ToxicityForm(forms.Form):
    """Term, grade with what it means for this term, from when to when. `version` 0: a new one."""

    term = forms.CharField(
        label="Toxicity", max_length=120, help_text="CTCAE v5 term; another may be typed", widget=Suggesting(TERMS)
    )
    grade = forms.TypedChoiceField(
        coerce=int, choices=[], widget=forms.RadioSelect, error_messages={"required": "Choose the grade."}
    )
    noticed_on = forms.DateField(label="Since", widget=forms.DateInput)
    resolved_on = forms.DateField(label="Resolved", required=False, widget=forms.DateInput)
    note = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        line: TreatmentLine | None,
        limits: Mapping[str, Limit],
        today: date,
        refresh_url: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.line, self.today = line, today
        term = (self.data.get("term") if self.is_bound else self.initial.get("term")) or ""
        choices = [(grade, f"{grade} · {meaning(term.strip(), grade, limits)}") for grade in GRADES]
        self.fields["grade"].choices = choices  # type: ignore[attr-defined]
        self.fields["term"].widget = Suggesting(TERMS, TERM_REFRESH | {"hx-post": refresh_url} if refresh_url else {})

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a toxicity, or for one version of it in its history."""
        names = ("term", "grade", "noticed_on", "resolved_on", "note", "version")
        return {name: getattr(row, name) for name in names}

    def values(self) -> dict[str, Any]:
        """What the commands write."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"term", "grade", "noticed_on"} <= set(cleaned) and "resolved_on" not in self.errors:
            problems = policies.toxicity_problems(
                self.line,
                term=cleaned["term"],
                grade=cleaned["grade"],
                noticed_on=cleaned["noticed_on"],
                resolved_on=cleaned["resolved_on"],
                today=self.today,
            )
            for name, sentence in problems.items():
                self.add_error(name, sentence)
        return cleaned
