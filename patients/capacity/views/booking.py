"""Slots for the scans that were picked on the worklist, each answered by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.web.responses import invalid, render_page, toast
from patients.capacity.forms import PlaceForm, SlotRowForm
from patients.capacity.queries import Free, free_days_of
from patients.capacity.rules import Held, Load
from patients.imaging import commands
from patients.imaging.forms import list_address
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import PLANNING
from patients.imaging.queries import Pick, Preparation, forget_figures, picked, preparations_of, why_not_these

PAGE = "patients/capacity/book.html"
MORNING = time(9)


@dataclass(frozen=True)
class Row:
    """A picked study with its fields, the days that are free for it, and what is open about its preparation."""

    pick: Pick
    form: SlotRowForm
    offers: Sequence[Load]
    is_set_up: bool
    preparation: Preparation | None


@requires(*PLANNING)
@require_http_methods(["GET", "POST"])
def bulk_schedule(request: SignedInRequest) -> HttpResponse:
    """A slot per study. `fill` puts a free day into one row, or one into each empty row, and saves nothing. Otherwise
    what can be booked is booked; what cannot stays on the page with its error."""
    data = request.POST if request.method == "POST" else request.GET
    picks = picked(data.getlist("ids"), request.user)
    note_read(request, [pick.study.patient_id for pick in picks])
    back = list_address(data.get("back", ""), request.access.team_ids)
    refusal = why_not_these(picks)
    if refusal:
        toast(request, refusal, kind="amb")
        return HttpResponseRedirect(back, status=303)
    context: dict[str, Any] = {
        "back": back,
        "back_query": data.get("back", "")[:500],
        "today": picks[0].study.patient.team.local_date(timezone.now()),
    }
    if request.method == "POST" and "fill" not in request.POST:
        return _book(request, picks, context)
    return render_page(request, PAGE, context | _filled(request, picks))


def _filled(request: SignedInRequest, picks: list[Pick]) -> dict[str, Any]:
    """The page with what was typed, and with the free days that were asked for."""
    typed: dict[int, dict[str, Any]] = {}
    for pick in picks:
        pk = pick.study.pk
        if request.method == "POST":
            typed[pk] = {name: request.POST.get(f"{pk}-{name}", "") for name in ("at", "place")}
        else:
            typed[pk] = {"at": pick.study.scheduled_for, "place": pick.study.place}
    free = free_days_of([pick.study for pick in picks], now=timezone.now())
    fill = request.POST.get("fill", "")
    if fill == "all":
        for pick in sorted(picks, key=lambda pick: (pick.study.due_on or date.max, pick.study.pk)):
            if not typed[pick.study.pk]["at"] and (offers := free.of(pick.study, _held(picks, typed))):
                typed[pick.study.pk] = _at(pick.study, offers[0], typed[pick.study.pk])
    elif fill:
        wanted, _, number = fill.partition(":")
        for pick in picks:
            offers = free.of(pick.study, _held(picks, typed)) if str(pick.study.pk) == wanted else []
            if number.isdigit() and int(number) < len(offers):
                typed[pick.study.pk] = _at(pick.study, offers[int(number)], typed[pick.study.pk])
    forms = {pk: SlotRowForm(prefix=str(pk), initial=values) for pk, values in typed.items()}
    places = PlaceForm(initial={"place_all": request.POST.get("place_all", "")})
    return {"places": places, "rows": _rows(picks, forms, free, _held(picks, typed))}


def _at(study: ImagingStudy, load: Load, typed: dict[str, Any]) -> dict[str, Any]:
    """The slot on the day of an offer, at the time that was typed."""
    before = _moment(typed["at"], study)
    return {"at": datetime.combine(load.on, before.time() if before else MORNING), "place": load.where}


def _moment(value: Any, study: ImagingStudy) -> datetime | None:
    """What a field holds as the team's local time; None for nothing and for what is no time."""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(study.patient.team.time_zone)) if value.tzinfo else value
    try:
        return parse_datetime(str(value))
    except ValueError:
        return None


def _held(picks: list[Pick], typed: dict[int, dict[str, Any]]) -> list[Held]:
    """Days that stand in the rows and are not booked yet: they are free no more."""
    found = []
    for pick in picks:
        study, values = pick.study, typed[pick.study.pk]
        at = _moment(values["at"], study)
        if at is not None and values["at"] != study.scheduled_for:
            found.append(Held(study.pk, study.get_modality_display(), str(values["place"]), at.date()))
    return found


def _rows(picks: list[Pick], forms: dict[int, SlotRowForm], free: Free, held: list[Held]) -> list[Row]:
    studies = [pick.study for pick in picks]
    today = studies[0].patient.team.local_date(timezone.now()) if studies else None
    prepared = preparations_of(studies, today=today) if today else {}
    return [
        Row(
            pick,
            forms[pick.study.pk],
            free.of(pick.study, held),
            free.is_set_up(pick.study),
            prepared.get(pick.study.pk),
        )
        for pick in picks
    ]


def _book(request: SignedInRequest, picks: list[Pick], context: dict[str, Any]) -> HttpResponse:
    sent: QueryDict = request.POST
    places = PlaceForm(sent)
    forms = {pick.study.pk: SlotRowForm(sent, prefix=str(pick.study.pk)) for pick in picks}
    free = free_days_of([pick.study for pick in picks], now=timezone.now())
    typed = {pk: {name: sent.get(f"{pk}-{name}", "") for name in ("at", "place")} for pk in forms}
    context["places"] = places
    if not places.is_valid():
        return invalid(request, PAGE, context | {"rows": _rows(picks, forms, free, _held(picks, typed))})
    person, now = request.user, timezone.now()
    ready = [pick for pick in picks if forms[pick.study.pk].is_valid() and forms[pick.study.pk].cleaned_data["at"]]

    def book(study: ImagingStudy, version: int) -> ImagingStudy:
        slot = forms[study.pk].cleaned_data
        place = slot["place"] or places.cleaned_data["place_all"]
        return commands.schedule_picked(study, version, at=slot["at"], place=place, by=person, now=now)

    answers = {answer.study.pk: answer for answer in commands.one_by_one(ready, book)}
    for answer in answers.values():
        form = forms[answer.study.pk]
        for field, message in answer.errors or ((("", answer.said),) if answer.state == "refused" else ()):
            form.add_error(field if field in form.fields else None, message)
    booked = [pk for pk, answer in answers.items() if answer.state != "refused"]
    left = [pick for pick in picks if pick.study.pk not in booked]
    wrong = [pick for pick in left if forms[pick.study.pk].errors]
    forget_figures(request.access.team_ids)
    if wrong or not answers:
        said = (
            f"{len(booked)} booked, {len(wrong)} not: look at each below." if wrong else "Enter a day and time first."
        )
        return invalid(request, PAGE, context | {"said": said, "rows": _rows(left, forms, free, _held(left, typed))})
    out = f", {len(left)} left without a slot" if left else ""
    toast(request, f"{commands.summary(list(answers.values()), 'booked')}{out}")
    return HttpResponseRedirect(context["back"], status=303)
