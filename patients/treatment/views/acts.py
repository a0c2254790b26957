"""One form per act on a line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from patients.record.models import StaleEdit
from patients.record.queries import readable_patient
from patients.treatment import commands, policies
from patients.treatment.forms import (
    ChangeDoseForm,
    DateForm,
    EndForm,
    ReasonForm,
    StartForm,
    VersionForm,
)
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason, LineRole
from patients.treatment.views.base import FORM, line_of, to_goals_step, to_line, to_patient

Act = Callable[[TreatmentLine, dict[str, Any], SignedInRequest], object]


def _act(
    request: SignedInRequest,
    patient_id: int,
    line_id: int,
    *,
    form_class: type[VersionForm],
    title: str,
    save: str,
    said: str,
    act: Act,
    initial: dict[str, Any] | None = None,
    danger: bool = False,
    more: Callable[[TreatmentLine, date], dict[str, Any]] = lambda _line, _today: {},
    done: Callable[[SignedInRequest, TreatmentLine, str], HttpResponse] = to_line,
) -> HttpResponse:
    """One form, one command: GET shows it, POST does it."""
    patient = readable_patient(request, patient_id)
    line = line_of(patient, line_id)
    today = patient.team.local_date(timezone.now())
    context: dict[str, Any] = {
        "patient": patient,
        "line": line,
        "title": f"{title} {line.label}",
        "save": save,
        "danger": danger,
        "why_not": policies.why_not_correct(line, request.user),
    }
    if request.method == "GET":
        context["form"] = form_class(
            initial={"version": line.version, "on": today, **(initial or {})}, **more(line, today)
        )
        return render_page(request, FORM, context)
    form = form_class(request.POST, **more(line, today))
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        act(line, form.cleaned_data, request)
    except StaleEdit as stale:
        current: Any = stale.current
        form = form_class({**request.POST.dict(), "version": str(current.version)}, **more(current, today))
        form.is_valid()
        form.add_error(None, "Somebody changed this line meanwhile. Look at it again, then save once more.")
        context |= {"form": form, "line": current}
        return conflict(request, FORM, context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return done(request, line, said)


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_plan(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Accepts a proposed line for a day."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.plan_line(
            line, planned_on=data["on"], by=request.user, now=timezone.now(), version=data["version"]
        )

    return _act(
        request,
        patient_id,
        line_id,
        form_class=DateForm,
        title="Plan",
        save="Plan",
        said="Line planned",
        act=act,
        done=to_goals_step,
    )


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_begin(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Starts a planned line."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.start_line(
            line,
            on=data["on"],
            despite=data.get("despite", ""),
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    def more(line: TreatmentLine, today: date) -> dict[str, Any]:
        return {"untold": policies.tell_first(line.patient, on=today) if line.role == LineRole.ANTITUMOR else ""}

    return _act(
        request,
        patient_id,
        line_id,
        form_class=StartForm,
        title="Start",
        save="Start line",
        said="Line started",
        act=act,
        more=more,
        done=to_goals_step,
    )


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_hold(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Pauses a running line."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.hold_line(
            line, reason=data["reason"], by=request.user, now=timezone.now(), version=data["version"]
        )

    return _act(
        request,
        patient_id,
        line_id,
        form_class=ReasonForm,
        title="Hold",
        save="Hold line",
        said="Line on hold",
        act=act,
    )


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_end(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Ends a line with its reason."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.end_line(
            line,
            on=data["on"],
            reason=EndReason(data["reason"]),
            note=data["note"],
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return _act(
        request, patient_id, line_id, form_class=EndForm, title="End", save="End line", said="Line ended", act=act
    )


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_error(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Marks a line as entered in error."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.enter_in_error(
            line, reason=data["reason"], by=request.user, now=timezone.now(), version=data["version"]
        )

    return _act(
        request,
        patient_id,
        line_id,
        form_class=ReasonForm,
        title="Entered in error:",
        save="Mark as entered in error",
        said="Line marked as entered in error",
        act=act,
        danger=True,
    )


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_dose(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Another dose from a day on, with its reason."""

    def act(line: TreatmentLine, data: dict[str, Any], request: SignedInRequest) -> object:
        return commands.change_dose(
            line,
            dose=data["dose"],
            on=data["on"],
            reason=data["reason"],
            note=data["note"],
            confirmed=data.get("confirmed", False),
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return _act(
        request,
        patient_id,
        line_id,
        form_class=ChangeDoseForm,
        title="Another dose:",
        save="Save dose",
        said="Dose changed",
        act=act,
        more=lambda line, day: {"line": line, "today": day, "user": request.user},
    )


def _at_once(
    request: SignedInRequest, patient_id: int, line_id: int, act: Callable[[TreatmentLine], object], said: str
) -> HttpResponse:
    """A button without a form of its own; a refusal is said in a toast."""
    patient = readable_patient(request, patient_id)
    line = line_of(patient, line_id)
    try:
        act(line)
    except ValidationError as error:
        response = redirect_or_refresh(request, reverse("line-page", args=[patient.pk, line.pk]))
        toast(request, " ".join(error.messages), response=response, kind="red")
        return response
    return to_patient(request, patient, said)


@requires(Permission.TREATMENT_EDIT)
@require_POST
def line_resume(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Resumes a line on hold."""
    now = timezone.now()
    return _at_once(
        request, patient_id, line_id, lambda line: commands.resume_line(line, by=request.user, now=now), "Line resumed"
    )


@requires(Permission.TREATMENT_EDIT)
@require_POST
def line_confirm(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """An imported line was looked at and is right."""
    now = timezone.now()
    return _at_once(
        request,
        patient_id,
        line_id,
        lambda line: commands.confirm_import(line, by=request.user, now=now),
        "Imported line confirmed",
    )
