"""Who the patient is, whether in our care, death."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, form_answer, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved
from patients.record import commands
from patients.record.forms import DeathForm, EnrollmentForm, ErrorForm, PatientForm
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
    """Recording a death; for one that is recorded, what became known of it since."""
    patient = readable_patient(request, patient_id)
    start = {**DeathForm.start_of(patient), "version": patient.version}
    known = patient.deceased_on is not None
    data = None
    if request.method == "POST":
        data = resolved(request.POST, DeathForm(initial=start), DeathForm.start_of(patient))
    form = DeathForm(data, initial=start)
    title = "Death: day, cause, place" if known else "Record a death"
    wrong = reverse("patient-death-error", args=[patient.pk]) if patient.is_deceased else ""
    context = {"patient": patient, "form": form, "title": title, "danger": not known, "mistake_url": wrong}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        values = form.cleaned_data
        try:
            commands.record_death(
                patient,
                on=values["on"],
                cause=values["cause"],
                died_of=values["died_of"],
                place=values["place"],
                version=values["version"],
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as problem:
            return stale(request, context, form, problem.current)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Saved" if known else "Recorded. Reminders and letters to the patient have stopped.")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def death_error(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The death was recorded by mistake."""
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "form": ErrorForm(request.POST or None),
        "title": "The death was recorded by mistake",
        "lead": "Plans, treatment, questions and tasks that it ended stand again; what was planned for the family is "
        "void. Bookings, letters and cases of the board that others have let go are for you to look at.",
        "save": "Take the death back",
        "back": reverse("patient", args=[patient.pk]),
    }

    def act(values: dict[str, Any]) -> object:
        return commands.withdraw_death(patient, reason=values["reason"], by=request.user, now=timezone.now())

    said = "Taken back. Your next step: look at what others have let go."
    return form_answer(request, FORM, context, act, said=said)
