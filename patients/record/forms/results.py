"""One result, or the sheet of labs of one day: any accepted unit, unusual values asked about before they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from careteam.web.numbers import Typed, typed_number
from patients.record.forms.base import EARLIEST, EntryForm, date_input, pretty
from patients.record.models import Measurement, Patient
from patients.record.queries import SheetLine
from patients.record.rules import MEASURES, Measure, Question, converted, plain, question

LARGEST = Decimal(10) ** 9


def _read(text: str) -> Typed:
    typed = typed_number(text)
    if abs(typed.number) >= LARGEST:
        raise ValueError("This number is too large to be a result.")
    if typed.number != round(typed.number, 6):
        raise ValueError("Write at most six digits behind the point.")
    return typed


@dataclass(frozen=True)
class Answer:
    """One way to answer a question about a value: the button's words and the unit it stands for."""

    words: str
    unit: str


def answers(asked: Question, typed: Typed) -> list[Answer]:
    """The units in which the value would be unremarkable, then the one that was typed."""
    amount = f"{typed.comparator}{plain(typed.number)}"
    units = [*asked.others, asked.chosen] if asked.may_confirm else list(asked.others)
    return [Answer(f"{amount} {unit.name or unit.code}", unit.code) for unit in units]


def stored(measure: Measure, typed: Typed, unit: str) -> dict[str, Any]:
    """The columns of a result; `unit` is confirmed or was not questioned. Raises ValueError in words."""
    value, code = converted(measure, typed.number, unit, sure=True)
    chosen = measure.unit_named(unit) if unit else measure.unit
    return {
        "code": measure.code,
        "label": measure.label,
        "category": measure.category,
        "value": value,
        "comparator": typed.comparator,
        "unit": code,
        "original_value": plain(typed.number),
        "original_unit": chosen.code if chosen else unit,
    }


def noon(on: date) -> datetime:
    """A day without an hour."""
    return datetime.combine(on, time(12), tzinfo=UTC)


