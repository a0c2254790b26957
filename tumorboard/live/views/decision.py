"""Recording, signing and reading a decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.parts import Difference
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.signing import PasswordForm, password_status
from patients.record.models import StaleEdit
from patients.treatment.policies import why_not_add as why_not_add_line
from tumorboard.actions.queries import actions_of_decisions
from tumorboard.decisions.queries import decision_row, decisions_of_meeting, visible_decision
from tumorboard.live import policies
from tumorboard.live.commands import record_case, sign_case, sign_meeting
from tumorboard.live.queries import current_state
from tumorboard.live.views.meeting import STEERING, TEMPLATE, live_context
from tumorboard.meetings.commands import step_item
from tumorboard.meetings.queries import visible_item, visible_meeting
from tumorboard.meetings.rules import MeetingStatus
from tumorboard.minutes.queries import latest_of

if TYPE_CHECKING:
    from tumorboard.decisions.models import Decision
    from tumorboard.live.forms import DecisionForm

_SIGN = "tumorboard/decisions/sign.html"


@requires(*STEERING)
@require_http_methods(["GET", "POST"])
def decision_record(request: SignedInRequest, item_id: int) -> HttpResponse:
    """The case with its form; a POST records the draft and its action (`then=next` goes on to the next case)."""
    item = visible_item(request.user, item_id)
    meeting = item.meeting
    if meeting.is_vote:
        return redirect_or_refresh(request, reverse("ballot", args=[meeting.pk]))
    state = current_state(meeting)
    shown = replace(state, item_id=item.pk)
    context = live_context(request, meeting, shown)
    note_read(request, [row.patient_id for row in context["agenda"].rows], team_id=meeting.board.team_id)
    back = reverse("live", args=[meeting.pk])
    if request.method == "GET":
        return render_page(request, TEMPLATE, context, fragment="case")
    form: DecisionForm | None = context.get("form")
    if form is None:
        return render(
            request, "tumorboard/refused.html", {"reasons": context["why_not_record"], "back": back}, status=422
        )
    if form.both:
        stale = context["card"].draft
        return conflict(request, TEMPLATE, context | {"stale": stale, "differences": form.both}, fragment="case")
    if not form.is_valid():
        return invalid(request, TEMPLATE, context, fragment="case")
    now = timezone.now()
    try:
        recorded = record_case(
            item,
            form.said(goals_seen=context["card"].goals.exists),
            form.action(),
            version=form.cleaned_data["version"],
            by=request.user,
            now=now,
        )
        if request.POST.get("then") == "next" and meeting.status == MeetingStatus.RUNNING:
            step_item(meeting, 1, by=request.user, now=now)
    except StaleEdit as stale:
        return _somebody_else(request, context, form, stale)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, TEMPLATE, context, fragment="case")
    running = meeting.status == MeetingStatus.RUNNING
    response = redirect_or_refresh(request, back if running else reverse("decision", args=[recorded.pk]))
    with_whom = f", together with what {form.joined_with} recorded" if form.joined_with else ""
    toast(request, f"Recorded{with_whom}; not signed yet", response=response)
    return response


def _somebody_else(
    request: SignedInRequest, context: dict[str, Any], form: DecisionForm, stale: StaleEdit
) -> HttpResponse:
    """409: both drafts side by side; what was typed stays in the form, which now carries the newer version."""
    theirs: Any = stale.current
    rows = [
        Difference(name, label, "", str(getattr(theirs, name)), str(form[name].value() or ""))
        for name, label in (("text", "Wording"), ("rationale", "Reasoning"), ("dissent", "Dissent"))
    ]
    data = request.POST.copy()
    data["version"] = str(theirs.version)
    form.data = data
    return conflict(
        request,
        TEMPLATE,
        context | {"stale": theirs, "differences": [row for row in rows if row.changed]},
        fragment="case",
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def decision(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """A decision with its recommendations, actions, who was told, addenda."""
    row = visible_decision(request.user, decision_id)
    patient = row.patient
    note_read(request, [patient.pk], team_id=patient.team_id)
    today = patient.team.local_date(timezone.now())
    access = request.access
    context: dict[str, Any] = {
        "decision": decision_row(row),
        "patient": patient,
        "today": today,
        "actions": actions_of_decisions([row.pk], today),
        "why_not_sign": policies.why_not_sign(row, request.user),
        "may_update": access.may(Permission.ACTION_UPDATE, patient.team_id),
        "may_treat": not why_not_add_line(patient, request.user),
        "may_decide": access.may(Permission.BOARD_DECIDE, patient.team_id),
        "in_team": access.may(Permission.PATIENT_VIEW, row.item.meeting.board.team_id),
    }
    if row.item.meeting_id in latest_of([row.item.meeting_id]):
        context["minutes_url"] = reverse("minutes-extract", args=[row.pk])
    return render_page(request, "tumorboard/decisions/decision.html", context)


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def decision_sign(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """Signs one decision; the password is asked again."""
    row = visible_decision(request.user, decision_id)
    note_read(request, [row.patient_id], team_id=row.patient.team_id)
    back = reverse("decision", args=[row.pk])
    return _signature(
        request, [row], {"title": "Sign the decision", "back": back}, reasons=policies.why_not_sign(row, request.user)
    )


@requires(Permission.BOARD_DECIDE)
@require_http_methods(["GET", "POST"])
def meeting_sign(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Signs every recorded decision of the meeting with one password."""
    meeting = visible_meeting(request.user, meeting_id)
    rows = [visible_decision(request.user, each.id) for each in decisions_of_meeting(meeting.pk) if not each.is_signed]
    note_read(request, [row.patient_id for row in rows], team_id=meeting.board.team_id)
    reasons = [reason for row in rows for reason in policies.why_not_sign(row, request.user)]
    running = meeting.status == MeetingStatus.RUNNING
    context = {
        "title": "Sign the decisions of the meeting",
        "back": reverse("live" if running else "meeting", args=[meeting.pk]),
        "meeting": meeting,
    }
    if not rows:
        reasons = ["No recorded decision waits for a signature."]
    return _signature(request, rows, context, reasons=list(dict.fromkeys(reasons)))


def _signature(
    request: SignedInRequest, rows: list[Decision], context: dict[str, Any], *, reasons: list[str]
) -> HttpResponse:
    form = PasswordForm(request.POST if request.method == "POST" else None, user=request.user)
    context |= {
        "form": form,
        "decisions": [decision_row(row) for row in rows],
        "reasons": reasons,
    }
    if request.method == "GET":
        return render_page(request, _SIGN, context)
    if reasons:
        return invalid(request, _SIGN, context)
    status = password_status(request, form)
    if status != 200:
        return render_page(request, _SIGN, context, status=status)
    now = timezone.now()
    try:
        if "meeting" in context:
            sign_meeting(context["meeting"], by=request.user, now=now)
        else:
            sign_case(rows[0], by=request.user, now=now)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _SIGN, context)
    response = redirect_or_refresh(request, context["back"])
    toast(request, "Signed", response=response)
    return response
