"""Minutes: as they stand, as they were signed, on paper; what they say of one patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.celery import call_worker
from careteam.people.rules import Permission
from careteam.printing.rules import PrintState
from careteam.web.paging import keyset_page
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.web.signing import password_status
from tumorboard.decisions.queries import visible_decision
from tumorboard.meetings.queries import PAST_SORTS, past_meetings, visible_meeting
from tumorboard.minutes import policies
from tumorboard.minutes.commands import PAPER, ask_print, sign_minutes
from tumorboard.minutes.forms import SignMinutesForm
from tumorboard.minutes.models import SignedMinutes
from tumorboard.minutes.queries import Minutes, content_of, extract_of, latest_of, minutes_of, versions_of

if TYPE_CHECKING:
    from tumorboard.meetings.models import Meeting

_PAGE, _SIGN, _VERSION, _PAST = (f"tumorboard/minutes/{name}.html" for name in ("minutes", "sign", "version", "past"))
PAGE = 12


def _read(request: SignedInRequest, meeting_id: int, kind: Kind = Kind.READ) -> tuple[Meeting, Minutes]:
    meeting = visible_meeting(request.user, meeting_id)
    minutes = minutes_of(meeting, meeting.board.team.local_date(timezone.now()))
    note_read(request, [case.row.patient_id for case in minutes.cases], team_id=meeting.board.team_id, kind=kind)
    return meeting, minutes


def _context(meeting: Meeting, minutes: Minutes) -> dict[str, Any]:
    versions = versions_of(meeting.pk)
    return {
        "minutes": minutes,
        "meeting": meeting,
        "today": meeting.board.team.local_date(timezone.now()),
        "versions": versions,
        "last": versions[0] if versions else None,
        "has_changed": bool(versions) and versions[0].content != content_of(minutes).kept,
    }


@requires(Permission.PATIENT_VIEW)
@require_safe
def past(request: SignedInRequest) -> HttpResponse:
    """Past meetings, latest first, and whether their minutes are signed; names nobody."""
    now = timezone.now()
    page = keyset_page(past_meetings(request.user, now), sorts=PAST_SORTS, params=request.GET, size=PAGE)
    signed = latest_of(meeting.pk for meeting in page.rows)
    rows = [(meeting, signed.get(meeting.pk)) for meeting in page.rows]
    today = request.access.home.local_date(now) if request.access.home else now.date()
    return render_page(request, _PAST, {"page": page, "rows": rows, "today": today}, fragment="list")


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting_minutes(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The minutes as they stand, from the first minute of the meeting on; which versions were signed."""
    meeting, minutes = _read(request, meeting_id)
    context = _context(meeting, minutes)
    may_sign = not policies.why_not_sign(minutes, request.user) and (not context["last"] or context["has_changed"])
    return render_page(request, _PAGE, context | {"may_sign": may_sign})


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting_minutes_pdf(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The minutes as they stand now, as PDF; a clear sentence where the machine cannot make one."""
    meeting, minutes = _read(request, meeting_id, Kind.EXPORT)
    text = content_of(minutes)
    on = meeting.board.team.local_date(meeting.starts_at)
    context = {"meeting": meeting, "minutes": minutes, "on": on, "head": text.head, "cases": text.cases}
    back = reverse("meeting-minutes", args=[meeting.pk])
    return _paper(request, context, f"minutes-{on.isoformat()}", back)


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def minutes_sign(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Signs the minutes as they stand, with the password asked again."""
    meeting, minutes = _read(request, meeting_id)
    context = _context(meeting, minutes)
    last = context["last"]
    form = SignMinutesForm(request.POST or None, user=request.user, is_first=last is None)
    reasons = policies.why_not_sign(minutes, request.user)
    if last is not None and not context["has_changed"]:
        reasons.append(f"Nothing has changed since version {last.number} was signed.")
    context |= {"form": form, "reasons": reasons}
    if request.method != "POST":
        return render_page(request, _SIGN, context)
    if reasons:
        return invalid(request, _SIGN, context)
    status = password_status(request, form)
    if status != 200:
        return render_page(request, _SIGN, context, status=status)
    try:
        signed = sign_minutes(meeting, by=request.user, now=timezone.now(), reason=form.cleaned_data.get("reason", ""))
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _SIGN, context)
    response = redirect_or_refresh(request, reverse("minutes-version", args=[signed.pk]))
    toast(request, f"Minutes signed, version {signed.number}", response=response)
    return response


