"""The form under which a number is signed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from patients.protocol.policies import why_not_value
from patients.protocol.queries import TeamNumber


class SignForm(forms.Form):
    value = forms.DecimalField(max_digits=10, decimal_places=3)
    note = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, number: TeamNumber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number
        definition = number.definition
        self.fields["value"].initial = f"{number.value:f}"
        self.fields["value"].widget.attrs["data-unit"] = definition.unit
        if definition.low is not None and definition.high is not None:
            self.fields[
                "value"
            ].help_text = f"{definition.low:f} to {definition.high:f} {definition.unit} by the source"

    def clean_value(self) -> Decimal:
        value: Decimal = self.cleaned_data["value"]
        reasons = why_not_value(self.number.code, value)
        if reasons:
            raise forms.ValidationError(reasons)
        return value
