"""Answering a scan that was suggested: early, asked for by phone; a PET, asked for by an event."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from patients.imaging import commands, policies
from patients.imaging.commands.pets import PETS
from patients.imaging.forms import NotNeededForm, PetNotNeededForm
from patients.imaging.models import PetSuggestion
from patients.imaging.rules import StudyModality
from patients.record.models import Patient
from patients.record.queries import readable_patient
from patients.triage.models import SymptomCall


@requires(Permission.IMAGING_PLAN, Permission.IMAGING_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def early_scan(request: SignedInRequest, patient_id: int, call_id: int) -> HttpResponse:
    """What was told, and the two ways to answer: order early, or say why not."""
    patient = readable_patient(request, patient_id)
    call: SymptomCall = get_object_or_404(SymptomCall.objects.valid(), pk=call_id, patient=patient, wants_scan=True)
    form = NotNeededForm(request.POST or None)
    context: dict[str, Any] = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "call": call,
        "form": form,
        "why_not": policies.why_not_add_study(patient, request.user),
    }
    template = "patients/imaging/early.html"
    if request.method != "POST":
        return render_page(request, template, context)
    if form.is_valid():
        try:
            commands.decline_early(call, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, template, context)
    toast(request, "No early scan: noted")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


def _overrule(request: SignedInRequest, patient: Patient, rows: list[PetSuggestion]) -> HttpResponse:
    row = next((row for row in rows if str(row.pk) == request.POST["overrule"]), None)
    if row is None:
        raise Http404("No such suggestion.")
    said, kind = "A new PET is asked for", ""
    try:
        commands.overrule_pet(row, by=request.user, now=timezone.now())
    except ValidationError as error:
        said, kind = " ".join(error.messages), "red"
    toast(request, said, kind=kind)
    return redirect_or_refresh(request, reverse("pet-suggestion", args=[patient.pk, row.modality]))


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def pet_suggestion(request: SignedInRequest, patient_id: int, modality: str) -> HttpResponse:
    """Why this PET is suggested, what was answered before, and the ways to answer: order it, or say why not; where a
    PET shortly before counts, say that it does not (`overrule`)."""
    patient = readable_patient(request, patient_id)
    if modality not in PETS:
        raise Http404("No such suggestion.")
    rows = list(
        PetSuggestion.objects.valid()
        .filter(patient=patient, modality=modality)
        .select_related("answered_by")
        .order_by("-pk")
    )
    form = PetNotNeededForm(request.POST or None)
    context: dict[str, Any] = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "modality": StudyModality(modality),
        "waiting": [row for row in rows if not row.answer],
        "answered": [row for row in rows if row.answer],
        "form": form,
        "why_not": policies.why_not_plan(patient, request.user),
    }
    template = "patients/imaging/pet.html"
    if request.method != "POST":
        return render_page(request, template, context)
    if "overrule" in request.POST:
        return _overrule(request, patient, rows)
    if form.is_valid():
        try:
            commands.decline_pet(
                patient, modality, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now()
            )
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, template, context)
    toast(request, "Not needed: noted")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
