"""Palliative care of one patient."""

from __future__ import annotations

from patients.palliative.models import BereavementTask, CaregiverStrain, HospiceTransition, PalliativeReferral
from patients.palliative.rules import HospiceStatus
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import Modality


def referrals_of(patient_id: int) -> list[PalliativeReferral]:
    """Every referral to the palliative team, newest first."""
    return list(
        PalliativeReferral.objects.valid().filter(patient_id=patient_id).select_related("requested_by").order_by("-pk")
    )


def palliative_contact(patient_id: int) -> PalliativeReferral | None:
    """The latest referral to the palliative team that was not declined."""
    return PalliativeReferral.objects.filter(patient_id=patient_id).exclude(status="declined").order_by("-pk").first()


def strains_of(patient_id: int) -> list[CaregiverStrain]:
    """Answers of those who care, newest first."""
    return list(
        CaregiverStrain.objects.valid()
        .filter(patient_id=patient_id)
        .select_related("created_by")
        .order_by("-asked_on", "-pk")
    )


def bereavement_of(patient_id: int) -> list[BereavementTask]:
    """What is planned for the family, by day."""
    rows = BereavementTask.objects.valid().filter(patient_id=patient_id).select_related("contact", "closed_by")
    return list(rows.order_by("due_on", "pk"))


def known_to_team(patient_id: int) -> bool:
    """Whether the palliative team knew the patient: a referral it did not decline, or hospice care."""
    if palliative_contact(patient_id) is not None:
        return True
    if HospiceTransition.objects.valid().filter(patient_id=patient_id).exclude(status=HospiceStatus.CANCELLED).exists():
        return True
    lines = TreatmentLine.objects.valid().filter(patient_id=patient_id, modality=Modality.HOSPICE)
    return lines.filter(started_on__isnull=False).exists()
