"""The meeting on the wall: big, read-only, only what is for the room. Presenting it: the same with next and previous.

Two may look: somebody of the team who is signed in (then the page can be steered by who may), or a screen with the
cookie of a projector session (model: read-only, without idle timeout, ends with the meeting).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.access.queries import access_of
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import redirect_or_refresh, render_page, toast, trigger, wants_fragment
from tumorboard.live import policies
from tumorboard.live.commands import end_projectors, start_projector
from tumorboard.live.queries import (
    LiveState,
    case_of,
    clock_now,
    current_state,
    following,
    position_of,
    screen_of,
    taken_off,
)
from tumorboard.live.views.meeting import STEERING, shown_of
from tumorboard.live.views.stream import may_stay_of, streamed
from tumorboard.meetings.queries import agenda_rows, present_specialties, visible_item, visible_meeting

if TYPE_CHECKING:
    from tumorboard.live.models import ProjectorSession
    from tumorboard.meetings.models import Meeting

COOKIE = "projector"
TEMPLATE = "tumorboard/live/projector.html"


class RoomRequest(SignedInRequest):
    """For type hints only: what a view for the room receives. `user` is who started the screen, when it is one."""

    screen: ProjectorSession | None


def for_the_room(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lets in who is signed in and may see patients, or else a screen with the cookie of a running session. A screen
    reads as the person who started it, in this one meeting, and may do nothing."""
    gated = requires(Permission.PATIENT_VIEW)(view)

    @wraps(gated)
    def gate(request: Any, meeting_id: int) -> HttpResponseBase:
        request.screen = None
        token = request.COOKIES.get(COOKIE, "")
        if token and not request.user.is_authenticated:
            request.screen = screen_of(token, meeting_id, timezone.now())
        if request.screen is None:
            return gated(request, meeting_id)
        request.user = request.screen.started_by
        request.access = access_of(request.user)
        with timezone.override(zoneinfo.ZoneInfo(request.screen.meeting.board.team.time_zone)):
            return view(request, meeting_id)

    return gate


def _context(request: RoomRequest, meeting: Meeting, state: LiveState) -> dict[str, Any]:
    team, now = meeting.board.team, timezone.now()
    today = team.local_date(now)
    rows = agenda_rows(meeting, present_specialties(meeting.pk))
    item = visible_item(request.user, state.item_id) if state.item_id else None
    context: dict[str, Any] = {
        "meeting": meeting,
        "state": state,
        "shown": shown_of(state),
        "is_part": wants_fragment(request),
        "rows": rows,
        "position": position_of(rows, state.item_id),
        "next": following(rows, state.item_id),
        "clock": clock_now(meeting, rows, item, now),
        "today": today,
        "on": team.local_date(meeting.starts_at),
        "may_go": request.screen is None and not policies.why_not_show(meeting, request.user),
        "screen": request.screen,
        "poll_url": reverse("projector-poll", args=[meeting.pk]),
    }
    note_read(request, [row.patient_id for row in rows], team_id=team.pk)
    if item is None:
        return context | {"taken_off": taken_off(meeting)}
    return context | {"item": item, "patient": item.patient, "card": case_of(item, today)}


@for_the_room
@require_safe
def projector(request: RoomRequest, meeting_id: int) -> HttpResponse:
    """What is on, for the wall; with controls for who is signed in and steers the meeting."""
    meeting = visible_meeting(request.user, meeting_id)
    context = _context(request, meeting, current_state(meeting))
    return render_page(request, TEMPLATE, context, fragment="case")


@for_the_room
@require_safe
def projector_poll(request: RoomRequest, meeting_id: int) -> HttpResponse:
    """204, with the event when something changed. For a screen whose live channel is dead."""
    meeting = visible_meeting(request.user, meeting_id)
    state = current_state(meeting)
    if request.GET.get("v") == str(state.version):
        return HttpResponse(status=204)
    return trigger(HttpResponse(status=204), ("caseChanged",))


@for_the_room
@require_safe
def projector_stream(request: RoomRequest, meeting_id: int) -> HttpResponseBase:
    """The live channel of a screen; ends with its session."""
    meeting = visible_meeting(request.user, meeting_id)
    if request.screen is None:
        return streamed(meeting, current_state(meeting), may_stay_of(request, meeting_id))
    token = request.COOKIES.get(COOKIE, "")
    return streamed(meeting, current_state(meeting), lambda: screen_of(token, meeting_id, timezone.now()) is not None)


@requires(*STEERING)
@require_POST
def projector_start(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Makes this computer a projector: the person is signed out here, since nobody sits at the wall."""
    meeting = visible_meeting(request.user, meeting_id)
    now = timezone.now()
    try:
        screen, token = start_projector(meeting, by=request.user, now=now)
    except ValidationError as error:
        back = reverse("live", args=[meeting.pk])
        return render(request, "tumorboard/refused.html", {"reasons": error.messages, "back": back}, status=422)
    logout(request)
    to = reverse("projector", args=[meeting.pk])
    response = HttpResponseRedirect(to, status=303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int((screen.ends_at - now).total_seconds()),
        path=to,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


@requires(*STEERING)
@require_POST
def projector_end(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Every projector of the meeting goes out."""
    meeting = visible_meeting(request.user, meeting_id)
    back = reverse("live", args=[meeting.pk])
    try:
        ended = end_projectors(meeting, by=request.user, now=timezone.now())
    except ValidationError as error:
        return render(request, "tumorboard/refused.html", {"reasons": error.messages, "back": back}, status=422)
    response = redirect_or_refresh(request, back)
    toast(request, f"{ended} projector{'' if ended == 1 else 's'} ended", response=response)
    return response
