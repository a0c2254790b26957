"""One act on the rows that were picked on the worklist; each row is answered by itself."""

from __future__ import annotations

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
from patients.imaging.commands import Answer
from patients.imaging.forms import BulkAssignForm, BulkCloseForm, BulkSnoozeForm, list_address
from patients.imaging.models import ImagingStudy
from patients.imaging.policies import PLANNING
from patients.imaging.queries import LIMIT, Pick, forget_figures, picked, why_not_these
from patients.imaging.rules import CloseReason, SnoozeReason

FORM = "patients/imaging/bulk.html"
_UNDO_SECONDS = 3600
_SALT = "imaging.bulk"


@dataclass(frozen=True)
class Act:
    """What stands on the button and in the answer."""

    title: str
    save: str
    verb: str


# "schedule" stands in `patients/capacity`, which knows the free places.
ACTS = {
    "assign": Act("Assign", "Assign", "assigned"),
    "snooze": Act("Snooze", "Snooze", "snoozed"),
    "close": Act("Close without a scan", "Close them", "closed"),
}


def _picked(request: SignedInRequest, data: QueryDict) -> list[Pick]:
    picks = picked(data.getlist("ids"), request.user)
    note_read(request, [pick.study.patient_id for pick in picks])
    return picks


def _back(request: SignedInRequest, data: QueryDict) -> str:
    return list_address(data.get("back", ""), request.access.team_ids)


@requires(*PLANNING)
@require_POST
def imaging_bulk(request: SignedInRequest) -> HttpResponse:
    """Orders or takes what was picked at once; everything else is asked for on its own page."""
    act = request.POST.get("act", "")
    if act == "letters":
        study = [value.partition("-")[0] for value in request.POST.getlist("ids")[:LIMIT]]
        if study:
            return HttpResponseRedirect(f"{reverse('letters')}?{urlencode({'study': study}, doseq=True)}", status=303)
    if act in ACTS or act == "schedule":
        query = [("ids", value) for value in request.POST.getlist("ids")[: LIMIT + 1]]
        query.append(("back", request.POST.get("back", "")[:500]))
        return HttpResponseRedirect(f"{reverse('imaging-bulk-form', args=[act])}?{urlencode(query)}", status=303)
    picks, back = _picked(request, request.POST), _back(request, request.POST)
    refusal = why_not_these(picks) if act in {"order", "take"} else "Choose what to do with the selected studies."
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
    refusal = why_not_these(picks)
    if refusal:
        toast(request, refusal, kind="amb")
        return HttpResponseRedirect(back, status=303)
    context: dict[str, Any] = {"picks": picks, "back": back, "back_query": data.get("back", "")[:500], "act": ACTS[act]}
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
