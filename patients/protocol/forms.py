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
from patients.protocol.rules import BURDEN_WORDS, PROFILED, SITUATIONS, ScanChoice, burden_code


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


@dataclass(frozen=True)
class BurdenRow:
    """One option in the form of burdens: its numbers as they hold, and their fields, in the order of the burdens."""

    name: str
    cells: list[tuple[TeamNumber, forms.BoundField]]


class BurdensForm(PasswordForm):
    """What each option asks of a patient, signed together: every figure of the table, changed or not."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what the figures rest on."},
    )

    def __init__(self, *args: Any, held: Mapping[str, TeamNumber], version: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        self.fields["version"].initial = version
        for option, name in PROFILED.items():
            for burden, (words, unit, _) in BURDEN_WORDS.items():
                control = forms.IntegerField(
                    label=f"{name}: {words}",
                    widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 3, "aria-label": f"{name}: {words}"}),
                )
                control.initial = int(held[burden_code(option, burden)].value)
                control.widget.attrs["data-unit"] = unit
                self.fields[_name(burden_code(option, burden))] = control
        self.order_fields([name for name in self.fields if name not in {"reason", "password"}])

    @property
    def rows(self) -> list[BurdenRow]:
        return [
            BurdenRow(
                name,
                [(self.held[code], self[_name(code)]) for code in (burden_code(option, each) for each in BURDEN_WORDS)],
            )
            for option, name in PROFILED.items()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for code, choice in self.choices.items():
            for reason in why_not_value(code, choice.value):
                self.add_error(_name(code), reason)
        return cleaned

    @property
    def choices(self) -> dict[str, Choice]:
        """What would be signed: every figure that could be read."""
        codes = [burden_code(option, burden) for option in PROFILED for burden in BURDEN_WORDS]
        return {
            code: Choice(Decimal(self.cleaned_data[_name(code)]))
            for code in codes
            if self.cleaned_data.get(_name(code)) is not None
        }
