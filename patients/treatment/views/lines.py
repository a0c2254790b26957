"""The panel, a line, starting and correcting one."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, render_page
from careteam.web.stale import resolved, stale_answer
from patients.protocol.queries import numbers
from patients.record.models import StaleEdit
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient, saved_meanwhile
from patients.treatment import commands, policies
from patients.treatment.forms import (
    CorrectForm,
    LineForm,
)
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import (
    Course,
    LineRow,
    course_of,
    limits_of,
    line_history,
    lines_of,
    sites_of,
    washout_of,
)
from patients.treatment.rules import SYSTEMIC_OR_PRRT, Modality, plan_class, why_not_trial_number
from patients.treatment.views.base import FORM, line_of, to_goals_step, to_line


@requires(Permission.PATIENT_VIEW)
@require_safe
def treatment_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """All lines of the patient, newest first."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    rows = lines_of(patient.pk, today)
    numbered = [row for row in rows if row.number.order]
    context = {
        "patient": patient,
        "today": today,
        "rows": rows[::-1],
        "treatments": len(numbered),
        "therapy": max((row.number.therapy_so_far for row in numbered), default=0),
        "to_review": sum(row.line.needs_review for row in rows),
        "why_not": policies.why_not_add(patient, request.user),
        "may_dose": not why_not_edit(patient, request.user, Permission.ADMINISTRATION_RECORD),
        "may_confirm": not why_not_edit(patient, request.user, Permission.TREATMENT_EDIT),
    }
    return render_page(request, "patients/treatment/panel.html", context, fragment="panel")


