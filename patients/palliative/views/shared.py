"""What the palliative pages share: the patient one may write for."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from careteam.access.gate import SignedInRequest
from patients.goals.policies import why_not_document
from patients.record.models import Patient
from patients.record.queries import readable_patient


def patient_to_document(request: SignedInRequest, patient_id: int) -> Patient:
    """The patient, read and noted; 403 with the reason when the person may not document in the owning team."""
    patient = readable_patient(request, patient_id)
    if reasons := why_not_document(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    return patient
