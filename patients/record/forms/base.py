"""What the forms of the record share: dates checked, numbers read as people type them, rows checked in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.forms.models import model_to_dict
from django.utils import timezone

from careteam.web.numbers import NumberField, WholeNumberField
from patients.record.models import ClinicalRow, Patient

if TYPE_CHECKING:
    RowForm = forms.ModelForm[Any]
else:
    RowForm = forms.ModelForm  # generic in its stubs only

EARLIEST = date(1900, 1, 1)
LONGEST_TEXT = 20_000

EMPTY = "Not stated"
LABELS = {
    "is_metastasis": "From a metastasis",
    "is_mixed": "Mixed (MiNEN)",
    "is_lung": "Lung primary",
    "is_main": "The diagnosis this team treats",
    "net_status": "Neuroendocrine",
    "sstr_rads": "SSTR-RADS",
    "netpet": "NETPET",
    "ki67": "Ki-67",
    "icd10": "ICD-10",
    "morphology": "ICD-O-3 morphology",
    "stage_t": "T",
    "stage_n": "N",
    "stage_m": "M",
    "stage_edition": "Edition",
    "on_ppi": "On a PPI",
    "is_responsible": "Responsible: decides when a scan is overdue",
    "is_proxy": "Health care proxy",
    "mixed_share": "Neuroendocrine component",
    "mixed_with": "Other component",
    "mixed_grade": "Grade of the other component",
    "icu_from": "Intensive care from",
    "icu_until": "Intensive care until",
}
UNITS = {"ki67": "%", "mitoses": "per 2 mm²", "burden_percent": "%", "mixed_share": "%"}

# The command itself makes room for a new main diagnosis or responsible person.
HANDLED_BY_COMMAND = frozenset({"diagnosis_one_main", "careteam_one_responsible", "measurement_has_a_value"})
CONSTRAINT_WORDS = {
    "liver_pattern_names_scheme": "Name the scheme of the pattern: 1 to 3 mean different things in each.",
    "admission_dates_in_order": "The discharge lies before the admission.",
    "careteam_names_somebody": "Choose a person of the team or write a name.",
}
CONSTRAINT_FIELD = {"liver_pattern_names_scheme": "scheme", "admission_dates_in_order": "discharged_on"}
# Pairs of dates that have an order: earlier, later, what to say beside the later one.
IN_ORDER = (
    ("started_on", "ended_on", "The end lies before the start."),
    ("since", "resolved_on", "The end lies before the beginning."),
    ("admitted_on", "icu_from", "Intensive care began before the admission."),
    ("icu_from", "icu_until", "The end lies before the start."),
    ("icu_until", "discharged_on", "The discharge lies before the end of intensive care."),
    ("diagnosed_on", "staged_on", "The staging lies before the diagnosis. Check both dates."),
)


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def pretty(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """Date pickers, numbers as people type them, length limits, honest yes / no / unknown for generated fields."""
    if isinstance(field, models.DateTimeField):
        kwargs["widget"] = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    elif isinstance(field, models.DateField):
        kwargs["widget"] = date_input()
    elif isinstance(field, models.DecimalField):
        kwargs["form_class"] = NumberField
    elif isinstance(field, models.IntegerField) and not field.choices:
        kwargs["form_class"] = WholeNumberField
    elif isinstance(field, models.TextField):
        kwargs.setdefault("max_length", LONGEST_TEXT)
        kwargs["widget"] = forms.Textarea(attrs={"rows": 3})
    elif isinstance(field, models.BooleanField) and field.null:
        kwargs["widget"] = forms.NullBooleanSelect()
    made = field.formfield(**kwargs)
    if isinstance(made, NumberField | WholeNumberField) and field.name in UNITS:
        made.units = (UNITS[field.name],)  # type: ignore[union-attr]
    return made


class EntryForm(RowForm):
    """Base: carries the row's version, refuses dates before 1900 and, unless the fact may lie ahead, in the future."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    future_ok: tuple[str, ...] = ()
    # Fields that need another one beside them: field, what it needs, what to say beside the missing one.
    needs: tuple[tuple[str, str, str], ...] = ()
    lead = ""

    def __init__(self, *args: Any, today: date, patient: Patient, **kwargs: Any) -> None:
        self.today, self.patient = today, patient
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version if self.instance.pk else None
        for name, field in self.fields.items():
            if name in LABELS:
                field.label = LABELS[name]
            if name in UNITS:
                field.widget.attrs["data-unit"], field.help_text = UNITS[name], ""
            if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
                options: Any = field.choices
                field.choices = [(value, label if value else EMPTY) for value, label in options]

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        """What the form starts with for a row, or for one version of it in its history."""
        if isinstance(row, cls._meta.model):
            return model_to_dict(row, fields=cls._meta.fields)
        named = {field.name: field for field in cls._meta.model._meta.concrete_fields}
        return {name: getattr(row, named[name].attname) for name in cls._meta.fields or () if name in named}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        for name, value in list(values.items()):
            if not isinstance(value, date):
                continue
            on = timezone.localtime(value).date() if isinstance(value, datetime) else value
            if on < EARLIEST:
                self.add_error(name, "This date lies before 1900. Check the year.")
            elif on > self.today and name not in self.future_ok:
                self.add_error(name, "This date lies in the future.")
            elif self.patient.birth_date and on < self.patient.birth_date:
                self.add_error(name, "This date lies before the patient was born.")
            elif self.patient.deceased_on and on > self.patient.deceased_on:
                self.add_error(name, "This date lies after the patient died.")
        for first, second, words in IN_ORDER:
            before, after = values.get(first), values.get(second)
            if before and after and after < before:
                self.add_error(second, words)
        for given, wanted, words in self.needs:
            if values.get(given) not in {None, ""} and not values.get(wanted) and wanted not in self.errors:
                self.add_error(wanted, words)
        self._check_row(values)
        return values

    def _check_row(self, values: dict[str, Any]) -> None:
        """Field validators and database constraints, in words, before the command runs into them."""
        names = {field.name for field in self._meta.model._meta.fields} & values.keys()
        probe = self._meta.model(patient=self.patient, **{name: values[name] for name in names if name != "version"})
        try:
            probe.clean_fields(exclude={f.name for f in probe._meta.fields} - names)
        except forms.ValidationError as error:
            for name, messages in error.message_dict.items():
                if name not in self.errors:
                    self.add_error(name, messages)
        for constraint in probe._meta.constraints:
            if constraint.name in HANDLED_BY_COMMAND or self.errors:
                continue
            try:
                constraint.validate(self._meta.model, probe)
            except forms.ValidationError:
                beside = CONSTRAINT_FIELD.get(constraint.name)
                self.add_error(
                    beside if beside in self.fields else None,
                    CONSTRAINT_WORDS.get(constraint.name, "These values do not fit together."),
                )

    def values(self) -> dict[str, Any]:
        """What the command writes: every field of the form but the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def _post_clean(self) -> None:
        """The instance stays untouched until the command writes it under a lock."""


def form_for(
    table: type[ClinicalRow],
    *names: str,
    ahead: tuple[str, ...] = (),
    needs: tuple[tuple[str, str, str], ...] = (),
    lead: str = "",
) -> type[EntryForm]:
    """The form of a table with these fields; `ahead` names dates that may lie in the future."""
    meta = type("Meta", (), {"model": table, "fields": names, "formfield_callback": staticmethod(pretty)})
    return type(f"{table.__name__}Form", (EntryForm,), {"Meta": meta, "future_ok": ahead, "needs": needs, "lead": lead})
