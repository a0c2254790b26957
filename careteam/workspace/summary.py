"""One page about a patient, for paper: on screen to print, or as PDF."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.rules import Permission
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.web.responses import render_page
from careteam.workspace.banner import banner_for
from careteam.workspace.timeline import course_of
from patients.goals.queries import goals_of
from patients.record.queries import readable_patient
from patients.reports.rules import PAPER, SCREEN, draw
from patients.treatment.queries import lines_of
from patients.wishes.queries import people_of

LINES = 12  # on one page; earlier ones stand in the drawing


@requires(Permission.PATIENT_VIEW)
@require_safe
def patient_summary(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The page; `?format=pdf` as a file. Both leave the house on paper, so both are audited as an export."""
    patient = readable_patient(request, patient_id)
    note_read(request, [patient.pk], team_id=patient.team_id, kind=Kind.EXPORT)
    now = timezone.now()
    today = patient.team.local_date(now)
    paper = request.GET.get("format") == "pdf"
    course = course_of(patient, today)
    lines = lines_of(patient.pk, today)[::-1]
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "now": now,
        "by": request.user,
        "banner": banner_for(patient, today),
        "drawing": draw(course, today, size=PAPER if paper else SCREEN, prefix="summary"),
        "lines": lines[:LINES],
        "earlier": len(lines[LINES:]),
        "goals": goals_of(patient.pk, today),
        "excluded": people_of(patient.pk).excluded,
    }
    if not paper:
        return render_page(request, "patients/reports/summary.html", context)
    try:
        document = pdf_of(render_to_string("patients/reports/summary_paper.html", {**context, "paper": True}), fit=1)
    except PdfUnavailable as missing:
        context["drawing"] = draw(course, today, size=SCREEN, prefix="summary")
        return render_page(request, "patients/reports/summary.html", {**context, "problem": str(missing)}, status=503)
    response = HttpResponse(document, content_type="application/pdf")
    # The name of the file says nothing about the person: downloads end up in strange places.
    response["Content-Disposition"] = f'attachment; filename="summary-{patient.pk}-{today.isoformat()}.pdf"'
    return response
