"""Recording, signing and reading a decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.parts import Difference
from careteam.web.responses import (
    add_errors,
    conflict,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from careteam.web.signing import PasswordForm, password_status
from patients.goals.queries import asked_because
from patients.record.models import StaleEdit
from patients.treatment.policies import why_not_add as why_not_add_line
from tumorboard.actions.queries import actions_of_decisions
from tumorboard.decisions.commands.goals import differs_key
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import decision_row, decisions_of_meeting, visible_decision
from tumorboard.live import policies
from tumorboard.live.commands import (
    ActionAsked,
    discard_decision_draft,
    keep_decision_draft,
    put_back_case,
    record_case,
    sign_case,
    sign_meeting,
    take_back_case,
)
from tumorboard.live.forms import DecisionForm, as_data, typed_in, typed_words
from tumorboard.live.queries import case_of, current_state, undo_of
from tumorboard.live.views.meeting import STEERING, TEMPLATE, form_for, live_context
from tumorboard.meetings.commands import step_item
from tumorboard.meetings.queries import visible_item, visible_meeting
from tumorboard.meetings.rules import MeetingStatus
from tumorboard.minutes.queries import latest_of

if TYPE_CHECKING:
    from tumorboard.decisions.commands import Said
    from tumorboard.live.queries import CaseCard
    from tumorboard.meetings.models import AgendaItem

_ROWS = "tumorboard/live/_rows.html"
_SIGN = "tumorboard/decisions/sign.html"


@requires(*STEERING)
@require_http_methods(["GET", "POST"])
def decision_record(request: SignedInRequest, item_id: int) -> HttpResponse:
    """The case with its form; a POST records the draft and its actions (`then` next goes on to the next case, unchanged
    says that the present plan continues), or shows the form again as it was typed (`act` rows, another: one action
    more)."""
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
        return _too_late(request, item, context["why_not_record"], back)
    if request.POST.get("act"):
        return _again(request, context, added=request.POST["act"] == "another")
    if form.both:
        stale = context["card"].draft
        return conflict(request, TEMPLATE, context | {"stale": stale, "differences": form.both}, fragment="case")
    return _record(request, item, form, context, back)


def _again(request: SignedInRequest, context: dict[str, Any], *, added: bool) -> HttpResponse:
    """The form as it was typed, with one action more when `added`; for htmx the part of it that changes."""
    context |= {"added": added, "is_redrawn": True}
    if not wants_fragment(request):
        return render(request, TEMPLATE, context)
    if added:
        return render(request, f"{_ROWS}#actions", context)
    parts = [render_to_string(f"{_ROWS}#{part}", context, request) for part in ("terms", "whys")]
    return HttpResponse("".join(parts))


def _record(
    request: SignedInRequest, item: AgendaItem, form: DecisionForm, context: dict[str, Any], back: str
) -> HttpResponse:
    meeting = item.meeting
    if not form.is_valid():
        return invalid(request, TEMPLATE, context, fragment="case")
    now = timezone.now()
    if form.is_recorded and not form.both:  # a double click
        toast(request, f"{item.patient.name}: recorded; not signed yet")
        return redirect_or_refresh(request, back)
    try:
        recorded = record_case(
            item,
            *spoken(form, context["card"]),
            version=form.cleaned_data["version"],
            before=form.recorded if context["card"].draft else {},
            by=request.user,
            now=now,
        )
        if request.POST.get("then") in {"next", "unchanged"} and meeting.status == MeetingStatus.RUNNING:
            step_item(meeting, 1, by=request.user, now=now)
    except StaleEdit as stale:
        return _somebody_else(request, context, form, stale)
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, TEMPLATE, context, fragment="case")
    running = meeting.status == MeetingStatus.RUNNING
    response = redirect_or_refresh(request, back if running else reverse("decision", args=[recorded.pk]))
    with_whom = f", together with what {form.joined_with} recorded" if form.joined_with else ""
    undo = reverse("decision-undo", args=[item.pk])
    toast(request, f"{item.patient.name}: recorded{with_whom}; not signed yet", response=response, undo_url=undo)
    return response


def spoken(form: DecisionForm, card: CaseCard) -> tuple[Said, ActionAsked | None, list[ActionAsked]]:
    """What a form says: the decision, its first action, the others. ValidationError for one that is not valid."""
    if not form.is_valid():
        raise ValidationError("What stood there before cannot be recorded any more. Change it in the form.")
    return form.said(goals_seen=card.goals.exists), form.action(), form.more()


def _too_late(request: SignedInRequest, item: AgendaItem, reasons: list[str], back: str) -> HttpResponse:
    """422: nothing can be recorded any more (signed, withdrawn, died); what was typed is kept for this person and shown
    with the reason."""
    content = typed_in(request.POST)
    if any(value for values in content.values() for value in values):
        keep_decision_draft(item, content, by=request.user, now=timezone.now())
    context = {"reasons": reasons, "back": back, "typed": typed_words(content), "title": "Not recorded"}
    return render(request, "tumorboard/refused.html", context, status=422)


@requires(Permission.PATIENT_VIEW)
@require_POST
def decision_draft(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Keeps what this person typed (204), or throws it away (`act` discard)."""
    item = visible_item(request.user, item_id)
    now = timezone.now()
    if request.POST.get("act") == "discard":
        discard_decision_draft(item, by=request.user, now=now)
        toast(request, "Your entries are thrown away. What is recorded stands.")
        return redirect_or_refresh(request, reverse("decision-record", args=[item.pk]))
    try:
        keep_decision_draft(item, typed_in(request.POST), by=request.user, now=now)
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
    if wants_fragment(request):
        return HttpResponse(status=204)
    toast(request, "Kept. Only you can read it.")
    return redirect_or_refresh(request, reverse("live", args=[item.meeting_id]))


