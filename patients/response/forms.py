"""One table of lesions as a form: last diameters beside today's fields."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField

from patients.imaging.models import ImagingStudy
from patients.record.rules import ResponseCategory
from patients.response.commands import Entry, NewLesion
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.response.queries import Series, is_known
from patients.response.rules import OTHER_STATES, TARGET_STATES, LesionRole, Reading, Seen

BLANK_AT_BASELINE, BLANK_LATER = 6, 2
ORGANS = ("liver", "lymph node", "lung", "bone", "pancreas", "peritoneum", "mesentery", "small bowel", "adrenal")
_TARGET_WORDS = [("", "Measured"), *((state.value, state.label) for state in TARGET_STATES if state != Seen.MEASURED)]
_OTHER_WORDS = [(state.value, state.label) for state in OTHER_STATES]
_ROLE_WORDS = [(LesionRole.TARGET.value, "Target"), (LesionRole.NON_TARGET.value, "Non-target")]


class Millimeters(forms.DecimalField):
    """A diameter in mm with one decimal, comma or point."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal("0.1"),
            max_value=Decimal(500),
            max_digits=5,
            decimal_places=1,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 6, "autocomplete": "off"}),
        )

    def to_python(self, value: Any) -> Any:
        return super().to_python(str(value).replace(",", ".") if value else value)