def prefilled(asked: QueryDict) -> dict[str, str]:
    """What a link to the form may fill in: a kind of treatment and the registry number of a trial, nothing else."""
    found = {}
    if (modality := asked.get("modality", "")) in Modality.values:
        found["modality"] = modality
    if (number := asked.get("trial_number", "")) and not why_not_trial_number(number):
        found["trial_number"] = number
    return found


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_start(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Starts, plans or proposes a line. `refresh` in the POST only asks for the fields of another modality."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    protocol = dict(numbers(patient.team_id))
    running = [row.line for row in lines_of(patient.pk, today) if row.is_running]
    places = sites_of(patient.team_id)
    untold = policies.tell_first(patient, on=today)

    def build(data: Any = None, **kwargs: Any) -> LineForm:
        url = reverse("line-start", args=[patient.pk])
        return LineForm(
            data,
            running=running,
            protocol=protocol,
            today=today,
            refresh_url=url,
            places=places,
            untold=untold,
            **kwargs,
        )

    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "why_not": policies.why_not_add(patient, request.user),
    }
    template = "patients/treatment/start.html"
    if request.method == "GET":
        context["form"] = build(initial={"on": today, **prefilled(request.GET)})
        return render_page(request, template, context, fragment="fields")
    if "refresh" in request.POST:
        context["form"] = build(initial={"on": today, **_typed(request)})
        return render_page(request, template, context, fragment="fields")
    form = build(request.POST)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        if form.cleaned_data["mode"] == "propose":
            line = commands.propose_line(
                patient, form.draft, planned_on=form.cleaned_data["on"], by=request.user, now=now
            )
        else:
            line = commands.begin_line(
                patient,
                form.draft,
                on=form.cleaned_data["on"],
                ends=form.ends,
                despite=form.cleaned_data.get("despite", ""),
                by=request.user,
                now=now,
            )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    said = {"proposed": "Line proposed", "planned": "Line planned"}.get(line.status, "Line started")
    watch = line.modality == Modality.PRRT and washout_of(patient.pk, limits_of(patient.team_id), today=today)
    said = f"{said}. Washout: decide about the injections before it." if watch else said
    return to_goals_step(request, line, said, back="line" if watch else "patient")


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What was typed, as the initial of the form that asks what another treatment needs. Empty answers make room for
    its own suggestions; a new kind of treatment also drops what was said of the old one."""
    new_kind = request.POST.get("refresh") != "agent"
    fitting = {"agent", "dose", "interval_days", "planned_count"} if new_kind else set()
    if not new_kind:
        fitting = {"interval_days", "planned_count"}  # the next agent has a rhythm of its own
    typed: dict[str, Any] = {}
    for name in request.POST:
        if name in fitting or (new_kind and name.startswith("plan_")) or name == "refresh":
            continue
        values = request.POST.getlist(name)
        typed[name] = values if len(values) > 1 else values[0]
    return {name: value for name, value in typed.items() if value != ""}


@requires(Permission.PATIENT_VIEW)
@require_safe
def line_page(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """One line: what it is, its doses, its history."""
    patient = readable_patient(request, patient_id)
    line = line_of(patient, line_id)
    today = patient.team.local_date(timezone.now())
    row = next((row for row in lines_of(patient.pk, today) if row.line.pk == line.pk), None)
    course = course_of(line, patient, today=today)
    context = {
        "patient": patient,
        "line": line,
        "row": row,
        "today": today,
        "course": course,
        "criteria": plan_class(line.modality, line.agent).criteria,
        "history": line_history(line),
        "pairs": _facts(line, row, course),
        "may_edit": not policies.why_not_correct(line, request.user),
        "may_dose": not why_not_edit(patient, request.user, Permission.ADMINISTRATION_RECORD),
        "is_running": row is not None and row.is_running,
        "has_dose": line.modality in SYSTEMIC_OR_PRRT or line.modality == Modality.TELOTRISTAT,
    }
    return render_page(request, "patients/treatment/line.html", context)


def _facts(line: TreatmentLine, row: LineRow | None, course: Course) -> list[tuple[str, object]]:
    number = row.number if row else None
    facts: list[tuple[str, object]] = [
        ("Kind", line.get_modality_display()),
        ("Given", line.get_role_display()),
        ("Therapy line", (number.therapy or row.therapy_note) if number and row else ""),
        ("Starts because", line.get_start_reason_display()),
        ("Intent", line.get_intent_display() if line.intent else "Not stated"),
        ("Dose", line.dose),
        ("Rhythm", f"every {line.interval_days} days" if line.interval_days else ""),
        ("Planned", f"{line.planned_count} doses" if line.planned_count else ""),
        ("Where", line.site),
        ("Trial", line.trial_number),
        *line.answers.facts(),
        ("Time on treatment", row.duration if row else ""),
        ("Given at", course.site.name if course.site else ""),
        ("Ended because", line.get_end_reason_display() if line.end_reason else ""),
        ("Note at the end", line.end_note),
        ("Notes", line.notes),
    ]
    return [(label, value) for label, value in facts if value]


@requires(Permission.TREATMENT_EDIT)
@require_http_methods(["GET", "POST"])
def line_correct(request: SignedInRequest, patient_id: int, line_id: int) -> HttpResponse:
    """Corrects a line; a stale save shows both versions and loses nothing."""
    patient = readable_patient(request, patient_id)
    line = line_of(patient, line_id)
    today = patient.team.local_date(timezone.now())
    places = sites_of(patient.team_id)
    context: dict[str, Any] = {
        "patient": patient,
        "line": line,
        "title": f"Correct {line.label}",
        "save": "Save correction",
        "why_not": policies.why_not_correct(line, request.user),
    }
    if request.method == "GET":
        context["form"] = CorrectForm(line=line, today=today, places=places)
        return render_page(request, FORM, context)
    blank = CorrectForm(line=line, today=today, places=places)
    data = resolved(request.POST, blank, blank.start_of(line))
    form = CorrectForm(data, line=line, today=today, places=places)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, FORM, context)
    try:
        commands.correct_line(
            line, form.changes, by=request.user, now=timezone.now(), version=form.cleaned_data["version"]
        )
    except StaleEdit as stale:
        return stale_answer(request, FORM, context, form, stale.current, saved_meanwhile)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return to_line(request, line, "Line corrected")
