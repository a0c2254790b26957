"""What became of one dose."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, render_page
from patients.record.models import Patient, StaleEdit
from patients.record.queries import readable_patient
from patients.treatment import commands
from patients.treatment.forms import DoseForm
from patients.treatment.models import Administration
from patients.treatment.queries import judged, labs_before, limits_of
from patients.treatment.rules import LabCheck
from patients.treatment.views.base import to_line, with_reason

TEMPLATE = "patients/treatment/dose.html"


def _dose_of(patient: Patient, dose_id: int) -> Administration:
    rows = Administration.objects.select_related("line__patient__team", "patient__team")
    dose: Administration | None = rows.filter(pk=dose_id, patient=patient).first()
    if dose is None:
        raise Http404("No such dose.")
    return dose


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def dose_record(request: SignedInRequest, patient_id: int, dose_id: int) -> HttpResponse:
    """What became of one dose."""
    patient = readable_patient(request, patient_id)
    dose = _dose_of(patient, dose_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    limits = limits_of(patient.team_id)

    def labs(on: date) -> tuple[LabCheck, ...]:
        return labs_before(dose.line, on=on, limits=limits) if judged() else ()

    def build(data: Any = None, **kwargs: Any) -> DoseForm:
        return DoseForm(data, dose=dose, today=today, labs=labs, **kwargs)

    context: dict[str, Any] = {
        "patient": patient,
        "line": dose.line,
        "title": f"{dose.line.label}, dose {dose.number}",
        "lead": dose,
        "save": "Save",
        "today": today,
        "labs": labs(max(today, dose.planned_on)),
        "labs_on": max(today, dose.planned_on),
    }
    if request.method == "GET":
        day = min(today, dose.planned_on)
        context["form"] = build(initial={"version": dose.version, "on": day, "act": "give"})
        return render_page(request, TEMPLATE, context)
    form = build(request.POST)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, TEMPLATE, context)
    data = form.cleaned_data
    common: dict[str, Any] = {"by": request.user, "now": now, "version": data["version"], "code": data["code"]}
    aside = {
        "hold": commands.hold_administration,
        "skip": commands.skip_administration,
        "cancel": commands.cancel_administration,
    }
    try:
        if data["act"] == "give":
            commands.give_administration(
                dose,
                on=data["on"],
                amount=data["amount"],
                unit=data["unit"],
                reduced=data["reduced"],
                given_elsewhere=data["given_elsewhere"],
                note=form.why,
                despite=data["despite"],
                **common,
            )
        elif data["act"] == "delay":
            commands.delay_administration(dose, to=data["on"], reason=form.why, **common)
        else:
            aside[data["act"]](dose, reason=form.why, **common)
    except StaleEdit as stale:
        current: Any = stale.current
        form = build({**request.POST.dict(), "version": str(current.version)})
        form.is_valid()
        form.add_error(None, f"Somebody recorded this dose meanwhile: {current.get_status_display().lower()}.")
        context["form"] = form
        return conflict(request, TEMPLATE, context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, TEMPLATE, context)
    return to_line(request, dose.line, "Dose recorded")


@requires(Permission.ADMINISTRATION_RECORD)
@require_http_methods(["GET", "POST"])
def dose_reopen(request: SignedInRequest, patient_id: int, dose_id: int) -> HttpResponse:
    """What was recorded of a dose was wrong: it is planned again."""
    patient = readable_patient(request, patient_id)
    dose = _dose_of(patient, dose_id)
    context: dict[str, Any] = {
        "patient": patient,
        "line": dose.line,
        "title": f"Recorded in error: {dose.line.label}, dose {dose.number}",
        "lead": dose,
        "save": "Plan it again",
        "danger": True,
        "today": patient.team.local_date(timezone.now()),
    }

    def act(reason: str, version: int) -> object:
        return commands.reopen_administration(dose, reason=reason, version=version, by=request.user, now=timezone.now())

    return with_reason(request, context, dose, act, lambda: to_line(request, dose.line, "The dose is planned again"))