class MeasurementForm(EntryForm):
    """One result in any accepted unit. A value that is unusual in its unit is questioned before it is stored: the
    answer comes back as `sure`, the unit that was confirmed with one click."""

    measure = forms.ChoiceField(label="What", choices=[(m.code, m.label) for m in MEASURES.values()])
    amount = forms.CharField(
        label="Value",
        max_length=60,
        help_text="12.5 or 12,5, also <5; a unit may stand behind it: 104 g/L.",
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
    )
    entered_unit = forms.ChoiceField(
        label="Unit",
        required=False,
        help_text="Left empty: the unit in which this team reads the test.",
        choices=[
            ("", "Usual unit"),
            *sorted({(u.code, u.label or "score") for m in MEASURES.values() for u in m.units}, key=lambda c: c[1]),
        ],
    )
    taken_on = forms.DateField(label="Taken on", widget=date_input())
    sure = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Measurement
        fields = ("assay", "on_ppi", "fasting", "note")
        formfield_callback = staticmethod(pretty)

    field_order = ("measure", "amount", "entered_unit", "taken_on", "assay", "on_ppi", "fasting", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[Answer] = []
        if self.instance.pk:
            self.initial.update(self.start_of(self.instance))
        else:
            self.initial.setdefault("taken_on", self.today)

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        amount = row.original_value or (plain(row.value) if row.value is not None else row.text)
        if row.comparator and not amount.startswith(row.comparator):
            amount = f"{row.comparator}{amount}"
        measure = MEASURES.get(row.code)
        unit = measure.unit_named(row.original_unit or row.unit) if measure else None
        return super().start_of(row) | {
            "measure": row.code,
            "amount": amount,
            "entered_unit": unit.code if unit else row.original_unit or row.unit,
            "taken_on": timezone.localtime(row.taken_at).date(),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        measure: Measure | None = MEASURES.get(values.get("measure", ""))
        if measure is None or not values.get("amount"):
            return values
        try:
            typed = _read(values["amount"])
            unit = typed.unit or values.get("entered_unit") or measure.preferred(self.patient.team.units).code
            sure = measure.unit_named(values["sure"]) if values.get("sure") else None
            if sure is not None:
                unit = sure.code
            asked = None if sure is not None else question(measure, typed.number, unit)
            if asked is not None:
                self.asked = answers(asked, typed)
                self.add_error("amount", asked.sentence)
                return values
            values["columns"] = stored(measure, typed, unit)
        except ValueError as problem:
            self.add_error("amount", str(problem))
        return values

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        taken = noon(given["taken_on"])
        row: Measurement = self.instance
        if row.pk and timezone.localtime(row.taken_at).date() == given["taken_on"]:
            taken = row.taken_at  # the hour of the laboratory stays
        return {
            **given["columns"],
            "taken_at": taken,
            "assay": given["assay"],
            "on_ppi": given["on_ppi"],
            "fasting": given["fasting"],
            "note": given["note"],
        }


@dataclass(frozen=True)
class SheetRow:
    """One test of the sheet with what was typed, its error and, where asked, the answers."""

    line: SheetLine
    bound: forms.BoundField
    asked: tuple[Answer, ...]
    sure: str

    @property
    def sure_name(self) -> str:
        return f"sure_{self.line.measure.code}"


class SheetForm(forms.Form):
    """Labs of one day: one field per test, the unit of the team unless another stands behind the number."""

    taken_on = forms.DateField(label="Taken on", widget=date_input())
    assay = forms.CharField(
        label="Chromogranin A assay", max_length=80, required=False, help_text="Other assays are other numbers."
    )
    on_ppi = forms.BooleanField(label="Takes a proton-pump inhibitor", required=False)
    fasting = forms.BooleanField(label="Fasting", required=False)

    def __init__(self, *args: Any, lines: Sequence[SheetLine], patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines, self.patient, self.today = lines, patient, today
        self.asked: dict[str, list[Answer]] = {}
        self.found: list[dict[str, Any]] = []
        for line in lines:
            self.fields[line.measure.code] = forms.CharField(
                label=line.measure.label,
                required=False,
                max_length=60,
                widget=forms.TextInput(attrs={"autocomplete": "off", "size": 12}),
            )

    @property
    def rows(self) -> list[SheetRow]:
        return [
            SheetRow(
                line,
                self[line.measure.code],
                tuple(self.asked.get(line.measure.code, ())),
                self.data.get(f"sure_{line.measure.code}", "") if self.is_bound else "",
            )
            for line in self.lines
        ]

    def clean_taken_on(self) -> date:
        on: date = self.cleaned_data["taken_on"]
        if on < EARLIEST:
            raise forms.ValidationError("This date lies before 1900. Check the year.")
        if on > self.today:
            raise forms.ValidationError("This date lies in the future.")
        if self.patient.birth_date and on < self.patient.birth_date:
            raise forms.ValidationError("This date lies before the patient was born.")
        if self.patient.deceased_on and on > self.patient.deceased_on:
            raise forms.ValidationError("This date lies after the patient died.")
        return on

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        for line in self.lines:
            measure = line.measure
            text = (values.get(measure.code) or "").strip()
            if not text:
                continue
            try:
                typed = _read(text)
                sure = measure.unit_named(self.data.get(f"sure_{measure.code}", "") or "\0")
                unit = sure.code if sure else typed.unit or line.unit.code
                asked = None if sure else question(measure, typed.number, unit)
                if asked is not None:
                    self.asked[measure.code] = answers(asked, typed)
                    self.add_error(measure.code, asked.sentence)
                    continue
                self.found.append(stored(measure, typed, unit))
            except ValueError as problem:
                self.add_error(measure.code, str(problem))
        if not self.found and not self.errors:
            self.add_error(None, "Enter at least one value.")
        return values

    def results(self) -> list[dict[str, Any]]:
        """The columns of each result, in the order of the sheet."""
        given = self.cleaned_data
        rows = []
        for columns in self.found:
            measure = MEASURES[columns["code"]]
            rows.append(
                columns
                | {
                    "taken_at": noon(given["taken_on"]),
                    "fasting": given["fasting"] or None,
                    "on_ppi": given["on_ppi"] if measure.ppi_matters else None,
                    "assay": given["assay"] if measure.ppi_matters else "",
                }
            )
        return rows