@requires(*STEERING)
@require_POST
def decision_undo(request: SignedInRequest, item_id: int) -> HttpResponse:
    """Before the signature: puts back what stood recorded before this person's last recording, or takes everything
    back (`whole`). What is undone stands in their form again, recorded by nobody."""
    item = visible_item(request.user, item_id)
    note_read(request, [item.patient_id], team_id=item.meeting.board.team_id)
    running = item.meeting.status == MeetingStatus.RUNNING
    to = reverse("decision-record", args=[item.pk])
    now = timezone.now()
    card = case_of(item, item.meeting.board.team.local_date(now))
    whole = bool(request.POST.get("whole"))
    undo = undo_of(item.pk, request.user, card.draft.version) if card.draft and not whole else None
    if card.draft is None or (undo is None and not whole):
        toast(request, "It was recorded anew, taken back or signed meanwhile. Nothing was undone.", kind="amb")
        return redirect_or_refresh(request, to if running else reverse("meeting", args=[item.meeting_id]))
    undone = form_for(request, card, None).recorded
    try:
        if undo is not None and undo.undo:
            before = as_data({**undo.undo, "version": [str(card.draft.version)]})
            said = spoken(form_for(request, card, before, is_sent=True), card)
            put_back_case(item, *said, undone, by=request.user, now=now, version=card.draft.version)
        else:
            take_back_case(card.draft, undone, by=request.user, now=now, version=card.draft.version)
    except StaleEdit:
        toast(request, "Somebody recorded meanwhile. Nothing was undone.", kind="amb")
        return redirect_or_refresh(request, to)
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="amb")
        return redirect_or_refresh(request, to)
    toast(request, f"{item.patient.name}: undone. What was recorded stands in your form; nobody else sees it.")
    return redirect_or_refresh(request, to)


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
        "may_refer": access.may(Permission.BOARD_REFER, patient.team_id),
        "may_ask": access.may(Permission.BOARD_DECIDE, patient.team_id)
        or access.may(Permission.TEAM_MANAGE, patient.team_id),
        "may_decide": access.may(Permission.BOARD_DECIDE, patient.team_id),
        "talk_again": asked_because(patient.pk, differs_key(row.pk)),
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
    drafts = [each.id for each in decisions_of_meeting(meeting.pk) if not each.is_signed and not each.has_lapsed]
    rows = [visible_decision(request.user, decision_id) for decision_id in drafts]
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
    if _has_signed(request, rows):
        return _signed(request, context["back"], "Signed already. Your one signature stands.")
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
        if _has_signed(request, rows):
            return _signed(request, context["back"], "Signed already. Your one signature stands.")
        add_errors(form, error)
        return invalid(request, _SIGN, context)
    return _signed(request, context["back"], "Signed")


def _has_signed(request: SignedInRequest, rows: list[Decision]) -> bool:
    """Whether this person has signed all of them by now: a double click, another tab. Without rows: whatever was to be
    signed is."""
    return not Decision.objects.filter(pk__in=[row.pk for row in rows]).exclude(signed_by=request.user).exists()


def _signed(request: SignedInRequest, back: str, said: str) -> HttpResponse:
    response = redirect_or_refresh(request, back)
    toast(request, said, response=response)
    return response