class ErrorForm(forms.Form):
    reason = forms.CharField(label="What was wrong", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class LesionForm(forms.Form):
    """What a lesion is called."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    organ = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"list": "organs"}))
    site = forms.CharField(label="Where in it", required=False, max_length=120)
    is_node = forms.BooleanField(
        label="Lymph node", required=False, help_text="Nodes are measured in the short axis and count as one organ"
    )

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a lesion, or for one of its former versions."""
        return {name: getattr(row, name) for name in ("organ", "site", "is_node")}


class AssessmentForm(forms.Form):
    """Readings of known lesions, blank rows for lesions named on this study, and the reader's conclusion. `entry` is
    what was readable of it, complete or not."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, series: Series, study: ImagingStudy) -> None:
        self.series, self.study = series, study
        column = series.at(study)
        self.row = column.assessment if column else None
        self.is_baseline = not series.before(study)
        self.lesions = [lesion for lesion in series.lesions if is_known(lesion, study)]
        start: dict[str, Any] = {"version": 0}
        if self.row is not None:
            start = self.start_of(self.row) | {"version": self.row.version}
        super().__init__(data, initial=start)
        for lesion in self.lesions:
            self._ask(lesion)
        self.blanks = BLANK_AT_BASELINE if self.is_baseline and not self.lesions else BLANK_LATER
        for n in range(self.blanks):
            self._ask_new(n)
        if not self.is_baseline:
            self.fields["confirmed"] = forms.ChoiceField(
                label="Response, confirmed by the reader",
                choices=ResponseCategory.choices,
                widget=forms.RadioSelect,
                error_messages={"required": "Confirm the response."},
            )
            self.fields["reason"] = forms.CharField(
                label="Why it differs from the calculated one",
                required=False,
                max_length=300,
            )
        self.fields["note"] = forms.CharField(required=False, max_length=500)
        for name, field in self.fields.items():
            if name.partition("_")[1] and not isinstance(field.widget, forms.RadioSelect):
                field.widget.attrs["aria-label"] = field.label  # a cell of the table: the column's head is its label

    def _ask(self, lesion: Lesion) -> None:
        name = str(lesion)
        if lesion.role == LesionRole.TARGET:
            self.fields[f"mm_{lesion.pk}"] = Millimeters(f"{name}, mm")
            states = forms.ChoiceField(label=f"{name}, if not measured", choices=_TARGET_WORDS, required=False)
        else:
            states = forms.ChoiceField(
                label=name,
                choices=_OTHER_WORDS,
                widget=forms.RadioSelect,
                required=False,
            )
        self.fields[f"seen_{lesion.pk}"] = states

    def _ask_new(self, n: int) -> None:
        row = f"row {n + 1}"
        if self.is_baseline:
            self.fields[f"role_{n}"] = forms.ChoiceField(label=f"Role, {row}", choices=_ROLE_WORDS, required=False)
        self.fields[f"organ_{n}"] = forms.CharField(
            label=f"Organ, {row}", required=False, max_length=60, widget=forms.TextInput(attrs={"list": "organs"})
        )
        self.fields[f"site_{n}"] = forms.CharField(label=f"Where in it, {row}", required=False, max_length=120)
        self.fields[f"node_{n}"] = forms.BooleanField(label=f"Lymph node, {row}", required=False)
        self.fields[f"size_{n}"] = Millimeters(f"Diameter, {row}, mm")

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for an assessment, or for one of its former versions."""
        start: dict[str, Any] = {name: getattr(row, name) for name in ("confirmed", "reason", "note")}
        if isinstance(row, ResponseAssessment):
            readings: Any = LesionReading.objects.valid().filter(assessment=row)
        else:  # a version of the history: the readings as they were then
            history: Any = LesionReading._meta.get_field("events").related_model
            readings = history.objects.filter(
                assessment_id=row.pgh_obj_id, pgh_created_at__lte=row.pgh_created_at
            ).order_by("pgh_id")
        for reading in readings:
            start[f"mm_{reading.lesion_id}"] = reading.mm
            measured = reading.seen == Seen.MEASURED
            start[f"seen_{reading.lesion_id}"] = "" if measured else reading.seen
        return start

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for lesion in self.lesions:
            mm, seen = f"mm_{lesion.pk}", f"seen_{lesion.pk}"
            if lesion.role == LesionRole.TARGET:
                if cleaned.get(mm) is None and not cleaned.get(seen) and mm not in self.errors:
                    self.add_error(mm, "Enter the diameter, or say why there is none.")
                elif cleaned.get(mm) is not None and cleaned.get(seen):
                    self.add_error(mm, "Either a diameter or a reason why there is none.")
            elif not cleaned.get(seen):
                self.add_error(seen, "Choose one.")
        for n in range(self.blanks):
            self._clean_new(cleaned, n)
        return cleaned

    def _clean_new(self, cleaned: dict[str, Any], n: int) -> None:
        organ, size = cleaned.get(f"organ_{n}"), cleaned.get(f"size_{n}")
        if not organ and (size is not None or cleaned.get(f"site_{n}")):
            self.add_error(f"organ_{n}", "Name the organ.")
        is_target = self.is_baseline and cleaned.get(f"role_{n}") == LesionRole.TARGET
        if organ and is_target and size is None and f"size_{n}" not in self.errors:
            self.add_error(f"size_{n}", "A target needs its diameter.")

    def entry(self) -> Entry:
        """What was read; lesions without a readable value are left out."""
        data = self.cleaned_data
        readings: dict[int, Reading] = {}
        for lesion in self.lesions:
            mm, seen = data.get(f"mm_{lesion.pk}"), data.get(f"seen_{lesion.pk}")
            if mm is not None:
                readings[lesion.pk] = Reading(Seen.MEASURED, mm)
            elif seen:
                readings[lesion.pk] = Reading(Seen(seen))
        return Entry(
            readings=readings,
            added=tuple(self._added(data)),
            confirmed=data.get("confirmed", ""),
            reason=data.get("reason", ""),
            note=data.get("note", ""),
        )

    def _added(self, data: dict[str, Any]) -> Iterator[NewLesion]:
        for n in range(self.blanks):
            organ, size = data.get(f"organ_{n}"), data.get(f"size_{n}")
            role = LesionRole(data.get(f"role_{n}") or LesionRole.NON_TARGET) if self.is_baseline else LesionRole.NEW
            if not organ or (role == LesionRole.TARGET and size is None):
                continue
            measured = role == LesionRole.TARGET
            yield NewLesion(
                role=role,
                organ=organ,
                site=data.get(f"site_{n}") or "",
                is_node=bool(data.get(f"node_{n}")),
                reading=Reading(Seen.MEASURED if measured else Seen.PRESENT, size),
                field=f"size_{n}",
            )

    @property
    def is_complete(self) -> bool:
        """Whether every known lesion has a readable value."""
        return self.is_bound and len(self.entry().readings) == len(self.lesions)

    # --- for the table -------------------------------------------------------------------------------------------

    def known_rows(self) -> Iterator[tuple[Lesion, list[LesionReading | None], BoundField | None, BoundField]]:
        """(lesion, readings of baseline and last study, field for mm, field for the state)."""
        earlier = self.series.before(self.study)
        shown = [earlier[0], earlier[-1]] if len(earlier) > 1 else list(earlier)
        for lesion in self.lesions:
            mm = self[f"mm_{lesion.pk}"] if lesion.role == LesionRole.TARGET else None
            yield lesion, [column.readings.get(lesion.pk) for column in shown], mm, self[f"seen_{lesion.pk}"]

    def new_rows(self) -> Iterator[list[BoundField]]:
        """The fields of each blank row."""
        names = ["role", "organ", "site", "node", "size"] if self.is_baseline else ["organ", "site", "node", "size"]
        for n in range(self.blanks):
            yield [self[f"{name}_{n}"] for name in names]