def _visible(request: SignedInRequest, minutes_id: int) -> SignedMinutes:
    rows = SignedMinutes.objects.visible_to(request.user).select_related(
        "meeting__board__team", "signed_by", "printout"
    )
    signed: SignedMinutes | None = rows.filter(pk=minutes_id).first()
    if signed is None:
        raise Http404("No such minutes, or not yours to see.")
    return signed


@requires(Permission.PATIENT_VIEW)
@require_safe
def minutes_version(request: SignedInRequest, minutes_id: int) -> HttpResponse:
    """One signed version, word for word; how far its PDF is."""
    signed = _visible(request, minutes_id)
    meeting = signed.meeting
    note_read(request, signed.patient_ids, team_id=meeting.board.team_id)
    context = {
        "signed": signed,
        "text": signed.text,
        "meeting": meeting,
        "printout": getattr(signed, "printout", None),
        "on": meeting.board.team.local_date(meeting.starts_at),
        "today": meeting.board.team.local_date(timezone.now()),
    }
    return render_page(request, _VERSION, context, fragment="printout")


@requires(Permission.PATIENT_VIEW)
@require_POST
def minutes_print(request: SignedInRequest, minutes_id: int) -> HttpResponse:
    """Asks for the PDF of a version; a worker makes it while one reads on."""
    signed = _visible(request, minutes_id)
    printout = ask_print(signed, by=request.user, now=timezone.now())
    if printout.state == PrintState.WAITING:
        call_worker("tumorboard.print_minutes", print_id=printout.pk)
    return redirect_or_refresh(request, reverse("minutes-version", args=[signed.pk]))


@requires(Permission.PATIENT_VIEW)
@require_safe
def minutes_pdf(request: SignedInRequest, minutes_id: int) -> HttpResponse:
    """The PDF that was made of a version; 404 before."""
    signed = _visible(request, minutes_id)
    printout = getattr(signed, "printout", None)
    if printout is None or printout.state != PrintState.MADE:
        raise Http404("This PDF has not been made yet.")
    note_read(request, signed.patient_ids, team_id=signed.meeting.board.team_id, kind=Kind.EXPORT)
    on = signed.meeting.board.team.local_date(signed.meeting.starts_at)
    return _file(bytes(printout.pdf), f"minutes-{on.isoformat()}-v{signed.number}")


@requires(Permission.PATIENT_VIEW)
@require_safe
def minutes_extract(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """What the signed minutes say of one patient, as PDF for the record: nobody else stands in it."""
    decision = visible_decision(request.user, decision_id)
    meeting = decision.item.meeting
    found = extract_of(decision.item_id, meeting.pk)
    if found is None:
        raise Http404("The minutes of this meeting are not signed yet.")
    signed, case = found
    note_read(request, [decision.patient_id], team_id=decision.patient.team_id, kind=Kind.EXPORT)
    on = meeting.board.team.local_date(meeting.starts_at)
    context = {"meeting": meeting, "signed": signed, "on": on, "head": "", "cases": [case], "is_extract": True}
    return _paper(request, context, f"minutes-extract-{on.isoformat()}", reverse("decision", args=[decision.pk]))


def _paper(request: SignedInRequest, context: dict[str, Any], name: str, back: str) -> HttpResponse:
    try:
        return _file(pdf_of(render_to_string(PAPER, context)), name)
    except PdfUnavailable as missing:
        return render(request, "tumorboard/refused.html", {"reasons": [str(missing)], "back": back}, status=503)


def _file(document: bytes, name: str) -> HttpResponse:
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
