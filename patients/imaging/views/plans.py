"""The imaging panel of a patient, and starting, stopping, confirming surveillance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from patients.imaging import commands, policies
from patients.imaging.commands.pets import PETS
from patients.imaging.forms import PlanForm, StopForm, StudyForm
from patients.imaging.models import SurveillancePlan
from patients.imaging.queries import default_scan, facts_of, imaging_of, intervals_of
from patients.imaging.queries.labs import lab_offers, labs_step, repeat_of
from patients.imaging.queries.pets import counted_pets, open_pets
from patients.imaging.rules import StopReason, is_lab, situation_for
from patients.imaging.views.labs import choices_of
from patients.protocol.queries import numbers
from patients.protocol.rules import ScanChoice
from patients.record.queries import readable_patient

FORM = "patients/imaging/plan_form.html"


def _back(request: SignedInRequest, patient_id: int, said: str) -> HttpResponse:
    response = redirect_or_refresh(request, reverse("patient", args=[patient_id]))
    toast(request, said, response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_safe
def imaging_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """What is due and why, and the latest studies; `all` shows every one."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    every = request.GET.get("all") == "1"
    context = {
        "patient": patient,
        "today": today,
        "imaging": imaging_of(patient, today=today, limit=500 if every else 8),
        "pets": open_pets(patient.pk),
        "labs_asked": labs_step(patient.pk),
        "counted": counted_pets(patient.pk, now - timedelta(numbers(patient.team_id)["pet.event"].days)),
        "why_not": policies.why_not_plan(patient, request.user),
        "why_not_study": policies.why_not_add_study(patient, request.user),
    }
    return render_page(request, "patients/imaging/panel.html", context, fragment="panel")


@requires(Permission.IMAGING_PLAN)
@require_http_methods(["GET", "POST"])
def plan_start(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Starts surveillance; shows beforehand what the protocol would say and why."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    known = numbers(patient.team_id)
    modality, region = default_scan(patient.pk)
    facts = facts_of(patient, today=today, plan_modality=modality, plan_region=region)
    found = situation_for(facts, intervals_of(known))
    if found is not None:  # the team's protocol may ask for another scan in this situation
        modality, region = default_scan(patient.pk, known[found.code].scan)
    offers = lab_offers(patient, today=today, every=True)
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "title": "Start surveillance",
        "save": "Start plan",
        "found": found,
        "scan": "" if found is None or known[found.code].scan == ScanChoice.AS_BEFORE else known[found.code].scan_words,
        "why_not": policies.why_not_plan(patient, request.user),
    }
    if request.method == "GET":
        context["form"] = PlanForm(initial={"modality": modality, "region": region}, labs=choices_of(offers))
        return render_page(request, FORM, context)
    form = PlanForm(request.POST, labs=choices_of(offers))
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    data = form.cleaned_data
    try:
        commands.start_plan(
            patient,
            modality=data["modality"],
            region=data["region"],
            interval_days=data["interval_days"],
            override_reason=data["override_reason"],
            anchor_on=data["anchor_on"],
            by=request.user,
            now=now,
        )
        if labs := [kind for kind in data.get("labs", []) if kind != data["modality"]]:
            commands.start_labs(patient, labs, by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)  # it names the field when a date to count from is missing
        return invalid(request, FORM, context)
    return _back(request, patient.pk, "Surveillance started")


@requires(Permission.IMAGING_PLAN)
@require_http_methods(["GET", "POST"])
def plan_stop(request: SignedInRequest, patient_id: int, plan_id: int) -> HttpResponse:
    """Stops surveillance with its logged reason."""
    patient = readable_patient(request, patient_id)
    plan: SurveillancePlan = get_object_or_404(SurveillancePlan.objects.valid(), pk=plan_id, patient=patient)
    context: dict[str, Any] = {
        "patient": patient,
        "title": f"Stop surveillance: {plan}",
        "save": "Stop",
        "why_not": policies.why_not_plan(patient, request.user),
    }
    if request.method == "GET":
        context["form"] = StopForm(is_lab=plan.is_lab)
        return render_page(request, FORM, context)
    form = StopForm(request.POST, is_lab=plan.is_lab)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        commands.stop_plan(
            plan,
            reason=StopReason(form.cleaned_data["reason"]),
            ask_again_on=form.cleaned_data["ask_again_on"],
            by=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return _back(request, patient.pk, "Surveillance stopped")


@requires(Permission.IMAGING_PLAN)
@require_POST
def plan_confirm(request: SignedInRequest, patient_id: int, plan_id: int) -> HttpResponse:
    """Confirms an interval that nobody has signed for the team."""
    patient = readable_patient(request, patient_id)
    plan: SurveillancePlan = get_object_or_404(SurveillancePlan.objects.valid(), pk=plan_id, patient=patient)
    try:
        commands.confirm_interval(plan, by=request.user, now=timezone.now())
    except ValidationError as error:
        return _back(request, patient.pk, " ".join(error.messages))
    return _back(request, patient.pk, "Interval confirmed")


@requires(Permission.IMAGING_PLAN, Permission.IMAGING_SCHEDULE)
@require_http_methods(["GET", "POST"])
def study_create(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """A study outside the plan: early, or for a question of its own."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    modality, region = default_scan(patient.pk)
    if (wanted := request.GET.get("modality", "")) in PETS:  # a suggested PET is ordered
        modality, region = wanted, "whole body"
    if is_lab(request.GET.get("modality", "")):
        modality, region = request.GET["modality"], ""
    context: dict[str, Any] = {
        "patient": patient,
        "title": "Order early",
        "save": "Add to the worklist",
        "why_not": policies.why_not_add_study(patient, request.user),
    }
    if request.method == "GET":
        today = patient.team.local_date(now)
        context["repeat"] = repeat_of(patient, modality, today=today)
        context["form"] = StudyForm(initial={"modality": modality, "region": region, "due_on": today})
        return render_page(request, FORM, context)
    form = StudyForm(request.POST)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        commands.add_study(patient, by=request.user, now=now, **form.cleaned_data)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return _back(request, patient.pk, "Study added")
