"""The live channel of a meeting: says that something changed, never what. Carries no patient data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.access.queries import still_signed_in
from careteam.people.rules import Permission
from careteam.web.responses import redirect_or_refresh, wants_fragment
from careteam.web.stream import Hubs, event, ring
from tumorboard.live.commands import save_note
from tumorboard.live.forms import TypingForm
from tumorboard.live.policies import why_not_record
from tumorboard.live.queries import current_state, states_by_topic
from tumorboard.live.rules import OVER
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.queries import visible_item, visible_meeting

if TYPE_CHECKING:
    from tumorboard.live.queries import LiveState

PING_SECONDS = 15.0  # a proxy that hears nothing for a minute closes; each time it is asked again who may listen
HUBS = Hubs("meeting", states_by_topic)


def streamed(meeting: Meeting, state: LiveState, may_stay: Callable[[], bool]) -> HttpResponseBase:
    """An endless answer for who was let in; `may_stay` is asked at each ping. 204 for a meeting that is over: nothing
    will change any more, and the browser does not ask again."""
    if state.is_over:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    response = StreamingHttpResponse(_events(meeting.topic, may_stay), content_type="text/event-stream")
    response["Cache-Control"] = "no-store, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx passes each event on at once
    return response


async def _events(topic: str, may_stay: Callable[[], bool]) -> AsyncIterator[bytes]:
    """A connection to the database stays with a request until its answer is closed: it is given back before the
    stream begins and after each question."""

    def ask() -> bool:
        try:
            return may_stay()
        finally:
            connections.close_all()

    await sync_to_async(connections.close_all)()
    yield b"retry: 300\n\n"
    with HUBS.here().watching(topic) as viewer:
        ping_at = time.monotonic() + PING_SECONDS
        while True:
            try:
                said = await asyncio.wait_for(viewer.queue.get(), max(0.01, ping_at - time.monotonic()))
            except TimeoutError:
                if not await sync_to_async(ask)():
                    yield event("over", {})
                    return
                ping_at = time.monotonic() + PING_SECONDS
                yield b": ping\n\n"
                continue
            if said is None:  # lagged behind: the browser connects again and is told how things stand
                return
            yield event(*said)
            if said[0] == "over" or said[1].get("status") in OVER:
                if said[0] != "over":
                    yield event("over", {})
                return


@requires(Permission.PATIENT_VIEW)
@require_safe
def live_stream(request: SignedInRequest, meeting_id: int) -> HttpResponseBase:
    """Server-sent events: `look` (version, case), `say` (somebody is typing), `over`. Ends with the session, the
    right, or the meeting."""
    meeting = visible_meeting(request.user, meeting_id)
    return streamed(meeting, current_state(meeting), may_stay_of(request, meeting_id))


def may_stay_of(request: SignedInRequest, meeting_id: int) -> Callable[[], bool]:
    """Whether the session still runs and the person still sees the meeting, asked anew each time."""
    session_key, user_id = request.session.session_key or "", request.user.pk

    def may_stay() -> bool:
        person = still_signed_in(session_key, user_id, timezone.now())
        return person is not None and Meeting.objects.visible_to(person).filter(pk=meeting_id).exists()

    return may_stay


@requires(Permission.PATIENT_VIEW)
@require_POST
def live_note(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Saves what this person notes for themselves about the case."""
    item = visible_item(request.user, item_id)
    save_note(item, request.POST.get("note", ""), by=request.user, now=timezone.now())
    if wants_fragment(request):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return redirect_or_refresh(request, reverse("live", args=[item.meeting_id]))


@requires(Permission.PATIENT_VIEW)
@require_POST
def live_typing(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Tells the others in which field of the case this person is writing; not what. Kept nowhere."""
    item = visible_item(request.user, item_id)
    form = TypingForm(request.POST)
    if form.is_valid() and not why_not_record(item, request.user):
        label = form.cleaned_data["field"]
        ring(item.meeting.topic, {"item": item.pk, "who": str(request.user), "id": request.user.pk, "field": label})
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
