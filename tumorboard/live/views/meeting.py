"""The live page: everybody sees the case that the chair has put on. The live channel (`stream`) says when to look
again; where it is dead, a poll does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import redirect_or_refresh, render_page, trigger, wants_fragment
from tumorboard.decisions.rules import Option, labels_of
from tumorboard.goalcheck.queries import check_of
from tumorboard.live import policies
from tumorboard.live.forms import Choices, DecisionForm, as_data, form_of, start_of, typed_words
from tumorboard.live.queries import (
    CaseCard,
    LiveState,
    case_of,
    clock_now,
    current_state,
    following,
    meanwhile,
    note_of,
    own_draft,
    position_of,
    screens_of,
    taken_off,
    trials_for,
)
from tumorboard.meetings.commands import show_item, step_item
from tumorboard.meetings.queries import agenda_of, visible_item, visible_meeting

if TYPE_CHECKING:
    from tumorboard.meetings.models import AgendaItem, Meeting

TEMPLATE = "tumorboard/live/live.html"
STEERING = (Permission.BOARD_AGENDA, Permission.BOARD_DECIDE, Permission.BOARD_REFER)


def decision_form(request: SignedInRequest, card: CaseCard) -> DecisionForm:
    """The form as it was sent; else what this person typed and did not record; else the draft or the defaults."""
    if request.method == "POST":
        act = request.POST.get("act", "")
        data = request.POST.copy()
        if data.get("then") == "unchanged":
            data["unchanged"] = "on"
        return form_for(request, card, data, is_sent=not act, another=act == "another")
    kept = own_draft(card.item.pk, request.user)
    form = form_for(request, card, as_data(kept.content) if kept else None)
    form.kept = kept if kept and form.differs else None
    return form


def form_for(request: SignedInRequest, card: CaseCard, data: QueryDict | None, **how: bool) -> DecisionForm:
    """`form_of` with the people and trials of the case, for who asks."""
    team = card.item.meeting.board.team
    choices = Choices(team_people(frozenset({team.pk})), trials_for(card.patient))
    start = start_of(card, card.item.referral.presenter or request.user, team.local_date(timezone.now()))
    return form_of(card, choices, start, data, **how)


def live_context(request: SignedInRequest, meeting: Meeting, state: LiveState) -> dict[str, Any]:
    """The case that is on, the agenda beside it, what this person may do. One read of the case is noted."""
    team = meeting.board.team
    now = timezone.now()
    today = team.local_date(now)
    agenda = agenda_of(meeting, request.user)
    item: AgendaItem | None = visible_item(request.user, state.item_id) if state.item_id else None
    may_run = not policies.may_follow_only(meeting, request.user)
    context: dict[str, Any] = {
        "meeting": meeting,
        "state": state,
        "agenda": agenda,
        "position": position_of(agenda.rows, state.item_id),
        "clock": clock_now(meeting, agenda.rows, item, now),
        "poll_url": reverse("live-poll", args=[meeting.pk]),
        "screens": screens_of(meeting, now),
        "today": today,
        "now": now,
        "on": team.local_date(meeting.starts_at),
        "may_run": may_run,
        "may_go": not policies.why_not_show(meeting, request.user),
        "why_not_go": policies.why_not_show(meeting, request.user),
        "is_here": any(seat.user_id == request.user.pk and seat.since for seat in agenda.seats),
        "shown": shown_of(state),
        "is_part": wants_fragment(request),
    }
    if request.access.may(Permission.BOARD_DECIDE, team.pk) and agenda.unsigned:
        context["sign_url"] = reverse("meeting-sign", args=[meeting.pk])
    if item is None:
        context["taken_off"] = taken_off(meeting)
    else:
        note_read(request, [item.patient_id], team_id=team.pk)
        card = case_of(item, today)
        why_not_record = policies.why_not_record(item, request.user)
        context |= {"card": card, "patient": item.patient, "item": item, "why_not_record": why_not_record}
        context["note"] = note_of(item.pk, request.user)
        if why_not_record:
            kept = own_draft(item.pk, request.user)
            context["unrecorded"] = typed_words(kept.content) if kept else []
        else:
            form = context["form"] = decision_form(request, card)
            chosen = [Option(code) for code in form["options"].value() or () if code in Option.values]
            context["check"] = check_of(
                item.patient_id, labels_of(chosen), team_id=team.pk, today=today, goals=card.goals
            )
    return context


@requires(Permission.PATIENT_VIEW)
@require_safe
def live(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The page, or the part that changed (`part` case or agenda), or what comes next (`part` ahead)."""
    meeting = visible_meeting(request.user, meeting_id)
    if meeting.is_vote:
        return redirect_or_refresh(request, reverse("ballot", args=[meeting.pk]))
    if request.GET.get("part") == "ahead":
        return _ahead(request, meeting)
    context = live_context(request, meeting, current_state(meeting))
    note_read(request, [row.patient_id for row in context["agenda"].rows], team_id=meeting.board.team_id)
    fragment = "agenda" if request.GET.get("part") == "agenda" else "case"
    if fragment == "agenda":
        context |= {"only_agenda": True, **_poller(request, current_state(meeting))}
    return render_page(request, TEMPLATE, context, fragment=fragment)


