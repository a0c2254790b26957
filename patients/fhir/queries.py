"""Reading imports: runs, what was kept, open differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Prefetch, QuerySet

from patients.fhir.models import ImportRun, ReviewItem, SourceRecord
from patients.fhir.rules.export import Export
from patients.fhir.rules.states import Decision, RecordStatus
from patients.goals.models import GoalsConversation
from patients.imaging.models import ImagingStudy
from patients.record.models import (
    Admission,
    Allergy,
    CareTeamMember,
    Comorbidity,
    Diagnosis,
    DiseaseStatus,
    Encounter,
    GeneticResult,
    Measurement,
    Medication,
    Metastasis,
    Patient,
    PatientContact,
    ReceptorImaging,
    Specimen,
)
from patients.record.rules import NetStatus
from patients.response.models import LesionReading, ResponseAssessment
from patients.treatment.models import TreatmentLine
from patients.wishes.models import Wish, WishDocument

if TYPE_CHECKING:
    from careteam.people.models import User

SHOWN_PATIENTS = 200
_EXPORTED: dict[str, Any] = {
    "diagnosis": Diagnosis,
    "metastasis": Metastasis,
    "specimen": Specimen,
    "disease_status": DiseaseStatus,
    "genetic_result": GeneticResult,
    "receptor_imaging": ReceptorImaging,
    "measurement": Measurement,
    "comorbidity": Comorbidity,
    "medication": Medication,
    "allergy": Allergy,
    "admission": Admission,
    "encounter": Encounter,
    "contact": PatientContact,
    "care_team": CareTeamMember,
    "study": ImagingStudy,
}


@dataclass(frozen=True)
class Touched:
    """A patient that a run touched."""

    patient: Patient
    diagnosis: str
    is_net: bool


@dataclass(frozen=True)
class KeptKind:
    """How many resources of one type a team keeps without a place."""

    resource_type: str
    number: int


def touched_patients(run: ImportRun, user: User) -> list[Touched]:
    """The first patients of a run that the person may see, by name. Two queries."""
    patients = Patient.objects.visible_to(user).filter(pk__in=run.patient_ids).order_by("sort_key", "pk")
    shown = list(patients[:SHOWN_PATIENTS])
    main = {
        diagnosis.patient_id: diagnosis
        for diagnosis in Diagnosis.objects.valid().filter(patient_id__in=[p.pk for p in shown], is_main=True)
    }
    return [
        Touched(
            patient,
            _said(main.get(patient.pk)),
            patient.pk in main and main[patient.pk].net_status == NetStatus.NET,
        )
        for patient in shown
    ]


def _said(diagnosis: Diagnosis | None) -> str:
    return (diagnosis.label or diagnosis.get_primary_site_display()) if diagnosis else "No diagnosis in the files"


def kept_records(run: ImportRun, user: User) -> QuerySet[SourceRecord]:
    """Resources that came last with this run and have no place, or wait for their patient."""
    return (
        SourceRecord.objects.visible_to(user)
        .filter(last_run=run)
        .exclude(status=RecordStatus.MAPPED)
        .select_related("patient")
        .defer("resource")
    )


def records_of(patient: Patient, user: User) -> QuerySet[SourceRecord]:
    """What imports kept about a patient without a place in the record: directives, genetics, family history …"""
    records = SourceRecord.objects.visible_to(user).filter(patient=patient).exclude(status=RecordStatus.MAPPED)
    return records.select_related("patient").defer("resource")


def kept_kinds(records: QuerySet[SourceRecord]) -> list[KeptKind]:
    """The types among these records, the most frequent first."""
    rows: Sequence[tuple[str, int]] = list(
        records.order_by()
        .values_list("resource_type")
        .annotate(number=Count("pk"))
        .order_by("-number", "resource_type")
        .values_list("resource_type", "number")
    )
    return [KeptKind(kind, number) for kind, number in rows]


def open_differences(user: User) -> QuerySet[ReviewItem]:
    """What stands differently here and in a source, undecided."""
    return ReviewItem.objects.visible_to(user).filter(decision=Decision.OPEN).select_related("patient", "imported_row")


def export_of(patient: Patient) -> Export:
    """Everything exportable that is held about a patient (rows entered in error left out). Some twenty queries."""
    rows = {
        kind: list(model.objects.valid().filter(patient=patient).order_by("pk")) for kind, model in _EXPORTED.items()
    }
    lines = TreatmentLine.objects.valid().filter(patient=patient, error_at__isnull=True)
    rows["line"] = list(lines.in_order().prefetch_related("administrations"))
    readings = LesionReading.objects.valid().select_related("lesion").order_by("lesion__role", "lesion__number", "pk")
    read = ResponseAssessment.objects.valid().filter(patient=patient, study__error_at__isnull=True)
    with_readings = read.select_related("study").prefetch_related(
        Prefetch("readings", readings, to_attr="kept_readings")
    )
    rows["assessment"] = list(with_readings.order_by("study__performed_on", "pk"))
    rows["wish"] = list(Wish.objects.filter(patient=patient).order_by("kind", "pk"))
    rows["wish_document"] = list(WishDocument.objects.valid().filter(patient=patient).order_by("pk"))
    rows["conversation"] = list(GoalsConversation.objects.valid().filter(patient=patient).order_by("pk"))
    return Export(patient, list(patient.identifiers.order_by("pk")), rows)
