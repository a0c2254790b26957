"""The forms under which numbers are signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from careteam.web.signing import PasswordForm
from patients.protocol.commands import Choice
from patients.protocol.policies import why_not_value
from patients.protocol.queries import TeamNumber
from patients.protocol.rules import SITUATIONS, ScanChoice


class SignForm(PasswordForm):
    value = forms.DecimalField(max_digits=10, decimal_places=3)
    note = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("value", "note", "password")

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


@dataclass(frozen=True)
class SituationRow:
    """One situation in the form: what it is, and its controls (None where nothing can be chosen)."""

    number: TeamNumber
    value: forms.BoundField | None
    scan: forms.BoundField | None
    sign: forms.BoundField


class SituationsForm(forms.Form):
    """The team's protocol of situations in one form. Signed is what differs from what holds, and what is ticked.

    Names of fields hold the code with `_` for the dot: `value_S7_next`, `scan_S1`, `sign_S14`.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why the team changes or signs this."},
    )

    def __init__(
        self, *args: Any, held: Mapping[str, TeamNumber], version: int, defaults: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        self.fields["version"].initial = version
        for definition in SITUATIONS:
            number, name = held[definition.code], _name(definition.code)
            shown = definition.value if defaults else number.value
            if definition.low is not None:
                field = forms.IntegerField(
                    label=definition.code, widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 5})
                )
                field.initial = f"{shown:f}"
                self.fields[f"value_{name}"] = field
            if definition.scan:
                choice = forms.ChoiceField(label=f"{definition.code}, scan", choices=ScanChoice.choices)
                choice.initial = definition.scan if defaults else number.scan
                self.fields[f"scan_{name}"] = choice
            self.fields[f"sign_{name}"] = forms.BooleanField(
                label=f"Sign {definition.code}", required=False, initial=defaults
            )
        for name, control in self.fields.items():
            if name not in {"version", "reason"}:
                control.widget.attrs["aria-label"] = control.label

    @property
    def rows(self) -> list[SituationRow]:
        found = []
        for definition in SITUATIONS:
            name = _name(definition.code)
            found.append(
                SituationRow(
                    self.held[definition.code],
                    self[f"value_{name}"] if f"value_{name}" in self.fields else None,
                    self[f"scan_{name}"] if f"scan_{name}" in self.fields else None,
                    self[f"sign_{name}"],
                )
            )
        return found

    def start_of(self, held: Mapping[str, TeamNumber]) -> dict[str, Any]:
        """What the form starts with where these numbers hold; for comparing two versions."""
        values: dict[str, Any] = {}
        for definition in SITUATIONS:
            name = _name(definition.code)
            if f"value_{name}" in self.fields:
                values[f"value_{name}"] = int(held[definition.code].value)
            if f"scan_{name}" in self.fields:
                values[f"scan_{name}"] = held[definition.code].scan
        return values

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for definition in SITUATIONS:
            name = f"value_{_name(definition.code)}"
            if cleaned.get(name) is not None:
                for reason in why_not_value(definition.code, Decimal(cleaned[name])):
                    self.add_error(name, reason)
        if not self.errors and not self.choices:
            self.add_error(None, "Nothing to sign: change a value, or tick what is to be signed as it stands.")
        return cleaned

    @property
    def choices(self) -> dict[str, Choice]:
        """What would be signed."""
        found = {}
        for definition in SITUATIONS:
            name, number = _name(definition.code), self.held[definition.code]
            value = Decimal(self.cleaned_data.get(f"value_{name}", definition.value))
            scan = self.cleaned_data.get(f"scan_{name}", "")
            if self.cleaned_data.get(f"sign_{name}") or value != number.value or scan != number.scan:
                found[definition.code] = Choice(value, scan)
        return found


def _name(code: str) -> str:
    return code.replace(".", "_")
