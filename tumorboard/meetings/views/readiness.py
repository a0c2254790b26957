"""Readiness: the cases of a meeting, one case item by item, a waiver, who is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission, Role
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.stale import conflict_context, resolved
from patients.record.models import StaleEdit
from tumorboard.meetings.queries import visible_meeting
from tumorboard.meetings.queries.readiness import cases_readiness, meeting_readiness, visible_referral
from tumorboard.meetings.views.answers import act
from tumorboard.readiness import commands, policies
from tumorboard.readiness.forms import ChaserForm, InputForm, ReferralCompleteForm, WaiverForm
from tumorboard.readiness.models import Chase, Waiver
from tumorboard.readiness.queries import inputs_of
from tumorboard.readiness.rules import INPUTS, Item
from tumorboard.referrals.commands import complete
from tumorboard.referrals.policies import why_not_complete

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tumorboard.readiness.queries import CaseReadiness
    from tumorboard.referrals.models import Referral

_FORM = "tumorboard/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting_readiness_page(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """What the open cases of the meeting lack, reds first, who is asked by when; made to be printed."""
    meeting = visible_meeting(request.user, meeting_id)
    team = meeting.board.team
    today = team.local_date(timezone.now())
    readiness = meeting_readiness(meeting, today)
    note_read(request, [case.referral.patient_id for case in readiness.cases], team_id=team.pk)
    context = {"meeting": meeting, "readiness": readiness, "today": today, "on": team.local_date(meeting.starts_at)}
    return render_page(request, "tumorboard/readiness/meeting.html", context)


def _case(request: SignedInRequest, referral_id: int) -> tuple[Referral, CaseReadiness]:
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    return referral, cases_readiness([referral], timezone.now())[referral.pk]


@requires(Permission.PATIENT_VIEW)
@require_safe
def case_readiness(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """One case, item by item, and apart from it what a value forbids; for htmx one card of what is open."""
    referral, case = _case(request, referral_id)
    context = {
        "patient": referral.patient,
        "referral": referral,
        "case": case,
        "today": referral.board.team.local_date(timezone.now()),
        "may_waive": not policies.why_not_waive(referral, request.user),
        "may_assign": not policies.why_not_assign(referral, request.user),
        "inputs": inputs_of(referral, request.user),
        "may_say": referral.status in policies.ASKED_WHILE,
    }
    return render_page(request, "tumorboard/readiness/case.html", context, fragment="panel")


@requires(Permission.PATIENT_VIEW)
@require_http_methods(["GET", "POST"])
def case_input(request: SignedInRequest, referral_id: int, role_code: str) -> HttpResponse:
    """What one's profession adds to the case; `nothing` is one tap."""
    if role_code not in INPUTS:
        raise Http404("No such input.")
    role = Role(role_code)
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    said = next((row.said for row in inputs_of(referral, request.user) if row.role == role), None)
    form = InputForm(request.POST if request.method == "POST" else None, initial={"text": said.text if said else ""})
    back = reverse("case-readiness", args=[referral.pk])
    context = {
        "form": form,
        "patient": referral.patient,
        "title": f"{role.label} adds",
        "lead": f"{referral.board.name}: {referral.question}",
        "reasons": policies.why_not_say(referral, role, request.user),
        "save": "Add",
        "back": back,
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    try:
        commands.say_input(referral, role, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    return _changed(request, referral, f"{role.label}: noted")


def _item(code: str) -> Item:
    if code not in Item.values:
        raise Http404("No such item.")
    return Item(code)


def _changed(request: SignedInRequest, referral: Referral, said: str) -> HttpResponse:
    back = reverse("case-readiness", args=[referral.pk])
    response = redirect_or_refresh(request, back, events=("readinessChanged",))
    toast(request, said, response=response)
    return response


@requires(*policies.WAIVING)
@require_http_methods(["GET", "POST"])
def readiness_waive(request: SignedInRequest, referral_id: int, item_code: str) -> HttpResponse:
    """The board decides without the value: asks why."""
    item = _item(item_code)
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    if reasons := policies.why_not_waive(referral, request.user):
        raise PermissionDenied(" ".join(reasons))
    form = WaiverForm(request.POST if request.method == "POST" else None)
    context = {
        "form": form,
        "patient": referral.patient,
        "title": f"Decide without: {item.label}",
        "lead": f"{referral.board.name}: {referral.question}",
        "save": "Waive",
        "back": reverse("case-readiness", args=[referral.pk]),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    try:
        commands.waive(referral, item, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    return _changed(request, referral, f"{item.label}: waived")


@requires(*policies.WAIVING)
@require_POST
def waiver_take_back(request: SignedInRequest, waiver_id: int) -> HttpResponse:
    """The value is wanted after all."""
    waiver = Waiver.objects.valid().filter(pk=waiver_id).first()
    if waiver is None:
        raise Http404("No such waiver.")
    referral = visible_referral(request.user, waiver.referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    return act(
        request,
        lambda: commands.take_back_waiver(waiver, by=request.user, now=timezone.now()),
        back=reverse("case-readiness", args=[referral.pk]),
        said=f"{waiver.get_item_display()}: wanted again",
    )


@requires(Permission.PATIENT_VIEW)
@require_POST
def chase_settle(request: SignedInRequest, chase_id: int) -> HttpResponse:
    """What the board named is there now, or (`needed` no) not needed any more."""
    chase = Chase.objects.valid().filter(pk=chase_id).select_related("referral").first()
    if chase is None:
        raise Http404("Nobody asked for this.")
    referral = visible_referral(request.user, chase.referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    is_there = request.POST.get("needed") != "no"
    return act(
        request,
        lambda: commands.settle_chase(chase, is_there=is_there, by=request.user, now=timezone.now()),
        back=reverse("case-readiness", args=[referral.pk]),
        said=f"{chase.name}: {'there now' if is_there else 'no longer needed'}",
    )


@requires(*policies.ASSIGNING)
@require_http_methods(["GET", "POST"])
def readiness_chaser(request: SignedInRequest, referral_id: int, item_code: str) -> HttpResponse:
    """Another person is asked for a red item."""
    item = _item(item_code)
    referral, case = _case(request, referral_id)
    if reasons := policies.why_not_assign(referral, request.user):
        raise PermissionDenied(" ".join(reasons))
    row = next((row for row in case.reds if row.item == item), None)
    back = reverse("case-readiness", args=[referral.pk])
    people = team_people(frozenset({referral.board.team_id}))
    initial: dict[str, Any] = {"owner": row.chaser_id} if row else {}
    form = ChaserForm(request.POST if request.method == "POST" else None, people=people, initial=initial)
    due_on = row.due_on if row else None
    context = {
        "form": form,
        "patient": referral.patient,
        "title": f"Who is asked: {item.label}",
        "lead": f"{referral.board.name}, by {due_on:%-d %b}" if due_on else referral.board.name,
        "reasons": [] if due_on else ["Nothing is missing here, or no meeting is planned: nobody is asked."],
        "save": "Ask",
        "back": back,
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if row is None or due_on is None or not form.is_valid():
        return invalid(request, _FORM, context)
    owner: User = form.cleaned_data["owner"]
    try:
        commands.assign(
            referral, item, owner=owner, role=row.found.role, due_on=due_on, by=request.user, now=timezone.now()
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    return _changed(request, referral, f"{item.label}: {owner} is asked")


@requires(Permission.BOARD_REFER, Permission.BOARD_AGENDA)
@require_http_methods(["GET", "POST"])
def referral_complete(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """Question, consent, outside referrer of an open referral."""
    referral = visible_referral(request.user, referral_id)
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    start = ReferralCompleteForm.start_of(referral)
    data = resolved(request.POST, ReferralCompleteForm(), start) if request.method == "POST" else None
    form = ReferralCompleteForm(data, initial=start)
    context = {
        "form": form,
        "patient": referral.patient,
        "title": "Complete the referral",
        "lead": referral.board.name,
        "reasons": why_not_complete(referral, request.user),
        "save": "Save",
        "back": reverse("case-readiness", args=[referral.pk]),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    try:
        complete(referral, **form.values(), by=request.user, now=timezone.now())
    except StaleEdit as stale:
        theirs = ReferralCompleteForm.start_of(stale.current)  # type: ignore[arg-type]
        shown = conflict_context(request, form, base=None, theirs=theirs, version=theirs["version"])
        return conflict(request, "tumorboard/readiness/stale.html", context | shown)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    return _changed(request, referral, "Referral completed")
