"""The facts behind a suggested PET, and the suggestions that wait for an answer."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from patients.imaging.models import ImagingStudy, PetSuggestion, SurveillancePlan
from patients.imaging.rules import DONE, LABS, NOT_YET_DONE, PetAnswer, PetFacts, StopReason, StudyModality
from patients.record.models import DiseaseStatus, Metastasis, Patient, ReceptorImaging
from patients.record.queries import grade_of_patient
from patients.record.rules import SstrRads, UptakeModality
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineStatus, Modality

_PETS = (StudyModality.SSTR_PET, StudyModality.FDG_PET)
_NOT_ASKED = (StopReason.HOSPICE, StopReason.DECLINED, StopReason.SYMPTOM_LED)


def open_pets(patient_id: int) -> QuerySet[Any]:
    """Suggestions that nobody has answered, oldest first."""
    rows: QuerySet[Any] = PetSuggestion.objects.valid().filter(patient_id=patient_id, answer="").order_by("pk")
    return rows


def counted_pets(patient_id: int, since: datetime) -> QuerySet[Any]:
    """Suggestions that a PET shortly before answered lately."""
    rows = PetSuggestion.objects.valid().filter(patient_id=patient_id, answer=PetAnswer.COUNTS, answered_at__gte=since)
    counted: QuerySet[Any] = rows.order_by("pk")
    return counted


def pet_facts(patient: Patient, *, today: date) -> PetFacts:
    """What a PET of this patient rests on (six queries)."""
    graded = grade_of_patient(patient.pk)
    studies = list(
        ImagingStudy.objects.valid()
        .filter(Q(status__in=NOT_YET_DONE) | Q(status__in=DONE), patient=patient, modality__in=_PETS)
        .values_list("modality", "status", "performed_on")
    )
    receptor = list(ReceptorImaging.objects.valid().filter(patient=patient, imaged_on__lte=today))
    done = [(modality, on) for modality, status, on in studies if status in DONE and on is not None]
    sstr = [on for modality, on in done if modality == StudyModality.SSTR_PET]
    sstr += [row.imaged_on for row in receptor if row.modality == UptakeModality.PET]
    fdg = [on for modality, on in done if modality == StudyModality.FDG_PET]
    fdg += [row.imaged_on for row in receptor if row.fdg_avid is not None]
    discordant = [row.imaged_on for row in receptor if row.discordant_lesions or row.sstr_rads == SstrRads.R3D]
    ahead = TreatmentLine.objects.valid().filter(
        patient=patient, modality=Modality.PRRT, status__in=[LineStatus.PROPOSED, LineStatus.PLANNED]
    )
    statuses = DiseaseStatus.objects.valid().filter(patient=patient, assessed_on__lte=today).order_by("assessed_on")
    return PetFacts(
        today=today,
        grade=graded.highest.grade,
        ki67=Decimal(graded.highest_ki67) if graded.highest_ki67 else None,
        sstr_on=max(sstr, default=None),
        fdg_on=max(fdg, default=None),
        responses=tuple(statuses.values_list("assessed_on", "category")),
        ahead=tuple(ahead.order_by("pk").values_list("pk", flat=True)),
        sites=frozenset(Metastasis.objects.valid().filter(patient=patient).values_list("site", flat=True)),
        discordant_on=max(discordant, default=None),
        coming=frozenset(modality for modality, status, _ in studies if status in NOT_YET_DONE),
    )


def is_not_asked(patient: Patient) -> bool:
    """Imaging was stopped for a reason that holds for every scan: hospice, declined, led by symptoms."""
    plans = SurveillancePlan.objects.valid().filter(patient=patient).exclude(modality__in=LABS)
    if plans.filter(stopped_on=None).exists():
        return False
    last = plans.order_by("-pk").first()
    return last is not None and last.stop_reason in _NOT_ASKED
