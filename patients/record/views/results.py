"""The sheet of labs of one day; symptoms over time and what was done about them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import conflict_context
from careteam.web.words import count, plural
from patients.record import commands, policies
from patients.record.forms import AnswerForm, SheetForm
from patients.record.models import StaleEdit, SymptomAssessment
from patients.record.queries import readable_patient, saved_meanwhile, sheet_of, symptoms_of, takes_ppi
from patients.record.rules import CGA

SHEET = "patients/record/sheet.html"


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """One date, one field per test, Tab from one to the next. What is unusual is asked about, the rest is kept."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    lines = sheet_of(patient)
    start: dict[str, Any] = {"taken_on": today}
    if request.method != "POST":
        marker = next((line.last for line in lines if line.measure.code == CGA), None)
        start |= {"assay": marker.row.assay if marker else "", "on_ppi": takes_ppi(patient)}
    data = request.POST if request.method == "POST" else None
    form = SheetForm(data, lines=lines, patient=patient, today=today, initial=start)
    context = {
        "patient": patient,
        "today": today,
        "form": form,
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    if request.method != "POST":
        return render_page(request, SHEET, context)
    if not form.is_valid():
        return invalid(request, SHEET, context)
    try:
        added, left = commands.add_results(patient, form.results(), by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, SHEET, context)
    again = f"; {count(left, 'was', 'were')} there already" if left else ""
    toast(request, f"{plural(len(added), 'result,results')} saved{again}")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))


@requires(Permission.PATIENT_VIEW)
@require_safe
def symptoms(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Symptoms, distress, weight and performance: the latest with its course, and everything asked before."""
    patient = readable_patient(request, patient_id)
    context = {
        "patient": patient,
        "today": patient.team.local_date(timezone.now()),
        "now": symptoms_of(patient),
        "why_not_edit": policies.why_not_edit(patient, request.user),
    }
    return render_page(request, "patients/record/symptoms.html", context, fragment="panel")


@requires(Permission.PATIENT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def symptoms_answer(request: SignedInRequest, patient_id: int, pk: int) -> HttpResponse:
    """What was done about severe symptoms; closes the task."""
    patient = readable_patient(request, patient_id)
    row = SymptomAssessment.objects.valid().filter(pk=pk, patient=patient).first()
    if row is None:
        raise Http404("No such entry in this record.")
    form = AnswerForm(request.POST or None, initial={"version": row.version})
    context = {
        "patient": patient,
        "form": form,
        "title": "Severe symptoms: what was done",
        "lead": f"Asked on {row.assessed_on:%d %b %Y}.",
        "why_not": policies.why_not_answer_symptoms(row, patient, request.user),
    }
    template = "patients/record/form.html"
    if request.method != "POST":
        return render_page(request, template, context)
    if form.is_valid():
        try:
            commands.answer_symptoms(
                row,
                form.cleaned_data["answer"],
                version=form.cleaned_data["version"],
                by=request.user,
                now=timezone.now(),
            )
        except StaleEdit as problem:
            current: Any = problem.current
            saved = saved_meanwhile(current, form.cleaned_data["version"])
            shown = conflict_context(
                request,
                form,
                base={"answer": saved.opened.answer} if saved.opened else None,
                theirs={"answer": current.answer},
                version=current.version,
                who=saved.who,
                at=saved.at,
            )
            return conflict(request, template, context | shown)
        except ValidationError as error:
            add_errors(form, error)
    if form.errors:
        return invalid(request, template, context)
    toast(request, "Answered; the task is closed")
    return redirect_or_refresh(request, reverse("patient", args=[patient.pk]))
