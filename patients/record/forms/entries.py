"""A form for every fact of the record. A ModelForm per table; what is clinical is checked in `rules`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from patients.record.forms.base import EARLIEST, EntryForm, RowForm, date_input, form_for, pretty
from patients.record.forms.results import MeasurementForm
from patients.record.forms.symptoms import SymptomForm
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    ClinicalFlag,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    LiverAssessment,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    ReceptorImaging,
    Specimen,
)
from patients.record.rules import PATHOGENIC, DeathCause, DeathPlace, Differentiation, EnrollmentStatus
from patients.record.rules.visits import ENTERED_KINDS

UNSTATED = "unstated"


class SpecimenForm(EntryForm):
    """Differentiation must be chosen: where the report is silent the specimen is unclassified, and says so."""

    differentiation = forms.ChoiceField(
        choices=[("", "Choose…"), *Differentiation.choices, (UNSTATED, "Not in the report: unclassified")],
        error_messages={"required": "Choose the differentiation. It decides between NET and NEC; Ki-67 does not."},
    )
    lead = (
        "NEC is poor differentiation, never a high Ki-67. In a MiNEN, differentiation, Ki-67, mitoses and cell type "
        "describe the neuroendocrine component."
    )

    class Meta:
        model = Specimen
        fields = (
            "taken_on",
            "kind",
            "site",
            "is_metastasis",
            "differentiation",
            "cell_type",
            "ki67",
            "mitoses",
            "is_lung",
            "necrosis",
            "is_mixed",
            "mixed_share",
            "mixed_with",
            "mixed_grade",
            "reference",
            "conclusion",
        )
        formfield_callback = staticmethod(pretty)
        labels = {"ki67": "Ki-67", "mitoses": "Mitoses"}

    field_order = Meta.fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose: Any = self.fields["differentiation"]
        choose.choices = [("", "Choose…"), *choose.choices[1:]]
        for name, hint in (("mixed_share", "MiNEN only."), ("mixed_with", "MiNEN only: adenocarcinoma …")):
            self.fields[name].help_text = hint
        self.fields["mixed_grade"].help_text = "MiNEN only: as the report says."

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        start = super().start_of(row)
        return start | {"differentiation": start.get("differentiation") or UNSTATED}

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        value = super().get_initial_for_field(field, field_name)
        if field_name == "differentiation" and self.instance.pk and not value:
            return UNSTATED
        return value

    def clean_ki67(self) -> Any:
        value = self.cleaned_data["ki67"]
        if value is not None and not 0 <= value <= 100:
            raise forms.ValidationError("Ki-67 is a percentage between 0 and 100.")
        return value

    def clean_differentiation(self) -> str:
        chosen = self.cleaned_data["differentiation"]
        return "" if chosen == UNSTATED else str(chosen)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not values.get("is_mixed"):
            for name in ("mixed_share", "mixed_with", "mixed_grade"):
                if values.get(name) not in {None, ""}:
                    self.add_error(name, "This belongs to a mixed tumor. Tick “Mixed (MiNEN)”, or leave it empty.")
        share = values.get("mixed_share")
        if share is not None and not 1 <= share <= 99:
            self.add_error("mixed_share", "The share of one component lies between 1 and 99 %.")
        return values


class GeneticForm(EntryForm):
    """A variant with its class; whether it is pathogenic follows from the class."""

    class Meta:
        model = GeneticResult
        fields = ("origin", "gene", "variant", "result", "significance", "consequence", "tested_on", "reference")
        formfield_callback = staticmethod(pretty)
        labels = {"result": "Finding", "reference": "Number of the report", "significance": "Class of the variant"}
        help_texts = {
            "variant": "c.249_252del, p.Arg83fs …",
            "consequence": "What follows: family counseling for MEN1, screening, a drug that becomes possible",
        }

    def values(self) -> dict[str, Any]:
        tier = self.cleaned_data["significance"]
        return super().values() | {"pathogenic": PATHOGENIC.get(tier) if tier else self.instance.pathogenic}


class EncounterForm(EntryForm):
    """A visit or call. What another system called it stays a choice of its own."""

    kind = forms.ChoiceField(choices=ENTERED_KINDS, label="What")
    future_ok = ("starts_at",)

    class Meta:
        model = Encounter
        fields = ("kind", "starts_at", "with_whom", "reason")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_known = self.instance.kind in dict(ENTERED_KINDS)
        if self.instance.pk and not is_known:
            choose: Any = self.fields["kind"]
            choose.choices = [(self.instance.kind, self.instance.kind.capitalize()), *ENTERED_KINDS]


# What a person can enter: key in the URL, heading, form.
ENTRIES: dict[str, tuple[str, type[EntryForm]]] = {
    "diagnosis": (
        "Diagnosis",
        form_for(
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
            needs=(
                ("stage", "stage_edition", "Name the edition: stages of different editions do not compare."),
                ("stage_detail", "stage", "Choose the stage that this belongs to."),
            ),
            lead="Functional means a clinical syndrome, not a raised marker. T, N, M and stage are entered as staged, "
            "never computed.",
        ),
    ),
    "specimen": ("Specimen", SpecimenForm),
    "metastasis": ("Metastatic site", form_for(Metastasis, "site", "detail", "found_on")),
    "liverassessment": (
        "Liver metastases",
        form_for(
            LiverAssessment,
            "assessed_on",
            "scheme",
            "pattern",
            "burden_percent",
            "lobes",
            "ascites",
            "encephalopathy",
            lead="Burden as the radiologist estimates it. Ascites and encephalopathy are asked for Child-Pugh.",
        ),
    ),
    "receptorimaging": (
        "Receptor status",
        form_for(
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
            needs=(("krenning", "modality", "Name the modality: the same lesion scores higher on PET."),),
        ),
    ),
    "diseasestatus": ("Response or progression", form_for(DiseaseStatus, "assessed_on", "category", "method", "note")),
    "measurement": ("Result", MeasurementForm),
    "symptomassessment": ("Symptoms", SymptomForm),
    "geneticresult": ("Genetic result", GeneticForm),
    "allergy": (
        "Allergy or reaction",
        form_for(Allergy, "kind", "substance", "reaction", "severity", "since", "asked_on"),
    ),
    "medication": (
        "Medication",
        form_for(Medication, "name", "drug_class", "dose", "started_on", "ended_on", "asked_on", ahead=("ended_on",)),
    ),
    "comorbidity": ("Comorbidity", form_for(Comorbidity, "label", "icd10", "since", "resolved_on")),
    "clinicalflag": ("Alert", form_for(ClinicalFlag, "kind", "state", "detail", "asked_on")),
    "admission": (
        "Admission",
        form_for(
            Admission,
            "admitted_on",
            "discharged_on",
            "unplanned",
            "reason",
            "place",
            "icu_from",
            "icu_until",
            needs=(("icu_until", "icu_from", "Say from which day on."),),
        ),
    ),
    "encounter": (
        "Visit or call",
        EncounterForm,
    ),
    "patientcontact": (
        "Person who may be told",
        form_for(
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
        form_for(CareTeamMember, "role", "person", "name", "organization", "phone", "is_responsible", "started_on"),
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
        formfield_callback = staticmethod(pretty)

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

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        """What the form starts with for the patient, or for one version of them in the history."""
        return {name: getattr(row, name) for name in cls.Meta.fields}

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
    """The day; cause and place as far as they are known, so that they can be added later."""

    on = forms.DateField(label="Died on", widget=date_input())
    died_of = forms.ChoiceField(label="Died of", required=False, choices=[("", "Not stated"), *DeathCause.choices])
    cause = forms.CharField(label="Cause in words", required=False, max_length=200)
    place = forms.ChoiceField(label="Died where", required=False, choices=[("", "Not stated"), *DeathPlace.choices])
    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        """What the form starts with for the patient, or for one version of them in the history."""
        return {
            "on": row.deceased_on,
            "died_of": row.death_cause,
            "cause": row.cause_of_death,
            "place": row.death_place,
        }


class ErrorForm(forms.Form):
    reason = forms.CharField(label="What was wrong", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
