"""Letters as PDF: what may leave the printer now, a page each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.web.pdf import PdfUnavailable, pdf_of
from patients.letters.models import LetterSent
from patients.letters.rules import Sheet, sheet_from

if TYPE_CHECKING:
    from careteam.access.gate import SignedInRequest

REFUSED = "patients/letters/refused.html"


def sheet_of(letter: LetterSent) -> Sheet:
    return sheet_from(
        sender=letter.sender,
        recipient=letter.recipient,
        on=letter.sent_on,
        subject=letter.subject,
        body=letter.body,
        language=letter.language,
    )


def pdf_answer(request: SignedInRequest, found: Sequence[LetterSent], *, name: str, back: str) -> HttpResponse:
    """The letters as one PDF; a sentence instead where none may be printed, or the machine makes no PDF."""
    if not found:
        reasons = [
            "Nothing may be printed: not sent, the patient has died or left our care, or the GP must not be told."
        ]
        return render(request, REFUSED, {"reasons": reasons, "back": back}, status=409)
    note_read(request, [letter.patient_id for letter in found], team_id=found[0].study.team_id, kind=Kind.EXPORT)
    sheets = [sheet_of(letter) for letter in found]
    try:
        document = pdf_of(render_to_string("patients/letters/paper.html", {"sheets": sheets, "first": sheets[0]}))
    except PdfUnavailable as missing:
        return render(request, REFUSED, {"reasons": [str(missing)], "back": back}, status=503)
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
