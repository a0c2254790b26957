"""Answering a goals prompt without a conversation: a reason or a date."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, render_page, toast
from patients.goals import commands
from patients.goals.forms import AnswerForm
from patients.goals.models import GoalsPrompt
from patients.goals.queries import goals_of, limits, live_prompt
from patients.goals.rules import NOT_TODAY
from patients.goals.views.shared import patient_to_document
from patients.record.models import Patient, StaleEdit


def _give(form: AnswerForm, prompt: GoalsPrompt | None, patient: Patient, request: SignedInRequest) -> None:
    data, now = form.cleaned_data, timezone.now()
    if data["reason"] == form.DECLINED:
        commands.decline(patient, until=data["ask_again_on"], note=data["note"], by=request.user, now=now)
        return
    if prompt is None:
        raise ValidationError("There is no open prompt any more: it was answered meanwhile.")
    version = data["version"]
    if data["reason"] in NOT_TODAY:
        commands.defer(
            prompt,
            reason=data["reason"],
            until=data["ask_again_on"],
            note=data["note"],
            by=request.user,
            now=now,
            version=version,
        )
    else:
        commands.close_prompt(
            prompt, reason=data["reason"], note=data["note"], by=request.user, now=now, version=version
        )


@requires(Permission.GOALS_DOCUMENT)
@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """ "Not now, because …": the live prompt is deferred, declined or closed with a coded reason."""
    patient = patient_to_document(request, patient_id)
    today = patient.team.local_date(timezone.now())
    prompt = live_prompt(patient.pk)
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        today=today,
        ask_again_days=limits(patient.team_id).ask_again_days,
        has_prompt=prompt is not None,
        initial={"version": prompt.version if prompt else None},
    )
    template = "patients/goals/answer.html"
    context = {"patient": patient, "today": today, "form": form, "goals": goals_of(patient.pk, today)}
    if request.method == "GET":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        _give(form, prompt, patient, request)
    except StaleEdit:
        form.add_error(None, "Somebody answered this prompt while you were writing. Your text is kept; look again.")
        return render_page(request, template, context, status=409)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    toast(request, "Answered. The prompt is quiet until then.")
    return redirect("goals-panel", patient_id=patient.pk)
