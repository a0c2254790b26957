"""One act on the rows that were picked on the worklist; each row is answered by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.web.responses import invalid, render_page, toast
from patients.imaging import commands
from patients.imaging.commands import LIMIT, Answer, Pick
from patients.imaging.forms import BulkAssignForm, BulkCloseForm, BulkSnoozeForm, PlaceForm, SlotRowForm, coded
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import PLANNING
from patients.imaging.rules import CloseReason, SnoozeReason
from patients.imaging.views.worklist import SORT_KEYS, TAB_KEYS, filter_form, forget_figures

FORM = "patients/imaging/bulk.html"
_PICK = re.compile(r"(\d{1,18})-(\d{1,9})")
_UNDO_SECONDS = 3600
_SALT = "imaging.bulk"


@dataclass(frozen=True)
class Act:
    """What stands on the button and in the answer."""

    title: str
    save: str
    verb: str


ACTS = {
    "assign": Act("Assign", "Assign", "assigned"),
    "snooze": Act("Snooze", "Snooze", "snoozed"),
    "close": Act("Close without a scan", "Close them", "closed"),
    "schedule": Act("Schedule", "Book", "booked"),
}


def _picked(request: SignedInRequest, data: QueryDict) -> list[Pick]:
    """The studies that were picked and this person may see, in the order of the list. What is not theirs is not
    there."""
    versions: dict[int, int] = {}
    for value in data.getlist("ids"):
        found = _PICK.fullmatch(value)
        if found is not None:
            versions.setdefault(int(found[1]), int(found[2]))
    rows = ImagingStudy.objects.valid().visible_to(request.user).filter(pk__in=list(versions)[: LIMIT + 1])
    studies = {study.pk: study for study in rows.select_related("patient__team", "plan", "owner")}
    note_read(request, [study.patient_id for study in studies.values()])
    return [Pick(studies[pk], version) for pk, version in versions.items() if pk in studies]


def _back(request: SignedInRequest, data: QueryDict) -> str:
    """Where the person came from: the worklist with the filters it knows."""
    before = QueryDict(data.get("back", "")[:500])
    query = coded(before, filter_form(request, before), tabs=TAB_KEYS, sorts=SORT_KEYS)
    return f"{reverse('imaging-worklist')}?{urlencode(query)}" if query else reverse("imaging-worklist")


def _refusal(picks: Sequence[Pick]) -> str:
    if not picks:
        return "Select at least one study of yours first."
    return f"Select at most {LIMIT} studies at a time." if len(picks) > LIMIT else ""


@requires(*PLANNING)
@require_POST
def imaging_bulk(request: SignedInRequest) -> HttpResponse:
    """Orders or takes what was picked at once; everything else is asked for on its own page."""
    act = request.POST.get("act", "")
    if act in ACTS:
        query = [("ids", value) for value in request.POST.getlist("ids")[: LIMIT + 1]]
        query.append(("back", request.POST.get("back", "")[:500]))
        return HttpResponseRedirect(f"{reverse('imaging-bulk-form', args=[act])}?{urlencode(query)}", status=303)
    picks, back = _picked(request, request.POST), _back(request, request.POST)
    refusal = _refusal(picks) if act in {"order", "take"} else "Choose what to do with the selected studies."
    if refusal:
        toast(request, refusal, kind="amb")
        return HttpResponseRedirect(back, status=303)
    person, now = request.user, timezone.now()
    if act == "order":
        answers = commands.one_by_one(
            picks, lambda study, version: commands.order_picked(study, version, by=person, now=now)
        )
        return _answer(request, answers, "ordered", back, undo="order")
    answers = commands.one_by_one(
        picks, lambda study, version: commands.assign_picked(study, version, to=person, by=person, now=now)
    )
    return _answer(request, answers, "yours now", back, undo="assign")


def _answer(
    request: SignedInRequest, answers: Sequence[Answer], verb: str, back: str, *, undo: str = ""
) -> HttpResponse:
    """All done: back to the list with a sentence and an undo. Otherwise a page that says of each row what became of
    it."""
    forget_figures(request.access.team_ids)
    said = commands.summary(answers, verb)
    done = [answer.undo for answer in answers if answer.state == "done"]
    undo_url = ""
    if undo and done:
        token = signing.dumps({"act": undo, "rows": done, "by": request.user.pk}, salt=_SALT, compress=True)
        undo_url = reverse("imaging-bulk-undo", args=[token])
    if any(answer.state == "refused" for answer in answers):
        context = {"said": said, "answers": answers, "undo_url": undo_url, "back": back, "verb": verb}
        return render(request, "patients/imaging/bulk_answer.html", context)
    toast(request, said[0].upper() + said[1:], undo_url=undo_url)
    return HttpResponseRedirect(back, status=303)


@requires(*PLANNING)
@require_POST
def imaging_bulk_undo(request: SignedInRequest, token: str) -> HttpResponse:
    """Takes back an order or an assignment of several studies, row by row, where nothing else happened since."""
    try:
        what = signing.loads(token, salt=_SALT, max_age=_UNDO_SECONDS)
    except signing.BadSignature:
        raise Http404("Nothing to take back.") from None
    if what["by"] != request.user.pk:
        raise Http404("Nothing to take back.")
    rows = {study: (version, before) for study, version, before in what["rows"]}
    data = QueryDict(mutable=True)
    data.setlist("ids", [f"{study}-{version}" for study, (version, _) in rows.items()])
    owners = {person.pk: person for person in User.objects.filter(pk__in={before for _, before in rows.values()})}
    person, now = request.user, timezone.now()

    def act(study: ImagingStudy, version: int) -> ImagingStudy:
        if what["act"] == "order":
            return commands.unorder_picked(study, version, by=person, now=now)
        return commands.unassign_picked(study, version, to=owners.get(rows[study.pk][1]), by=person, now=now)

    return _answer(request, commands.one_by_one(_picked(request, data), act), "taken back", reverse("imaging-worklist"))


@requires(*PLANNING)
@require_http_methods(["GET", "POST"])
def imaging_bulk_form(request: SignedInRequest, act: str) -> HttpResponse:
    """The page of an act that needs to know more: to whom, until when, why, or a slot for each."""
    if act not in ACTS:
        raise Http404("No such act.")
    data = request.POST if request.method == "POST" else request.GET
    picks, back = _picked(request, data), _back(request, data)
    refusal = _refusal(picks)
    if refusal:
        toast(request, refusal, kind="amb")
        return HttpResponseRedirect(back, status=303)
    context: dict[str, Any] = {"picks": picks, "back": back, "back_query": data.get("back", "")[:500], "act": ACTS[act]}
    if act == "schedule":
        return _schedule(request, picks, context)
    form = _form(request, act)
    context["form"] = form
    if request.method == "GET":
        return render_page(request, FORM, context)
    if not form.is_valid():
        return invalid(request, FORM, context)
    do = _bound(request, act, form.cleaned_data)
    return _answer(request, commands.one_by_one(picks, do), ACTS[act].verb, back, undo="assign" * (act == "assign"))


def _form(request: SignedInRequest, act: str) -> Any:
    data = request.POST if request.method == "POST" else None
    if act == "assign":
        return BulkAssignForm(data, people=team_people(request.access.team_ids))
    return BulkSnoozeForm(data) if act == "snooze" else BulkCloseForm(data)


def _bound(request: SignedInRequest, act: str, data: dict[str, Any]) -> Callable[[ImagingStudy, int], ImagingStudy]:
    person, now = request.user, timezone.now()
    if act == "assign":
        to = User.objects.get(pk=data["to"])
        return lambda study, version: commands.assign_picked(study, version, to=to, by=person, now=now)
    if act == "close":
        reason = CloseReason(data["reason"])
        return lambda study, version: commands.close_picked(study, version, reason=reason, by=person, now=now)
    wait = {"until": data["until"], "reason": SnoozeReason(data["reason"]), "note": data["note"]}
    return lambda study, version: commands.snooze_picked(study, version, **wait, by=person, now=now)


def _schedule(request: SignedInRequest, picks: list[Pick], context: dict[str, Any]) -> HttpResponse:
    """A slot per study. What can be booked is booked; what cannot stays on the page with its error."""
    sent = request.POST if request.method == "POST" else None
    places = PlaceForm(sent)
    forms = {
        pick.study.pk: SlotRowForm(
            sent, prefix=str(pick.study.pk), initial={"at": pick.study.scheduled_for, "place": pick.study.place}
        )
        for pick in picks
    }
    context |= {"places": places, "rows": [(pick, forms[pick.study.pk]) for pick in picks], "act_key": "schedule"}
    if sent is None:
        return render_page(request, FORM, context)
    if not places.is_valid():
        return invalid(request, FORM, context)
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
        context["said"] = (
            f"{len(booked)} booked, {len(wrong)} not: look at each below." if wrong else "Enter a day and time first."
        )
        context |= {"picks": left, "rows": [(pick, forms[pick.study.pk]) for pick in left]}
        return invalid(request, FORM, context)
    out = f", {len(left)} left without a slot" if left else ""
    toast(request, f"{commands.summary(list(answers.values()), 'booked')}{out}")
    return HttpResponseRedirect(context["back"], status=303)
