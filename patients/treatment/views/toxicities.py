"""Toxicities of a line."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import resolved, stale_answer
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.treatment import commands, policies
from patients.treatment.forms import ToxicityForm
from patients.treatment.models import AdverseEvent, TreatmentLine
from patients.treatment.queries import limits_of
from patients.treatment.views.base import line_of, with_reason

TEMPLATE = "patients/treatment/toxicity.html"


def _event_of(patient: Patient, event_id: int) -> AdverseEvent:
    rows = AdverseEvent.objects.valid().select_related("line__patient__team", "patient__team")
    event: AdverseEvent = get_object_or_404(rows, pk=event_id, patient=patient)
    return event


def _back(request: HttpRequest, patient: Patient, line: TreatmentLine | None, said: str) -> HttpResponse:
    url = reverse("line-page", args=[patient.pk, line.pk]) if line else reverse("patient", args=[patient.pk])
    response = redirect_or_refresh(request, url, events=("lineChanged",))
    toast(request, said, response=response)
    return response


def _answer(
    request: SignedInRequest, patient: Patient, line: TreatmentLine | None, event: AdverseEvent | None
) -> HttpResponse:
    """One form for a new toxicity and for a changed one; `refresh` in the POST only asks what the grades mean."""
    now = timezone.now()
    today = patient.team.local_date(now)
    limits = limits_of(patient.team_id)

    def build(data: Any = None, **kwargs: Any) -> ToxicityForm:
        return ToxicityForm(data, line=line, limits=limits, today=today, refresh_url=request.path, **kwargs)

    context: dict[str, Any] = {
        "patient": patient,
        "line": line,
        "event": event,
        "today": today,
        "title": f"{event.term}, grade {event.grade}" if event else f"Toxicity of {line.label if line else ''}",
        "why_not": policies.why_not_toxicity(patient, request.user),
    }
    if request.method == "GET":
        initial = ToxicityForm.start_of(event) if event else {"noticed_on": today, "version": 0}
        return render_page(request, TEMPLATE, context | {"form": build(initial=initial)})
    if "refresh" in request.POST:
        return render_page(request, TEMPLATE, context | {"form": build(initial=request.POST.dict())})
    form = build(resolved(request.POST, build(), ToxicityForm.start_of(event)) if event else request.POST)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, TEMPLATE, context)
    values = form.values()
    try:
        if event is None and line is not None:
            commands.record_toxicity(line, **values, by=request.user, now=now)
        elif event is not None:
            version = form.cleaned_data["version"] or 0
            commands.change_toxicity(event, **values, version=version, by=request.user, now=now)
    except StaleEdit as stale:
        return stale_answer(request, TEMPLATE, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, TEMPLATE, context)
    return _back(request, patient, line, "Toxicity recorded")


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def toxicity_add(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Records a toxicity of a line."""
    patient = readable_patient(request, patient_id)
    return _answer(request, patient, line_of(patient, line_id), None)


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def toxicity_change(request: SignedInRequest, patient_id: int, event_id: int) -> HttpResponse:
    """Another grade, or resolved."""
    patient = readable_patient(request, patient_id)
    event = _event_of(patient, event_id)
    return _answer(request, patient, event.line, event)


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def toxicity_error(request: SignedInRequest, patient_id: int, event_id: int) -> HttpResponse:
    """Marks a toxicity as entered in error."""
    patient = readable_patient(request, patient_id)
    event = _event_of(patient, event_id)
    context: dict[str, Any] = {
        "patient": patient,
        "line": event.line,
        "title": f"Entered in error: {event}",
        "save": "Mark as entered in error",
        "danger": True,
    }

    def act(reason: str, version: int) -> object:
        return commands.toxicity_in_error(event, reason=reason, version=version, by=request.user, now=timezone.now())

    return with_reason(
        request,
        context,
        event,
        act,
        lambda: _back(request, patient, event.line, "Toxicity marked as entered in error"),
    )
