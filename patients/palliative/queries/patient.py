"""Palliative care of one patient."""

from __future__ import annotations

from patients.palliative.models import PalliativeReferral


def referrals_of(patient_id: int) -> list[PalliativeReferral]:
    """Every referral to the palliative team, newest first."""
    return list(
        PalliativeReferral.objects.valid().filter(patient_id=patient_id).select_related("requested_by").order_by("-pk")
    )


def palliative_contact(patient_id: int) -> PalliativeReferral | None:
    """The latest referral to the palliative team that was not declined."""
    return PalliativeReferral.objects.filter(patient_id=patient_id).exclude(status="declined").order_by("-pk").first()
