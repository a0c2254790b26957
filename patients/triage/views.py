"""Taking a call, answering it, wording the protocol."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from patients.record.forms import ErrorForm
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient
from patients.triage import commands, policies
from patients.triage.forms import CallForm, OutcomeForm, WordingForm
from patients.triage.models import SymptomCall
from patients.triage.queries import calls_of, wordings
from patients.triage.rules import NO_EMERGENCY_CHANNEL, Sign, Urgency

CALL, PAGE, FORM = "patients/triage/call.html", "patients/triage/answer.html", "patients/care/form.html"


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def call_new(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The two-minute call. Saved, it leads to what the protocol says, or back to the patient when nothing came up."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    said = wordings(patient.team_id)
    form = CallForm(request.POST or None, wordings=said)
    context: dict[str, Any] = {
        "patient": patient,
        "today": patient.team.local_date(now),
        "form": form,
        "unsigned": [wording.sign.label for wording in said.values() if not wording.is_settled],
        "no_emergency": NO_EMERGENCY_CHANNEL,
        "last": next(iter(calls_of(patient.pk, 1)), None),
        "why_not": policies.why_not_call(patient, request.user),
    }
    if request.method != "POST":
        return render_page(request, CALL, context)
    if not form.is_valid():
        return invalid(request, CALL, context)
    try:
        call = commands.record_call(
            patient,
            form.answers,
            caller=form.caller_said,
            wants_scan=form.cleaned_data["wants_scan"],
            wants_goals=form.cleaned_data["wants_goals"],
            outcome=form.cleaned_data["outcome"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, CALL, context)
    toast(request, "Call saved")
    to = reverse("call", args=[patient.pk, call.pk]) if call.is_open else reverse("patient", args=[patient.pk])
    return redirect_or_refresh(request, to)


def _call(patient: Patient, call_id: int) -> SymptomCall:
    rows = SymptomCall.objects.valid().select_related("created_by", "closed_by", "patient__team")
    call: SymptomCall = get_object_or_404(rows, pk=call_id, patient=patient)
    return call


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def call_page(request: SignedInRequest, patient_id: int, call_id: int) -> HttpResponse:
    """One call: what it brought up, what the site's protocol says to it, and what was done."""
    patient = readable_patient(request, patient_id)
    call = _call(patient, call_id)
    said = wordings(patient.team_id)
    form = OutcomeForm(request.POST or None, initial={"version": call.version})
    context: dict[str, Any] = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "call": call,
        "is_red": call.urgency == Urgency.RED,
        "signs": [(Sign(sign), said.get(Sign(sign))) for sign in call.signs],
        "form": form,
        "may_close": not policies.why_not_close(call, patient, request.user),
        "no_emergency": NO_EMERGENCY_CHANNEL,
    }
    if request.method != "POST":
        return render_page(request, PAGE, context)
    if not form.is_valid():
        return invalid(request, PAGE, context)
    try:
        commands.close_call(
            call,
            outcome=form.cleaned_data["outcome"],
            version=form.cleaned_data["version"],
            by=request.user,
            now=timezone.now(),
        )
    except StaleEdit as stale:
        form.add_error(None, "Somebody answered or changed this call meanwhile. Look again: nothing was overwritten.")
        return conflict(request, PAGE, {**context, "call": stale.current})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, PAGE, context)
    toast(request, "Call answered")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.CARE_DOCUMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def call_error(request: SignedInRequest, patient_id: int, call_id: int) -> HttpResponse:
    """Entered in error, with its measurements."""
    patient = readable_patient(request, patient_id)
    call = _call(patient, call_id)
    form = ErrorForm(request.POST or None)
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "title": "Entered in error: call",
        "lead": "The numbers of this call leave the curves too.",
        "danger": True,
        "cancel_url": reverse("call", args=[patient.pk, call.pk]),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.withdraw_call(call, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Call marked as entered in error")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


def _team(request: SignedInRequest) -> Team:
    """The team whose protocol is shown: where the person may word it, else the home team."""
    signing = request.access.teams_where(Permission.PROTOCOL_SIGN)
    for team in request.access.teams:
        if team.pk in signing:
            return team
    if request.access.home is None:
        raise Http404("You belong to no team.")
    return request.access.home


@requires(Permission.PATIENT_VIEW, Permission.PROTOCOL_SIGN)
@require_safe
def wording_list(request: SignedInRequest) -> HttpResponse:
    """What the team's protocol says to each sign, by whom it was signed."""
    team = _team(request)
    context = {
        "team": team,
        "rows": list(wordings(team.pk).values()),
        "may_word": request.access.may(Permission.PROTOCOL_SIGN, team.pk),
        "no_emergency": NO_EMERGENCY_CHANNEL,
    }
    return render_page(request, "patients/triage/wordings.html", context)


@requires(Permission.PROTOCOL_SIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def wording_sign(request: SignedInRequest, sign: str) -> HttpResponse:
    """The lead words and signs one sentence."""
    team = _team(request)
    found = wordings(team.pk).get(Sign(sign)) if sign in Sign.values else None
    if found is None:
        raise Http404("No such sign in the protocol.")
    form = WordingForm(request.POST or None, initial={"text": found.text})
    context = {
        "form": form,
        "title": f"{found.sign.label}: what the protocol says",
        "save": "Sign for the team",
        "cancel_url": reverse("wordings"),
    }
    if request.method != "POST":
        return render_page(request, FORM, context)
    if form.is_valid():
        try:
            commands.word_sign(team, found.sign, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, FORM, context)
    toast(request, "Signed for the team")
    return redirect_or_refresh(request, reverse("wordings"))
