"""What the goals pages share: the patient one may write for, the check of a password."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.core.exceptions import PermissionDenied
from django.http import Http404

from careteam.access.gate import SignedInRequest
from patients.goals import policies
from patients.goals.forms import PasswordForm
from patients.record.models import Patient
from patients.record.queries import readable_patient

TOO_OFTEN = "Too many attempts. Wait a minute and try again; nothing you wrote is lost."


def patient_to_document(request: SignedInRequest, patient_id: int) -> Patient:
    """The patient, read and noted; 403 with the reason when the person may not document goals in the owning team."""
    patient = readable_patient(request, patient_id)
    if reasons := policies.why_not_document(patient, request.user):
        raise PermissionDenied(" ".join(reasons))
    return patient


def quietly(request: SignedInRequest, patient_id: int) -> Patient:
    """The same for answers that show nothing of the record (saving while typing): 404, but no note of a read."""
    patient = Patient.objects.visible_to(request.user).filter(pk=patient_id).select_related("team").first()
    if patient is None:
        raise Http404("No such patient, or not yours to see.")
    return patient


def password_status(request: SignedInRequest, form: PasswordForm) -> int:
    """Checks the form with its password under the rate limit of signing in again: 200 when valid, 422 when not, 429
    when tried too often (the form then says so)."""
    if not ratelimit.consume(request, action="reauthenticate", user=request.user, dry_run=True):
        form.full_clean()
        form.errors.clear()
        form.add_error("password", TOO_OFTEN)
        return 429
    if form.is_valid():
        return 200
    if form.wrong_password:
        ratelimit.consume(request, action="reauthenticate", user=request.user)
    return 422


def context_of(patient: Patient, **more: Any) -> dict[str, Any]:
    return {"patient": patient, **more}
