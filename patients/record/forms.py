"""Forms for every fact of the record. A ModelForm per table; what is clinical is checked in `rules`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils import timezone

from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    ClinicalFlag,
    ClinicalRow,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    LiverAssessment,
    Measurement,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    ReceptorImaging,
    Specimen,
)
from patients.record.rules import MEASURES, EnrollmentStatus, Measure, converted

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
}
UNITS = {"ki67": "%", "mitoses": "per 2 mm²", "burden_percent": "%"}

# The command itself makes room for a new main diagnosis or responsible person.
HANDLED_BY_COMMAND = frozenset({"diagnosis_one_main", "careteam_one_responsible", "measurement_has_a_value"})
CONSTRAINT_WORDS = {
    "liver_pattern_names_scheme": "Name the scheme of the pattern: 1 to 3 mean different things in each.",
    "admission_dates_in_order": "The discharge lies before the admission.",
    "careteam_names_somebody": "Choose a person of the team or write a name.",
}


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _pretty(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """Date pickers, length limits and honest yes / no / unknown for every generated field."""
    if isinstance(field, models.DateTimeField):
        kwargs["widget"] = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    elif isinstance(field, models.DateField):
        kwargs["widget"] = date_input()
    elif isinstance(field, models.TextField):
        kwargs.setdefault("max_length", LONGEST_TEXT)
        kwargs["widget"] = forms.Textarea(attrs={"rows": 3})
    elif isinstance(field, models.BooleanField) and field.null:
        kwargs["widget"] = forms.NullBooleanSelect()
    return field.formfield(**kwargs)


class EntryForm(RowForm):
    """Base: carries the row's version, refuses dates before 1900 and, unless the fact may lie ahead, in the future."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    future_ok: tuple[str, ...] = ()

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
                self.add_error(None, CONSTRAINT_WORDS.get(constraint.name, "These values do not fit together."))

    def values(self) -> dict[str, Any]:
        """What the command writes: every field of the form but the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def _post_clean(self) -> None:
        """The instance stays untouched until the command writes it under a lock."""


def _form(table: type[ClinicalRow], *names: str, ahead: tuple[str, ...] = ()) -> type[EntryForm]:
    meta = type("Meta", (), {"model": table, "fields": names, "formfield_callback": staticmethod(_pretty)})
    return type(f"{table.__name__}Form", (EntryForm,), {"Meta": meta, "future_ok": ahead})


class SpecimenForm(EntryForm):
    class Meta:
        model = Specimen
        fields = (
            "taken_on",
            "kind",
            "site",
            "is_metastasis",
            "differentiation",
            "ki67",
            "mitoses",
            "cell_type",
            "is_mixed",
            "is_lung",
            "necrosis",
            "reference",
            "conclusion",
        )
        formfield_callback = staticmethod(_pretty)
        labels = {
            "ki67": "Ki-67",
            "mitoses": "Mitoses per 2 mm²",
            "is_mixed": "Mixed (MiNEN)",
            "is_lung": "Lung primary",
        }

    def clean_ki67(self) -> Decimal | None:
        value: Decimal | None = self.cleaned_data["ki67"]
        if value is not None and not 0 <= value <= 100:
            raise forms.ValidationError("Ki-67 is a percentage between 0 and 100.")
        return value


class MeasurementForm(EntryForm):
    """One result in any accepted unit; a value that is implausible in its unit is questioned before it is stored."""

    measure = forms.ChoiceField(label="What", choices=[(m.code, m.label) for m in MEASURES.values()])
    amount = forms.DecimalField(label="Value", max_digits=14, decimal_places=5)
    entered_unit = forms.ChoiceField(
        label="Unit",
        required=False,
        help_text="Left empty: the first unit of this test.",
        choices=[
            ("", "Usual unit"),
            *sorted({(u.code, u.label or "score") for m in MEASURES.values() for u in m.units}),
        ],
    )
    taken_on = forms.DateField(label="Taken on", widget=date_input())

    class Meta:
        model = Measurement
        fields = ("assay", "on_ppi", "fasting", "note")
        formfield_callback = staticmethod(_pretty)

    field_order = ("measure", "amount", "entered_unit", "taken_on", "assay", "on_ppi", "fasting", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: Measurement = self.instance
        if row.pk:
            self.initial.update(
                {
                    "measure": row.code,
                    "amount": row.original_value or row.value,
                    "entered_unit": row.original_unit or row.unit,
                    "taken_on": timezone.localtime(row.taken_at).date(),
                }
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        measure: Measure | None = MEASURES.get(values.get("measure", ""))
        if measure is not None and values.get("amount") is not None:
            try:
                values["value"], values["unit"] = converted(measure, values["amount"], values.get("entered_unit", ""))
            except ValueError as error:
                self.add_error("amount", str(error))
        return values

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        measure = MEASURES[given["measure"]]
        return {
            "code": measure.code,
            "label": measure.label,
            "category": measure.category,
            "value": given["value"],
            "unit": given["unit"],
            "original_value": f"{given['amount'].normalize():f}",
            "original_unit": given["entered_unit"] or measure.unit.code,
            "taken_at": datetime.combine(given["taken_on"], time(12), tzinfo=UTC),
            "assay": given["assay"],
            "on_ppi": given["on_ppi"],
            "fasting": given["fasting"],
            "note": given["note"],
        }


# What a person can enter: key in the URL, heading, form.
ENTRIES: dict[str, tuple[str, type[EntryForm]]] = {
    "diagnosis": (
        "Diagnosis",
        _form(
            Diagnosis,
            "net_status",
            "is_main",
            "primary_site",
            "site_detail",
            "label",
            "diagnosed_on",
            "syndrome",
            "syndrome_on",
            "stage",
            "stage_detail",
            "stage_t",
            "stage_n",
            "stage_m",
            "stage_edition",
            "staged_on",
            "icd10",
            "morphology",
        ),
    ),
    "specimen": ("Specimen", SpecimenForm),
    "metastasis": ("Metastatic site", _form(Metastasis, "site", "detail", "found_on")),
    "liverassessment": (
        "Liver metastases",
        _form(LiverAssessment, "assessed_on", "scheme", "pattern", "burden_percent", "lobes"),
    ),
    "receptorimaging": (
        "Receptor status",
        _form(
            ReceptorImaging,
            "imaged_on",
            "tracer",
            "modality",
            "positive",
            "krenning",
            "sstr_rads",
            "netpet",
            "fdg_avid",
            "discordant_lesions",
            "finding",
        ),
    ),
    "diseasestatus": ("Response or progression", _form(DiseaseStatus, "assessed_on", "category", "method", "note")),
    "measurement": ("Result", MeasurementForm),
    "geneticresult": ("Genetic result", _form(GeneticResult, "origin", "gene", "result", "pathogenic", "tested_on")),
    "allergy": (
        "Allergy or reaction",
        _form(Allergy, "kind", "substance", "reaction", "severity", "since", "asked_on"),
    ),
    "medication": (
        "Medication",
        _form(Medication, "name", "drug_class", "dose", "started_on", "ended_on", "asked_on", ahead=("ended_on",)),
    ),
    "comorbidity": ("Comorbidity", _form(Comorbidity, "label", "icd10", "since", "resolved_on")),
    "clinicalflag": ("Alert", _form(ClinicalFlag, "kind", "state", "detail", "asked_on")),
    "admission": (
        "Admission",
        _form(Admission, "admitted_on", "discharged_on", "unplanned", "reason", "place"),
    ),
    "encounter": (
        "Visit or call",
        _form(Encounter, "kind", "starts_at", "with_whom", "reason", ahead=("starts_at",)),
    ),
    "patientcontact": (
        "Person who may be told",
        _form(
            PatientContact,
            "name",
            "relation",
            "phone",
            "scope",
            "consent_on",
            "is_proxy",
            "proxy_document_seen",
            "is_emergency_contact",
            "is_caregiver",
        ),
    ),
    "careteammember": (
        "Member of the care team",
        _form(CareTeamMember, "role", "person", "name", "organization", "phone", "is_responsible", "started_on"),
    ),
}


class PatientForm(RowForm):
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Patient
        fields = (
            "family_name",
            "given_name",
            "birth_date",
            "sex",
            "phone",
            "email",
            "address",
            "country",
            "language",
            "interpreter",
            "transport",
            "general_practitioner",
        )
        formfield_callback = staticmethod(_pretty)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def clean_birth_date(self) -> date | None:
        value: date | None = self.cleaned_data["birth_date"]
        if value is not None and not EARLIEST <= value <= self.today:
            raise forms.ValidationError("The birth date lies in the future or before 1900.")
        died = self.instance.deceased_on
        if value is not None and died is not None and value > died:
            raise forms.ValidationError("The birth date lies after the date of death.")
        return value

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def _post_clean(self) -> None:
        """The instance stays untouched until the command writes it under a lock."""


class EnrollmentForm(forms.Form):
    status = forms.ChoiceField(label="State", choices=[c for c in EnrollmentStatus.choices if c[0] != "deceased"])
    on = forms.DateField(label="From", widget=date_input())
    reason = forms.CharField(label="Reason", required=False, max_length=200)
    scope = forms.CharField(label="What is declined", required=False, max_length=200)
    ask_again_on = forms.DateField(label="Ask again on", required=False, widget=date_input())


class DeathForm(forms.Form):
    on = forms.DateField(label="Died on", widget=date_input())
    cause = forms.CharField(label="Cause of death", required=False, max_length=200)


class ErrorForm(forms.Form):
    reason = forms.CharField(label="What was wrong", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
