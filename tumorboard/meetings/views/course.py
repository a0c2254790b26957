"""Freeze, start, hold, functions, attendance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import redirect_or_refresh, toast
from tumorboard.meetings import commands
from tumorboard.meetings.forms import FunctionsForm
from tumorboard.meetings.queries import visible_meeting
from tumorboard.meetings.views.agenda import PREPARING
from tumorboard.meetings.views.answers import act, refused

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tumorboard.meetings.models import Meeting


def _course(
    request: SignedInRequest, meeting_id: int, command: Callable[..., Meeting], *, to: str, said: str
) -> HttpResponse:
    row = visible_meeting(request.user, meeting_id)
    try:
        command(row, by=request.user, now=timezone.now())
    except ValidationError as error:
        return refused(request, error.messages, back=reverse("meeting", args=[row.pk]))
    response = redirect_or_refresh(request, reverse(to, args=[row.pk]))
    toast(request, said, response=response)
    return response


@requires(*PREPARING)
@require_POST
def meeting_freeze(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The agenda stands."""
    return _course(request, meeting_id, commands.freeze, to="meeting", said="The agenda stands")


@requires(*PREPARING)
@require_POST
def meeting_start(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Opens the meeting and goes live."""
    return _course(request, meeting_id, commands.start, to="live", said="The meeting runs")


@requires(*PREPARING)
@require_POST
def meeting_hold(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Ends the meeting; what was not discussed is carried over."""
    return _course(request, meeting_id, commands.hold, to="meeting", said="Held; open cases are carried over")


@requires(*PREPARING)
@require_POST
def meeting_functions(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Who chairs, who writes."""
    row = visible_meeting(request.user, meeting_id)
    back = reverse("meeting", args=[row.pk])
    form = FunctionsForm(request.POST, people=team_people(frozenset({row.board.team_id})))
    if not form.is_valid():
        return refused(request, ["Choose chair and scribe from the list."], back=back)
    return act(
        request,
        lambda: commands.set_functions(
            row,
            chair=form.cleaned_data["chair"],
            scribe=form.cleaned_data["scribe"],
            by=request.user,
            now=timezone.now(),
        ),
        back=back,
        said="Saved",
    )


@requires(Permission.PATIENT_VIEW)
@require_POST
def meeting_attendance(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Marks a person (`person`, default oneself) as there (`present` yes; `mode` room or remote) or gone."""
    row = visible_meeting(request.user, meeting_id)
    asked = request.POST.get("person", "")
    person = User.objects.filter(pk=int(asked[:19])).first() if asked.isdecimal() else request.user
    if person is None:
        raise Http404("No such person.")
    to = "live" if request.POST.get("back") == "live" else "meeting"
    return act(
        request,
        lambda: commands.set_attendance(
            row,
            person,
            present=request.POST.get("present") == "yes",
            mode=request.POST.get("mode", ""),
            by=request.user,
            now=timezone.now(),
        ),
        back=reverse(to, args=[row.pk]),
    )
