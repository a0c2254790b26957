"""One date of a board: move it, add one, cancel one, hold it after all, invite to it."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.calendars.rules import invitation_text
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import count, weekday
from patients.record.models import StaleEdit
from tumorboard.boards.queries import visible_board
from tumorboard.meetings import commands, policies
from tumorboard.meetings.forms import CancelForm, MoveForm, WhenForm
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.queries import day_of, entry_of, local_words, next_open_meeting, visible_meeting
from tumorboard.meetings.views.agenda import PREPARING
from tumorboard.meetings.views.answers import act

if TYPE_CHECKING:
    from tumorboard.meetings.models import Meeting

PLANNING = (Permission.BOARD_AGENDA, Permission.BOARD_CONFIGURE)
_FORM = "tumorboard/form.html"


def _may_plan(request: SignedInRequest, team_id: int) -> None:
    if not any(request.access.may(permission, team_id) for permission in PLANNING):
        raise PermissionDenied("Your roles in this team do not include planning its meetings.")


def _initial(meeting: Meeting) -> dict[str, Any]:
    local = meeting.starts_at.astimezone(zoneinfo.ZoneInfo(meeting.board.team.time_zone))
    return {
        "on": local.date(),
        "at": f"{local:%H:%M}",
        "room": meeting.place,
        "link": meeting.link,
        "version": meeting.version,
    }


@requires(*PLANNING)
@require_http_methods(["GET", "POST"])
def meeting_move(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Another day, time or room for this one meeting; its cut-off moves with it."""
    row = visible_meeting(request.user, meeting_id)
    _may_plan(request, row.board.team_id)
    back, now = reverse("meeting", args=[row.pk]), timezone.now()
    form = MoveForm(request.POST if request.method == "POST" else None, initial=_initial(row))
    cases = AgendaItem.objects.open().filter(meeting=row).count()
    frozen = " Its agenda is frozen, and stays as it is." if row.frozen_at else ""
    context: dict[str, Any] = {
        "form": form,
        "back": back,
        "title": "Move the meeting",
        "lead": f"{row.board.name}, {local_words(row)}, {count(cases, 'case', 'cases')}. The cut-off moves with it; "
        f"members, deputies and presenters are told.{frozen}",
        "save": "Move",
        "reasons": policies.why_not_reschedule(row, request.user),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    values = form.cleaned_data
    try:
        moved = commands.move_meeting(
            row,
            values["on"],
            values["at"],
            room=values["room"],
            link=values["link"],
            reason=values["reason"],
            version=values["version"],
            by=request.user,
            now=now,
        )
    except StaleEdit:
        newer = visible_meeting(request.user, row.pk)
        data = request.POST.copy()
        data["version"] = str(newer.version)
        note = (
            f"Somebody changed this meeting while you were writing: now {local_words(newer)}. Move again to keep yours."
        )
        return conflict(request, _FORM, context | {"note": note, "form": MoveForm(data)})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, back)
    toast(request, f"Moved to {local_words(moved)}", response=response)
    return response


@requires(*PLANNING)
@require_http_methods(["GET", "POST"])
def board_date_add(request: SignedInRequest, board_id: int) -> HttpResponse:
    """An extra meeting of the board."""
    board = visible_board(request.user, board_id)
    _may_plan(request, board.team_id)
    form = WhenForm(request.POST if request.method == "POST" else None, initial={"at": f"{board.local_time:%H:%M}"})
    context = {
        "form": form,
        "back": reverse("boards"),
        "title": "Add a meeting",
        "lead": f"{board.name}: an extra date, {board.duration_minutes} minutes. Members and deputies are invited.",
        "save": "Add",
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    values = form.cleaned_data
    try:
        made = commands.add_meeting(
            board, values["on"], values["at"], reason=values["reason"], by=request.user, now=timezone.now()
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, reverse("meeting", args=[made.pk]))
    toast(request, f"Added: {local_words(made)}", response=response)
    return response


@requires(*PREPARING)
@require_http_methods(["GET", "POST"])
def meeting_cancel(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """No meeting on this date, with the reason; its cases go onto the next agenda."""
    row = visible_meeting(request.user, meeting_id)
    back, now = reverse("meeting", args=[row.pk]), timezone.now()
    target = next_open_meeting(row.board_id, now, but=row.pk)
    number = AgendaItem.objects.open().filter(meeting=row).count()
    to = weekday(day_of(target), day_of(row)) if target else ""
    cases = count(number, "case", "cases") if number else ""
    form = CancelForm(request.POST if request.method == "POST" else None, cases=cases, to=to)
    waits = f" {cases} on its agenda wait for another one." if cases and not to else ""
    context = {
        "form": form,
        "back": back,
        "title": "Cancel the meeting",
        "lead": f"{row.board.name}, {local_words(row)}. Members, deputies and presenters are told.{waits}",
        "save": "Cancel the meeting",
        "is_danger": True,
        "reasons": policies.why_not_prepare(row, request.user),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    return act(
        request,
        lambda: commands.cancel(
            row,
            reason=form.cleaned_data["reason"],
            carry_over=form.cleaned_data.get("carry_over", False),
            by=request.user,
            now=now,
        ),
        back=back,
        said="The meeting is canceled",
    )


@requires(*PLANNING)
@require_POST
def meeting_reinstate(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """A canceled meeting takes place after all."""
    row = visible_meeting(request.user, meeting_id)
    return act(
        request,
        lambda: commands.reinstate(row, by=request.user, now=timezone.now()),
        back=reverse("meeting", args=[row.pk]),
        said="The meeting takes place",
    )


@requires(*PREPARING)
@require_POST
def meeting_invite(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """A mail with a calendar entry to everybody expected who has none of the meeting as it stands."""
    row = visible_meeting(request.user, meeting_id)
    made: list[int] = []
    response = act(
        request,
        lambda: made.append(commands.invite(row, by=request.user, now=timezone.now())),
        back=reverse("meeting", args=[row.pk]),
    )
    if made:
        said = f"{count(made[0], 'invitation leaves', 'invitations leave')}" if made[0] else "Everybody is invited"
        toast(request, said, response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting_ics(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The meeting as a file for one's own calendar: board, place and time."""
    row = visible_meeting(request.user, meeting_id)
    text = invitation_text(
        entry_of(row),
        sequence=row.sequence,
        at=timezone.now(),
        method="PUBLISH",
        site=settings.SITE_URL,
        organizer=settings.DEFAULT_FROM_EMAIL,
        attendee="",
    )
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return response
