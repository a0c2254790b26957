"""Ordering an agenda: by dragging, by buttons, by proposal. Two people may do it at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast, wants_fragment
from tumorboard.boards.rules import local_moment
from tumorboard.meetings import commands, policies
from tumorboard.meetings.forms import AvailabilityForm
from tumorboard.meetings.queries import visible_item, visible_meeting
from tumorboard.meetings.rules import Section
from tumorboard.meetings.rules.order import OrderBy
from tumorboard.meetings.views.agenda import PREPARING, agenda_page
from tumorboard.meetings.views.answers import refused

if TYPE_CHECKING:
    from django.http import HttpResponse

_LEFT_OUT = frozenset({"csrfmiddlewaretoken", "seen"})


def _change(
    request: SignedInRequest,
    meeting_id: int,
    command: Callable[[int | None], object],
    *,
    said: str = "",
    undo_url: str = "",
) -> HttpResponse:
    """Runs the command with the last change that the page knew of; then the agenda anew. Where somebody else changed it
    since: 409, the agenda as it is now, what they did, and the act ready to be done all the same."""
    asked = request.POST.get("seen", "")
    back = reverse("meeting", args=[meeting_id])
    try:
        command(int(asked) if asked.isdecimal() and len(asked) < 19 else None)
    except commands.AgendaMoved as moved:
        again = [(name, value) for name, value in request.POST.items() if name not in _LEFT_OUT]
        extra = {"moved": moved.changes, "again": again, "again_url": request.path}
        return agenda_page(request, visible_meeting(request.user, meeting_id), status=409, extra=extra)
    except ValidationError as error:
        return refused(request, error.messages, back=back)
    if not wants_fragment(request):
        response = redirect_or_refresh(request, back)
    else:
        response = agenda_page(request, visible_meeting(request.user, meeting_id))
    if said:
        toast(request, said, response=response, undo_url=undo_url)
    return response


@requires(*PREPARING)
@require_POST
def item_move(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Up or down within its section (`steps` −1 or 1, or as many as it was dragged)."""
    item = visible_item(request.user, item_id)
    try:
        steps = max(-500, min(500, int(request.POST.get("steps", ""))))
    except ValueError:
        back = reverse("meeting", args=[item.meeting_id])
        return refused(request, ["Say by how many places the case moves."], back=back)
    return _change(
        request,
        item.meeting_id,
        lambda seen: commands.move_item(item, steps, by=request.user, now=timezone.now(), seen=seen),
    )


@requires(*PREPARING)
@require_POST
def item_minutes(request: SignedInRequest, item_id: int) -> HttpResponse:
    """How long the case may take."""
    item = visible_item(request.user, item_id)
    try:
        minutes = int(request.POST.get("minutes", ""))
    except ValueError:
        back = reverse("meeting", args=[item.meeting_id])
        return refused(request, ["Write the minutes as a number."], back=back)
    return _change(
        request,
        item.meeting_id,
        lambda seen: commands.change_minutes(item, minutes, by=request.user, now=timezone.now(), seen=seen),
    )


@requires(*PREPARING)
@require_POST
def item_section(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Into another section of the agenda: standby, protocol …"""
    item = visible_item(request.user, item_id)
    asked = request.POST.get("section", "")
    if asked not in Section.values:
        return refused(request, ["Choose a section."], back=reverse("meeting", args=[item.meeting_id]))
    return _change(
        request,
        item.meeting_id,
        lambda seen: commands.set_section(item, Section(asked), by=request.user, now=timezone.now(), seen=seen),
    )


@requires(*PREPARING)
@require_POST
def meeting_order(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The order that the rules propose, looking first at `first`."""
    row = visible_meeting(request.user, meeting_id)
    asked = request.POST.get("first", "")
    if asked not in OrderBy.values:
        return refused(request, ["Choose what the order looks at first."], back=reverse("meeting", args=[row.pk]))
    first = OrderBy(asked)
    return _change(
        request,
        row.pk,
        lambda seen: commands.propose_order(row, first, by=request.user, now=timezone.now(), seen=seen),
        said=f"Ordered by {first.label.lower()}",
        undo_url=reverse("meeting-order-undo", args=[row.pk]),
    )


@requires(*PREPARING)
@require_POST
def meeting_order_undo(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The order before the last change of it."""
    row = visible_meeting(request.user, meeting_id)
    return _change(
        request,
        row.pk,
        lambda seen: commands.undo_order(row, by=request.user, now=timezone.now(), seen=seen),
        said="The order before is back",
    )


@requires(*PREPARING)
@require_POST
def meeting_send(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Tells members and presenters where the agenda is: a link, no patient."""
    row = visible_meeting(request.user, meeting_id)
    back = reverse("meeting", args=[row.pk])
    try:
        told = commands.send_agenda(row, by=request.user, now=timezone.now())
    except ValidationError as error:
        return refused(request, error.messages, back=back)
    response = redirect_or_refresh(request, back)
    people = f"{told} {'person' if told == 1 else 'people'} told" if told else "Everybody knows this agenda already"
    toast(request, people, response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def meeting_availability(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Who comes late or leaves early: everybody for themselves, whoever prepares the agenda for all."""
    row = visible_meeting(request.user, meeting_id)
    team = row.board.team
    back = reverse("meeting", args=[row.pk])
    people = team_people(frozenset({team.pk}))
    if policies.why_not_prepare(row, request.user):
        people = [person for person in people if person.pk == request.user.pk]
    start = {"person": request.user.pk}
    form = AvailabilityForm(request.POST if request.method == "POST" else None, people=people, initial=start)
    context = {
        "form": form,
        "back": back,
        "title": "Comes late, leaves early",
        "lead": "The proposed order and the clock times of the agenda respect it. Both empty: there all the time.",
        "save": "Save",
    }
    if request.method == "GET":
        return render_page(request, "tumorboard/form.html", context)
    if not form.is_valid():
        return invalid(request, "tumorboard/form.html", context)
    on = team.local_date(row.starts_at)

    def moment(at: time | None) -> datetime | None:
        return local_moment(on, at, team.time_zone) if at else None

    try:
        commands.set_availability(
            row,
            form.cleaned_data["person"],
            comes_at=moment(form.cleaned_data["comes"]),
            leaves_at=moment(form.cleaned_data["leaves"]),
            by=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "tumorboard/form.html", context)
    response = redirect_or_refresh(request, back)
    toast(request, "Saved", response=response)
    return response
