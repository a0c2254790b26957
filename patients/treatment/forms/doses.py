"""Forms of doses."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.treatment.forms.acts import VersionForm

DOSE_ACTS = [
    ("give", "Given"),
    ("delay", "Moved to another day"),
    ("hold", "Held"),
    ("skip", "Left out"),
    ("cancel", "Canceled"),
]


class DoseForm(VersionForm):
    """One dose: what became of it."""

    act = forms.ChoiceField(label="What happened", choices=DOSE_ACTS, widget=forms.RadioSelect, initial="give")
    on = forms.DateField(label="Day", required=False, widget=forms.DateInput, help_text="Given on, or moved to")
    amount = forms.DecimalField(
        label="Amount", required=False, min_value=0, max_digits=10, decimal_places=3, help_text="Only if it matters"
    )
    unit = forms.ChoiceField(
        required=False, choices=[(unit, unit or "–") for unit in ("", "mg", "g", "mg/m²", "GBq", "mCi", "MU", "Gy")]
    )
    reduced = forms.BooleanField(label="Reduced dose", required=False)
    given_elsewhere = forms.CharField(
        label="Given elsewhere, confirmed by", required=False, max_length=160, help_text="Leave empty if given here"
    )
    reason = forms.CharField(label="Reason or note", required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        act = cleaned.get("act")
        if act in {"give", "delay"} and not cleaned.get("on") and "on" not in self.errors:
            self.add_error("on", "Choose the day.")
        if act and act != "give" and not cleaned.get("reason"):
            self.add_error("reason", "Say why.")
        if cleaned.get("amount") is not None and not cleaned.get("unit"):
            self.add_error("unit", "Choose the unit of the amount.")
        return cleaned
