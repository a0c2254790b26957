"""The register, one trial, and the trials of one patient (a panel that the board case loads too)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import Team
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.record.forms import ErrorForm
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.trials import commands, policies
from patients.trials.forms import ConsiderForm, DecideForm, TrialForm
from patients.trials.models import Trial, TrialConsideration
from patients.trials.queries import considered_for, considered_patients, open_trials, register
from patients.trials.rules import Outcome

FORM = "patients/care/form.html"


def _team(request: SignedInRequest) -> Team:
    """The team whose register is kept: where the person may, else the home team."""
    keeping = request.access.teams_where(Permission.TRIAL_MANAGE)
    for team in request.access.teams:
        if team.pk in keeping:
            return team
    if request.access.home is None:
        raise Http404("You belong to no team.")
    return request.access.home


def _trial(request: SignedInRequest, trial_id: int) -> Trial:
    trials = Trial.objects.visible_to(request.user).select_related("contact", "team")
    return get_object_or_404(trials, pk=trial_id)


@requires(Permission.PATIENT_VIEW)
@require_safe
def trial_list(request: SignedInRequest) -> HttpResponse:
    """The register: `?all=1` shows closed trials too."""
    everything = request.GET.get("all") == "1"
    context = {
        "trials": register(request.user, everything=everything),
        "everything": everything,
        "may_manage": request.access.may(Permission.TRIAL_MANAGE),
    }
    return render_page(request, "patients/trials/list.html", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def trial_page(request: SignedInRequest, trial_id: int) -> HttpResponse:
    """One trial: who fits, and for whom it was considered."""
    trial = _trial(request, trial_id)
    rows = considered_patients(trial, request.user)
    note_read(request, [each.row.patient_id for each in rows], team_id=trial.team_id)
    context = {
        "trial": trial,
        "rows": rows,
        "today": trial.team.local_date(timezone.now()),
        "may_manage": not policies.why_not_manage(trial.team, request.user),
    }
    return render_page(request, "patients/trials/trial.html", context)


@requires(Permission.TRIAL_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_add(request: SignedInRequest) -> HttpResponse:
    """Adds a trial to the team's register."""
    team = _team(request)
    form = TrialForm(request.POST or None, people=team_people(frozenset({team.pk})))
    context = {"form": form, "title": "Add a trial", "cancel_url": reverse("trials")}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.add_trial(team, form.values(), by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Trial added")
    return redirect_or_refresh(request, reverse("trials"))


@requires(Permission.TRIAL_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_change(request: SignedInRequest, trial_id: int) -> HttpResponse:
    """Corrects, pauses or closes a trial."""
    trial = _trial(request, trial_id)
    people = team_people(frozenset({trial.team_id}))
    data = None
    if request.method == "POST":
        data = resolved(request.POST, TrialForm(people=people, trial=trial), TrialForm.start_of(trial))
    form = TrialForm(data, people=people, trial=trial)
    back = reverse("trial", args=[trial.pk])
    context = {"form": form, "title": f"Change {trial.nct_number}", "cancel_url": back}
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            commands.change_trial(trial, form.values(), version=version, by=request.user, now=timezone.now())
        except StaleEdit as stale:
            return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Saved")
    return redirect_or_refresh(request, back)


# --- one patient -----------------------------------------------------------------------------------------------------


def _to_patient(request: SignedInRequest, patient: Patient, said: str) -> HttpResponse:
    toast(request, said)
    return redirect_or_refresh(request, reverse("patient-trials", args=[patient.pk]))


@requires(Permission.PATIENT_VIEW)
@require_safe
def patient_trials(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Which trials were considered for the patient, because …; a page, a panel, and a part of the board case."""
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "rows": considered_for(patient.pk),
        "why_not": policies.why_not_consider(patient, request.user),
        "may_start": request.access.may(Permission.TREATMENT_EDIT, patient.team_id),
    }
    return render_page(request, "patients/trials/patient.html", context, fragment="panel")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_consider(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """ "Considered, because …"."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    form = ConsiderForm(
        request.POST or None, trials=open_trials(patient.team_id), patient=patient, today=today, initial={"on": today}
    )
    why_not = policies.why_not_consider(patient, request.user)
    if not form.trials:
        why_not.append("No trial of the register recruits now.")
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "title": "Trial considered",
        "why_not": why_not,
        "cancel_url": reverse("patient-trials", args=[patient.pk]),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        data = form.cleaned_data
        try:
            commands.consider(
                patient,
                form.trials[data["trial"]],
                because=data["because"],
                on=data["on"],
                by=request.user,
                now=now,
            )
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _to_patient(request, patient, "Trial noted")


def _consideration(patient: Patient, consideration_id: int) -> TrialConsideration:
    rows = TrialConsideration.objects.valid().select_related("trial__contact", "patient__team")
    row: TrialConsideration = get_object_or_404(rows, pk=consideration_id, patient=patient)
    return row


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_decide(request: SignedInRequest, patient_id: int, consideration_id: int) -> HttpResponse:
    """What came of it: screening, not eligible because, declined, enrolled."""
    patient = readable_patient(request, patient_id)
    row = _consideration(patient, consideration_id)
    data = None
    if request.method == "POST":
        data = resolved(request.POST, DecideForm(consideration=row), DecideForm.start_of(row))
    form = DecideForm(data, consideration=row)
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "title": f"{row.trial.nct_number}: what came of it",
        "cancel_url": reverse("patient-trials", args=[patient.pk]),
        "error_url": reverse("trial-error", args=[patient.pk, row.pk]),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        given = form.cleaned_data
        try:
            commands.decide(
                row,
                outcome=Outcome(given["outcome"]),
                because=given["because"],
                version=given["version"],
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as stale:
            return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _to_patient(request, patient, "Saved")


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_error(request: SignedInRequest, patient_id: int, consideration_id: int) -> HttpResponse:
    """Entered in error, with the reason."""
    patient = readable_patient(request, patient_id)
    row = _consideration(patient, consideration_id)
    form = ErrorForm(request.POST or None)
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "title": f"Entered in error: {row.trial.nct_number}",
        "danger": True,
        "cancel_url": reverse("patient-trials", args=[patient.pk]),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.withdraw(row, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    return _to_patient(request, patient, "Marked as entered in error")
