"""A scanned paper of the demo: made when the demo is made, kept as an upload is."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import format_html

from careteam.people.models import Team
from careteam.web.pdf import PdfUnavailable, pdf_of
from patients.record.models import in_care
from patients.wishes.commands import add_file
from patients.wishes.models import DocumentFile, WishDocument
from patients.wishes.rules import DocumentKind, DocumentState

_SHEET = (
    "<!doctype html><html lang=en><head><title>Advance directive</title><style>@page {{ size: A4; margin: 25mm }} "
    "body {{ font: 12pt serif; line-height: 1.6 }} .signed {{ margin-top: 20mm }}</style></head><body>"
    "<h1>Advance directive</h1><p>I, {given} {family}, born on {born}, say in good mind what I want when I can no "
    "longer say it myself.</p><p>{wish}.</p><p>I want to be free of pain and breathlessness, and to be cared for "
    "where I live for as long as that can be done.</p><p>The original: {original}.</p>"
    "<p class=signed>{signed}<br>{given} {family}</p><p><small>An invented person of a demonstration.</small></p>"
    "</body></html>"
)


def keep_paper_of_demo(team: Team, *, now: datetime) -> DocumentFile | None:
    """The scan of the first advance directive that somebody of the team has read, once; without the libraries that make
    a PDF there is none."""
    if DocumentFile.objects.filter(patient__team=team).exists():
        return None
    papers = WishDocument.objects.valid().filter(
        in_care(),
        patient__team=team,
        kind=DocumentKind.DIRECTIVE,
        state=DocumentState.CURRENT,
        seen_by__isnull=False,
        signed_on__isnull=False,
    )
    paper = papers.select_related("patient", "seen_by").order_by("pk").first()
    if paper is None or paper.seen_by is None or paper.signed_on is None:
        return None
    try:
        pdf = pdf_of(
            format_html(
                _SHEET,
                given=paper.patient.given_name,
                family=paper.patient.family_name,
                born=f"{paper.patient.birth_date:%d %b %Y}" if paper.patient.birth_date else "",
                wish=paper.get_code_status_display() or "What I want stands in the conversation with my doctors",
                original=paper.original_at.lower(),
                signed=f"{paper.signed_on.day} {paper.signed_on:%B %Y}",
            )
        )
    except PdfUnavailable:
        return None
    upload = SimpleUploadedFile("Advance directive.pdf", pdf, content_type="application/pdf")
    return add_file(paper, upload, by=paper.seen_by, now=now)
