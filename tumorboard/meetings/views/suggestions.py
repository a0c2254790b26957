"""A case that comes back: accepted in one act, declined with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import day
from patients.imaging.queries import readable_study
from patients.record.models import StaleEdit
from tumorboard.meetings import commands
from tumorboard.meetings.forms import AcceptForm, DeclineForm, RewordForm
from tumorboard.meetings.queries import next_open_meeting, visible_meeting
from tumorboard.meetings.views.answers import act, refused
from tumorboard.suggestions import commands as suggestions
from tumorboard.suggestions.queries import as_row, suggestions_of_study, visible_suggestion
from tumorboard.suggestions.rules import DeclineReason

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tumorboard.meetings.models import Meeting
    from tumorboard.suggestions.models import AgendaSuggestion

_TEMPLATE = "tumorboard/meetings/suggestions.html"


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def suggestion(request: SignedInRequest, suggestion_id: int) -> HttpResponse:
    """One suggestion; a POST accepts it: the referral is filed and listed, for the agenda of `meeting` if it still
    takes cases or with `reason`, else for the next one that does."""
    row = _suggestion(request, suggestion_id)
    if request.method == "GET":
        return render_page(request, _TEMPLATE, _context(request, row))
    _insist_may_refer(request, row)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return refused(request, ["Write at most 200 characters why this case cannot wait."], back=row.url)
    wanted = _meeting(request, form.cleaned_data["meeting"])
    back = reverse("meeting", args=[wanted.pk]) if wanted else row.url
    try:
        accepted = commands.accept_suggestion(
            row,
            meeting=wanted,
            after_cutoff_reason=form.cleaned_data["reason"],
            by=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        return refused(request, error.messages, back=back)
    response = redirect_or_refresh(request, back)
    toast(request, _said(accepted, wanted), response=response)
    return response


@requires(Permission.BOARD_REFER)
@require_http_methods(["GET", "POST"])
def suggestion_decline(request: SignedInRequest, suggestion_id: int) -> HttpResponse:
    """Not for the board, with a coded reason; can be undone."""
    row = _suggestion(request, suggestion_id)
    _insist_may_refer(request, row)
    start = {"meeting": request.GET.get("meeting", "")}
    form = DeclineForm(request.POST) if request.method == "POST" else DeclineForm(initial=start)
    wanted = _meeting(request, form.cleaned_data.get("meeting") if form.is_bound and form.is_valid() else None)
    back = reverse("meeting", args=[wanted.pk]) if wanted else row.url
    context = {
        "form": form,
        "back": back,
        "title": "Not for the board",
        "lead": f"{row.patient.name}: {row.question}",
        "save": "Decline",
    }
    if request.method == "GET":
        return render_page(request, "tumorboard/form.html", context)
    if not form.is_valid():
        return invalid(request, "tumorboard/form.html", context)
    try:
        suggestions.decline(
            row,
            reason=DeclineReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "tumorboard/form.html", context)
    response = redirect_or_refresh(request, back)
    toast(request, "Declined", response=response, undo_url=reverse("suggestion-reopen", args=[row.pk]))
    return response


@requires(Permission.BOARD_REFER)
@require_http_methods(["GET", "POST"])
def suggestion_reword(request: SignedInRequest, suggestion_id: int) -> HttpResponse:
    """Another question for the board, before anything is filed. What its source asks stands beside it."""
    row = _suggestion(request, suggestion_id)
    _insist_may_refer(request, row)
    form = RewordForm(request.POST or None, initial={"question": row.question, "version": row.version})
    back = reverse("suggestion", args=[row.pk])
    asks = f"{row.referrer or 'The source'} asks: {row.source_question}" if row.source_question else ""
    context = {"form": form, "back": back, "title": "Question for the board", "lead": asks, "save": "Save"}
    context["patient"] = row.patient
    if request.method == "GET":
        return render_page(request, "tumorboard/form.html", context)
    if not form.is_valid():
        return invalid(request, "tumorboard/form.html", context)
    values = form.cleaned_data
    try:
        suggestions.reword(row, values["question"], version=values["version"], by=request.user, now=timezone.now())
    except StaleEdit:
        row = visible_suggestion(request.user, suggestion_id)
        context["note"] = f"It was changed meanwhile and reads now: {row.question} Save again to replace it with yours."
        context["form"] = RewordForm(initial={"question": values["question"], "version": row.version})
        return conflict(request, "tumorboard/form.html", context)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "tumorboard/form.html", context)
    response = redirect_or_refresh(request, back)
    toast(request, "Saved", response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_POST
def suggestion_reopen(request: SignedInRequest, suggestion_id: int) -> HttpResponse:
    """Undo of a decline."""
    row = _suggestion(request, suggestion_id)
    _insist_may_refer(request, row)
    back = reverse("suggestion", args=[row.pk])
    return act(
        request,
        lambda: suggestions.reopen(row, by=request.user, now=timezone.now()),
        back=back,
        said="Suggested again",
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def study_suggestions(request: SignedInRequest, study_id: int) -> HttpResponse:
    """What the study's ladder suggested to the board, and what became of it: a part of the study's page."""
    study = readable_study(request, study_id)
    team = study.patient.team
    now = timezone.now()
    rows = suggestions_of_study(request.user, study.pk, on=team.local_date(now))
    context = {
        "rows": rows,
        "patient": study.patient,
        "title": str(study),
        "may_refer": request.access.may(Permission.BOARD_REFER, team.pk),
        "today": team.local_date(now),
        "source_url": reverse("study-page", args=[study.pk]),
    }
    return render_page(request, _TEMPLATE, context, fragment="rows")


def _suggestion(request: SignedInRequest, suggestion_id: int) -> AgendaSuggestion:
    row = visible_suggestion(request.user, suggestion_id)
    note_read(request, [row.patient_id], team_id=row.board.team_id)
    return row


def _insist_may_refer(request: SignedInRequest, row: AgendaSuggestion) -> None:
    if not request.access.may(Permission.BOARD_REFER, row.board.team_id):
        raise PermissionDenied("Your roles in this team do not include referring to the board.")


def _meeting(request: SignedInRequest, meeting_id: int | None) -> Meeting | None:
    return visible_meeting(request.user, meeting_id) if meeting_id else None


def _context(request: SignedInRequest, row: AgendaSuggestion) -> dict[str, Any]:
    now = timezone.now()
    today = row.board.team.local_date(now)
    return {
        "rows": [as_row(row, today)],
        "patient": row.patient,
        "title": row.get_kind_display(),
        "target": next_open_meeting(row.board_id, now),
        "may_refer": request.access.may(Permission.BOARD_REFER, row.board.team_id),
        "today": today,
        "source_url": row.url,
    }


def _said(accepted: commands.Accepted, wanted: Meeting | None) -> str:
    item = accepted.item
    if item is None:
        return "Referred; whoever prepares the agenda puts it on one"
    on = day(item.meeting.board.team.local_date(item.meeting.starts_at))
    if wanted is not None and item.meeting_id != wanted.pk:
        return f"On the agenda of {on}: the cut-off of this one has passed"
    return f"On the agenda of {on}"
