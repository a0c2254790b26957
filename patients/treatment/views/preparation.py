"""Sites, preparation steps, washout choices, prior authorization."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.protocol.queries import numbers
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.treatment import commands, policies
from patients.treatment.forms import AuthorizationForm, SiteForm, StepForm
from patients.treatment.models import Administration, Authorization, PreparationStep, TreatmentSite
from patients.treatment.rules import PreparationOutcome, WashoutChoice
from patients.treatment.views.base import FORM, line_of, to_line

SITES, SITE = "patients/treatment/sites.html", "patients/treatment/site.html"


def _team(request: SignedInRequest) -> Team:
    """The team whose sites are shown: where the person may set them up, else the home team."""
    access = request.access
    managed = access.teams_where(Permission.TEAM_MANAGE)
    team = next((team for team in access.teams if team.pk in managed), access.home)
    if team is None:
        raise Http404("You belong to no team.")
    return team


@requires(Permission.PATIENT_VIEW, Permission.TEAM_MANAGE)
@require_safe
def sites(request: SignedInRequest) -> HttpResponse:
    """Where the team gives radionuclide treatment, with lead times and places."""
    team = _team(request)
    context = {
        "team": team,
        "sites": TreatmentSite.objects.filter(team=team).order_by("-is_active", "name"),
        "may_edit": not policies.why_not_configure(team, request.user),
    }
    return render_page(request, SITES, context)


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "POST"])
def site_new(request: SignedInRequest) -> HttpResponse:
    """Adds a site."""
    return _site(request, _team(request), None)


@requires(Permission.TEAM_MANAGE)
@require_http_methods(["GET", "POST"])
def site_change(request: SignedInRequest, site_id: int) -> HttpResponse:
    """Changes a site."""
    team = _team(request)
    return _site(request, team, get_object_or_404(TreatmentSite, pk=site_id, team=team))


def _site(request: SignedInRequest, team: Team, site: TreatmentSite | None) -> HttpResponse:
    def build(data: Any = None) -> SiteForm:
        return SiteForm(data, team_id=team.pk, protocol=numbers(team.pk), site=site)

    data: Any = None
    if request.method == "POST":
        data = resolved(request.POST, build(), SiteForm.start_of(site)) if site else request.POST
    form = build(data)
    context = {"team": team, "site": site, "form": form}
    if request.method == "GET":
        return render_page(request, SITE, context)
    if not form.is_valid():
        return invalid(request, SITE, context)
    try:
        commands.save_site(
            team,
            form.values(),
            site=site,
            version=form.cleaned_data["version"],
            by=request.user,
            now=timezone.now(),
        )
    except StaleEdit as stale:
        return stale_answer(request, SITE, context, form, stale.current, saved_meanwhile)
    response = redirect_or_refresh(request, reverse("treatment-sites"))
    toast(request, "Site saved", response=response)
    return response


def _step_of(patient: Patient, step_id: int) -> PreparationStep:
    rows = PreparationStep.objects.valid().select_related("dose__line__patient__team", "patient__team", "site")
    step: PreparationStep = get_object_or_404(rows, pk=step_id, patient=patient)
    return step


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def step_finish(request: SignedInRequest, patient_id: int, step_id: int) -> HttpResponse:
    """What became of a preparation step."""
    patient = readable_patient(request, patient_id)
    step = _step_of(patient, step_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    context: dict[str, Any] = {
        "patient": patient,
        "line": step.dose.line,
        "title": f"{step.get_kind_display().removesuffix(' by')}, dose {step.dose.number} of {step.dose.line.agent}",
        "save": "Save",
        "why_not": policies.why_not_step(step, request.user),
    }
    if request.method == "GET":
        initial = {"version": step.version, "on": today, "outcome": PreparationOutcome.DONE}
        return render_page(request, FORM, context | {"form": StepForm(step=step, today=today, initial=initial)})
    form = StepForm(request.POST, step=step, today=today)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    data = form.cleaned_data
    try:
        commands.finish_step(
            step,
            outcome=PreparationOutcome(data["outcome"]),
            on=data["on"],
            note=data["note"],
            version=data["version"],
            by=request.user,
            now=now,
        )
    except StaleEdit:
        form.add_error(None, "Somebody changed this step meanwhile. Go back and look at it again.")
        return conflict(request, FORM, context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return to_line(request, step.dose.line, "Step recorded")


@requires(Permission.ADMINISTRATION_RECORD)
@require_POST
def step_take(request: SignedInRequest, patient_id: int, step_id: int) -> HttpResponse:
    """Makes the step one's own."""
    patient = readable_patient(request, patient_id)
    step = _step_of(patient, step_id)
    said, kind = "The step is yours", ""
    try:
        commands.take_step(step, by=request.user, now=timezone.now())
    except ValidationError as error:
        said, kind = " ".join(error.messages), "red"
    response = redirect_or_refresh(request, reverse("line-page", args=[patient.pk, step.dose.line_id]))
    toast(request, said, response=response, kind=kind)
    return response


@requires(Permission.ADMINISTRATION_RECORD)
@require_POST
def washout_decide(request: SignedInRequest, patient_id: int, dose_id: int, injection_id: int) -> HttpResponse:
    """Carries out one choice about an injection too near before a PRRT dose."""
    patient = readable_patient(request, patient_id)
    rows = Administration.objects.valid().select_related("line").filter(patient=patient)
    dose, injection = get_object_or_404(rows, pk=dose_id), get_object_or_404(rows, pk=injection_id)
    said, kind = "Decided, and both series are dated again", ""
    choice = request.POST.get("choice", "")
    if choice not in WashoutChoice.values:
        said, kind = "Choose what is to be done.", "red"
    else:
        try:
            commands.decide_washout(dose, injection, WashoutChoice(choice), by=request.user, now=timezone.now())
            if choice == WashoutChoice.ASK:
                said = "The responsible clinician is asked"
        except ValidationError as error:
            said, kind = " ".join(error.messages), "red"
    response = redirect_or_refresh(request, reverse("line-page", args=[patient.pk, dose.line_id]))
    toast(request, said, response=response, kind=kind)
    return response


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def authorization(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Where prior authorization of a line stands."""
    patient = readable_patient(request, patient_id)
    line = line_of(patient, line_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    row = Authorization.objects.valid().filter(line=line).first()
    context: dict[str, Any] = {
        "patient": patient,
        "line": line,
        "title": f"Prior authorization, {line.label}",
        "save": "Save",
        "why_not": policies.why_not_authorize(line, request.user),
    }
    if request.method == "GET":
        initial = AuthorizationForm.start_of(row) if row else {"status_on": today, "version": 0}
        return render_page(request, FORM, context | {"form": AuthorizationForm(today=today, initial=initial)})
    data = (
        resolved(request.POST, AuthorizationForm(today=today), AuthorizationForm.start_of(row)) if row else request.POST
    )
    form = AuthorizationForm(data, today=today)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        commands.set_authorization(line, **form.cleaned_data, by=request.user, now=now)
    except StaleEdit as stale:
        return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return to_line(request, line, "Authorization saved")
