"""The agenda page and what changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from tumorboard.meetings import commands, policies
from tumorboard.meetings.forms import DeferForm, FunctionsForm, ListForm, WithdrawForm
from tumorboard.meetings.queries import agenda_of, invited, program_of, visible_item, visible_meeting, wants_of
from tumorboard.meetings.queries.readiness import meeting_readiness, readiness_for_deferral
from tumorboard.meetings.rules import MeetingStatus, Section
from tumorboard.meetings.rules.order import OrderBy
from tumorboard.meetings.views.answers import act, refused
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tumorboard.meetings.models import Meeting

PREPARING = (Permission.BOARD_AGENDA, Permission.BOARD_DECIDE, Permission.BOARD_REFER)


def meeting_context(request: SignedInRequest, row: Meeting) -> dict[str, Any]:
    """What the agenda page and its fragment show; notes whose data that is."""
    now = timezone.now()
    team = row.board.team
    agenda = agenda_of(row, request.user, today=team.local_date(now))
    note_read(request, agenda.patient_ids, team_id=row.board.team_id)
    why_not_prepare = policies.why_not_prepare(row, request.user)
    return {
        "meeting": row,
        "agenda": agenda,
        "readiness": meeting_readiness(row, team.local_date(now)),
        "program": program_of(
            row, agenda.rows, wants_of([case.patient_id for case in agenda.rows], team.local_date(now))
        ),
        "sections": Section.choices,
        "order_by": OrderBy.choices,
        "on": team.local_date(row.starts_at),
        "today": team.local_date(now),
        "is_late": policies.is_late(row, now),
        "may_prepare": not why_not_prepare,
        "may_refer": request.access.may(Permission.BOARD_REFER, team.pk),
        "may_run": not policies.why_not_run(row, request.user),
        "may_sign": request.access.may(Permission.BOARD_DECIDE, team.pk),
        "why_not_prepare": why_not_prepare,
        "is_planned": row.status == MeetingStatus.PLANNED,
        "is_ahead": row.status in {MeetingStatus.PLANNED, MeetingStatus.FROZEN},
        "is_running": row.status == MeetingStatus.RUNNING,
        "is_held": row.status == MeetingStatus.HELD,
        "is_cancelled": row.status == MeetingStatus.CANCELLED,
        "is_future": row.starts_at > now,
        "may_plan": not policies.why_not_plan(row.board, request.user),
        "is_here": any(seat.user_id == request.user.pk and seat.since for seat in agenda.seats),
    }


def agenda_page(
    request: SignedInRequest, row: Meeting, *, status: int = 200, extra: dict[str, Any] | None = None
) -> HttpResponse:
    """The page, or its agenda alone where htmx asks for it; `extra` goes into its context."""
    context = meeting_context(request, row)
    if context["may_prepare"]:
        people = team_people(frozenset({row.board.team_id}))
        context["invited"] = invited(row)
        context["functions_form"] = FunctionsForm(
            people=people, initial={"chair": row.chair_id, "scribe": row.scribe_id}
        )
    context |= extra or {}
    return render_page(request, "tumorboard/meetings/agenda.html", context, fragment="agenda", status=status)


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """The agenda: cases in order, who waits, who is there, what is missing for the quorum."""
    row = visible_meeting(request.user, meeting_id)
    if row.is_vote:
        return redirect_or_refresh(request, reverse("ballot", args=[row.pk]))
    return agenda_page(request, row)


@requires(*PREPARING)
@require_http_methods(["GET", "POST"])
def item_defer(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Off this agenda, with a coded reason and what is missing; carried over to another one."""
    item = visible_item(request.user, item_id)
    note_read(request, [item.patient_id], team_id=item.meeting.board.team_id)
    running = item.meeting.status == MeetingStatus.RUNNING
    back = reverse("live" if running else "meeting", args=[item.meeting_id])
    now = timezone.now()
    case = readiness_for_deferral(item, now)
    form = DeferForm(
        request.POST if request.method == "POST" else None,
        rows=case.readiness.open,
        people=team_people(frozenset({item.meeting.board.team_id})),
        initial={
            "missing": [row.item for row in case.readiness.reds],
            "owner": item.referral.presenter_id,
            "due_on": case.due_on,
        },
    )
    context = {
        "form": form,
        "item": item,
        "patient": item.patient,
        "back": back,
        "title": "Defer the case",
        "lead": f"{item.patient.name}: the referral waits for another meeting.",
        "save": "Defer",
        "reasons": policies.why_not_run(item.meeting, request.user),
    }
    if request.method == "GET":
        return render_page(request, "tumorboard/form.html", context)
    if not form.is_valid():
        return invalid(request, "tumorboard/form.html", context)
    reason, missing = DeferReason(form.cleaned_data["reason"]), form.asked()
    try:
        commands.defer_item(item, reason=reason, missing=missing, by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "tumorboard/form.html", context)
    response = redirect_or_refresh(request, back)
    asked = f"; {len(missing.names)} asked for" if missing.names else ""
    toast(request, f"Deferred; the referral waits for another meeting{asked}", response=response)
    return response


def _referral(request: SignedInRequest, referral_id: int) -> Referral:
    rows = Referral.objects.valid().visible_to(request.user).select_related("patient", "board__team", "presenter")
    referral: Referral | None = rows.filter(pk=referral_id).first()
    if referral is None or not request.access.may(Permission.PATIENT_VIEW, referral.board.team_id):
        raise Http404("No such referral, or not yours to see.")
    note_read(request, [referral.patient_id], team_id=referral.board.team_id)
    return referral


@requires(*PREPARING)
@require_POST
def referral_list(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """Puts a waiting referral on the agenda of `meeting`; after the cut-off with `reason`."""
    referral = _referral(request, referral_id)
    form = ListForm(request.POST)
    if not form.is_valid():
        return refused(request, ["Choose the meeting."], back=reverse("boards"))
    target = visible_meeting(request.user, form.cleaned_data["meeting"])
    back = reverse("boards") if request.POST.get("back") == "boards" else reverse("meeting", args=[target.pk])
    now = timezone.now()
    return act(
        request,
        lambda: commands.list_referral(
            referral, target, by=request.user, now=now, after_cutoff_reason=form.cleaned_data["reason"]
        ),
        back=back,
        said="On the agenda",
    )


@requires(Permission.BOARD_REFER, Permission.BOARD_AGENDA)
@require_http_methods(["GET", "POST"])
def referral_withdraw(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """Takes a referral back, wherever it stands, with the reason."""
    referral = _referral(request, referral_id)
    team_id = referral.board.team_id
    if not (
        request.access.may(Permission.BOARD_REFER, team_id) or request.access.may(Permission.BOARD_AGENDA, team_id)
    ):
        raise PermissionDenied("Your roles in this team do not include withdrawing a referral.")
    back = f"/patients/{referral.patient_id}/"
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    context = {
        "form": form,
        "back": back,
        "title": "Withdraw the referral",
        "lead": f"{referral.patient.name}, {referral.board.name}: {referral.question}",
        "save": "Withdraw",
    }
    if request.method == "GET":
        return render_page(request, "tumorboard/form.html", context)
    if not form.is_valid():
        return invalid(request, "tumorboard/form.html", context)
    try:
        commands.withdraw(referral, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, "tumorboard/form.html", context)
    response = redirect_or_refresh(request, back)
    toast(request, "Referral withdrawn", response=response)
    return response
