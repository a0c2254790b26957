"""ESAS-r with the distress thermometer, and what was done about it."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.web.numbers import WholeNumberField
from patients.record.forms.base import LONGEST_TEXT, EntryForm, pretty
from patients.record.models import SymptomAssessment
from patients.record.rules import ESAS_ITEMS, ESAS_LABELS


class SymptomForm(EntryForm):
    """Each item 0 to 10 as the patient says it, empty where it was not asked."""

    lead = (
        "How it is now, 0 (none) to 10 (the worst possible); wellbeing 0 is best. Not an emergency channel: severe "
        "symptoms make a task for the nurse, due the next working day."
    )

    class Meta:
        model = SymptomAssessment
        fields = ("assessed_on", "filled_by", *ESAS_ITEMS, "other_name", "distress", "note")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*ESAS_ITEMS, "distress"):
            field = self.fields[name]
            field.label = ESAS_LABELS.get(name, "Distress, past week")
            field.widget.attrs |= {"data-unit": "0–10", "autocomplete": "off"}
            if isinstance(field, WholeNumberField):
                field.validators = []  # told in our own words below
        if not self.instance.pk:
            self.fields["assessed_on"].initial = self.today

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        scores = {name: values.get(name) for name in (*ESAS_ITEMS, "distress")}
        for name, score in scores.items():
            if score is not None and not 0 <= score <= 10 and name not in self.errors:
                self.add_error(name, "A whole number from 0 (none) to 10 (worst).")
        if values.get("other") is not None and not values.get("other_name"):
            self.add_error("other_name", "Name the other problem.")
        if all(score is None for score in scores.values()) and not self.errors:
            self.add_error("pain", "Enter at least one score.")
        return values


class AnswerForm(forms.Form):
    """What the nurse or clinician did about severe symptoms."""

    answer = forms.CharField(
        label="What was done",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what was done: called, advised, passed on to whom."},
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
