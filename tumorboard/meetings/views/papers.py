"""The agenda on paper for the people of the team, and the invitation, which names no patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.rules import Permission
from careteam.web.pdf import PdfUnavailable, pdf_of
from tumorboard.meetings.queries import agenda_of, program_of, visible_meeting, wants_of

if TYPE_CHECKING:
    from tumorboard.meetings.models import Meeting


def _pdf(request: SignedInRequest, row: Meeting, template: str, name: str, context: dict[str, Any]) -> HttpResponse:
    try:
        document = pdf_of(render_to_string(template, context))
    except PdfUnavailable as missing:
        back = reverse("meeting", args=[row.pk])
        return render(request, "tumorboard/refused.html", {"reasons": [str(missing)], "back": back}, status=503)
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}-{context["on"].isoformat()}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


def _context(request: SignedInRequest, row: Meeting) -> dict[str, Any]:
    team = row.board.team
    agenda = agenda_of(row, request.user)
    wants = wants_of([case.patient_id for case in agenda.rows], team.local_date(timezone.now()))
    return {
        "meeting": row,
        "agenda": agenda,
        "program": program_of(row, agenda.rows, wants),
        "on": team.local_date(row.starts_at),
        "today": team.local_date(timezone.now()),
        "url": request.build_absolute_uri(reverse("meeting", args=[row.pk])),
    }


@requires(Permission.PATIENT_VIEW)
@require_safe
def agenda_pdf(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The agenda with its cases, for staff."""
    row = visible_meeting(request.user, meeting_id)
    context = _context(request, row)
    shown = [case.patient_id for case in context["agenda"].rows]
    note_read(request, shown, team_id=row.board.team_id, kind=Kind.EXPORT)
    return _pdf(request, row, "tumorboard/meetings/agenda_pdf.html", "agenda", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def invitation_pdf(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """When, where, how many cases: what may leave the product. The cases are behind its link."""
    row = visible_meeting(request.user, meeting_id)
    return _pdf(request, row, "tumorboard/meetings/invitation_pdf.html", "invitation", _context(request, row))
