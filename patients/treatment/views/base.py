"""What the pages of treatment share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from patients.record.models import Patient, StaleEdit
from patients.treatment.forms import ReasonForm
from patients.treatment.models import TreatmentLine

FORM = "patients/treatment/form.html"
Act = Callable[[str, int], object]  # reason, version


def line_of(patient: Patient, line_id: int) -> TreatmentLine:
    rows = TreatmentLine.objects.select_related("patient__team", "created_by", "error_by")
    line: TreatmentLine = get_object_or_404(rows, pk=line_id, patient=patient)
    return line


def to_patient(request: HttpRequest, patient: Patient, said: str) -> HttpResponse:
    response = redirect_or_refresh(
        request, reverse("treatment-panel", args=[patient.pk]), events=("lineChanged", "studyChanged")
    )
    toast(request, said, response=response)
    return response


def to_line(request: HttpRequest, line: TreatmentLine, said: str) -> HttpResponse:
    response = redirect_or_refresh(
        request, reverse("line-page", args=[line.patient_id, line.pk]), events=("lineChanged",)
    )
    toast(request, said, response=response)
    return response


def to_goals_step(request: HttpRequest, line: TreatmentLine, said: str, *, back: str = "line") -> HttpResponse:
    """After a line was proposed, planned or started: what is done about goals before it. That page, of a slice above,
    leads on by itself to the line (`back` "patient": to the patient) where nothing is asked."""
    url = reverse("line-goals", args=[line.patient_id, line.pk])
    response = redirect_or_refresh(request, f"{url}?after={back}")
    toast(request, said, response=response)
    return response


def with_reason(
    request: HttpRequest, context: dict[str, Any], row: Any, act: Act, done: Callable[[], HttpResponse]
) -> HttpResponse:
    """A page that asks why, and does one thing to `row`. A stale answer keeps what was typed and can be sent again."""
    if request.method == "GET":
        return render_page(request, FORM, context | {"form": ReasonForm(initial={"version": row.version})})
    form = ReasonForm(request.POST)
    context = context | {"form": form}
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        act(form.cleaned_data["reason"], form.cleaned_data["version"])
    except StaleEdit as stale:
        current: Any = stale.current
        form = ReasonForm({**request.POST.dict(), "version": str(current.version)})
        form.is_valid()
        form.add_error(None, "Somebody changed this meanwhile. Look at it again, then save once more.")
        return conflict(request, FORM, context | {"form": form})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return done()
