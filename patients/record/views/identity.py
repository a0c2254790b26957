"""Who the patient is, whether in our care, death."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved
from patients.record import commands
from patients.record.forms import DeathForm, EnrollmentForm, PatientForm
from patients.record.models import StaleEdit
from patients.record.queries import readable_patient
from patients.record.rules import EnrollmentStatus
from patients.record.views.base import FORM, stale


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def change_patient(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    start = {"version": patient.version}
    data = None
    if request.method == "POST":
        unbound = PatientForm(instance=patient, today=today, initial=start)
        data = resolved(request.POST, unbound, PatientForm.start_of(patient))
    form = PatientForm(data, instance=patient, today=today, initial=start)
    context = {"patient": patient, "form": form, "title": "Who the patient is"}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.change_patient(
                patient, form.values(), version=form.cleaned_data["version"], by=request.user, now=timezone.now()
            )
        except StaleEdit as problem:
            return stale(request, context, form, problem.current)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_ENROLL)
@require_http_methods(["GET", "HEAD", "POST"])
def enroll(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    form = EnrollmentForm(request.POST or None, initial={"status": EnrollmentStatus.ACTIVE, "on": today})
    context = {"patient": patient, "form": form, "title": "In or out of our care", "save": "Save"}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        values = form.cleaned_data
        try:
            commands.change_enrollment(
                patient,
                EnrollmentStatus(values["status"]),
                on=values["on"],
                by=request.user,
                now=timezone.now(),
                reason=values["reason"],
                scope=values["scope"],
                ask_again_on=values["ask_again_on"],
            )
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Saved")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def death(request: SignedInRequest, patient_id: int) -> HttpResponse:
    patient = readable_patient(request, patient_id)
    form = DeathForm(request.POST or None)
    context = {"patient": patient, "form": form, "title": "Record a death", "danger": True}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.record_death(
                patient,
                on=form.cleaned_data["on"],
                cause=form.cleaned_data["cause"],
                by=request.user,
                now=timezone.now(),
            )
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Recorded. Reminders and letters to the patient have stopped.")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
