"""What the goals pages share: the patient one may write for."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404

from careteam.access.gate import SignedInRequest
from patients.goals import policies
from patients.record.models import Patient
from patients.record.queries import readable_patient


def patient_to_document(request: SignedInRequest, patient_id: int) -> Patient:
    """The patient, read and noted; 403 with the reason when the person may not document goals in the owning team."""
    patient = readable_patient(request, patient_id)
    if reasons := policies.why_not_document(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    return patient


def quietly(request: SignedInRequest, patient_id: int) -> Patient:
    """The same for answers that show nothing of the record (saving while typing): 404, but no note of a read."""
    seen = Patient.objects.visible_to(request.user).select_related("team")
    patient = seen.filter(pk=patient_id).first()
    if patient is not None and patient.merged_into_id is not None:  # read through, as everywhere
        patient = seen.filter(pk=patient.merged_into_id).first()
    if patient is None:
        raise Http404("No such patient, or not yours to see.")
    return patient


def context_of(patient: Patient, **more: Any) -> dict[str, Any]:
    return {"patient": patient, **more}