def _ahead(request: SignedInRequest, meeting: Meeting) -> HttpResponse:
    """Who and what comes next, fetched before it is on, so that it stands there with the change itself; 204 where
    nothing follows. A read of the chart like any other."""
    row = following(agenda_of(meeting, request.user).rows, current_state(meeting).item_id)
    if row is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    item = visible_item(request.user, row.item_id)
    note_read(request, [item.patient_id], team_id=meeting.board.team_id)
    today = meeting.board.team.local_date(timezone.now())
    context = {"item": item, "patient": item.patient, "card": case_of(item, today), "today": today}
    return render(request, f"{TEMPLATE}#ahead", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def live_poll(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """204, and while something changed (`v`) an event that says which part to fetch again: what is fetched brings the
    new version with it, so that a fetch that failed is asked for again.

    Somebody who is typing (`typed`) keeps the page and reads where the chair went. Carries no patient data.
    """
    meeting = visible_meeting(request.user, meeting_id)
    state = current_state(meeting)
    if request.GET.get("v") == str(state.version):
        return HttpResponse(status=204)
    poller = _poller(request, state)
    if "meanwhile" in poller:
        context = {"meeting": meeting, "poll_url": reverse("live-poll", args=[meeting.pk]), **poller}
        return trigger(render(request, f"{TEMPLATE}#poller", context), ("agendaChanged",))
    changed = request.GET.get("case", "") != state.case
    return trigger(HttpResponse(status=204), ("caseChanged",) if changed else ("agendaChanged",))


def shown_of(state: LiveState) -> dict[str, object]:
    """What a screen says of itself when it looks again."""
    return {"v": state.version, "item": state.item_id or "", "case": state.case}


def _poller(request: SignedInRequest, state: LiveState) -> dict[str, Any]:
    """The poller of a screen that keeps its case: it goes on saying what it shows. Who is typing reads why."""
    case, item = request.GET.get("case", state.case), request.GET.get("item", "")
    if case == state.case:
        return {"shown": shown_of(state)}
    shown = {"v": request.GET.get("v", ""), "item": item, "case": case}
    if request.GET.get("typed") != "1":
        return {"shown": shown}
    said = meanwhile(int(item[:18]), state) if item.isdecimal() else ""
    return {"shown": shown | {"v": state.version}, "meanwhile": said}


@requires(*STEERING)
@require_POST
def live_go(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """To the next (`steps` 1) or previous (-1) open case, or to `item`."""
    meeting = visible_meeting(request.user, meeting_id)
    back = reverse("projector" if request.POST.get("back") == "projector" else "live", args=[meeting.pk])
    now = timezone.now()
    asked = request.POST.get("item", "")
    try:
        if asked.isdecimal():
            show_item(meeting, visible_item(request.user, int(asked[:19])), by=request.user, now=now)
        else:
            step_item(meeting, -1 if request.POST.get("steps") == "-1" else 1, by=request.user, now=now)
    except ValidationError as error:
        return render(request, "tumorboard/refused.html", {"reasons": error.messages, "back": back}, status=422)
    return redirect_or_refresh(request, back)
