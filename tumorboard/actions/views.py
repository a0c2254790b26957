"""My actions and the team's, closing one, adding one; the board panel of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.queries import absent_user_ids, team_people
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.responses import add_errors, form_answer, invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import plural
from patients.record.queries import readable_patient
from patients.treatment.policies import why_not_add as why_not_add_line
from tumorboard.actions import policies
from tumorboard.actions.commands import assign, finish, hand_over, reopen, supersede
from tumorboard.actions.forms import ActionFilter, ActionForm, CloseForm, OwnerForm
from tumorboard.actions.queries import (
    action_rows,
    actions_of_patient,
    actions_of_team,
    earlier_open,
    unattended,
    visible_action,
)
from tumorboard.actions.rules import ActionKind, ActionStatus
from tumorboard.decisions.policies import FOLLOWS_UP
from tumorboard.decisions.queries import decided_on, decisions_of_patient, visible_decision
from tumorboard.decisions.rules import ACTION_DUE
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.queries.readiness import readiness_of_patient
from tumorboard.referrals.policies import why_not_refer
from tumorboard.referrals.queries import open_referrals

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tumorboard.actions.models import Action

_SORTS = (
    Sort("due", "Due", ("due_on", "id")),
    Sort("patient", "Patient", ("patient__sort_key", "id")),
    Sort("owner", "Owner", ("owner__name", "id")),
)
_FORM = "tumorboard/form.html"


@requires(Permission.PATIENT_VIEW)
@require_safe
def actions(request: SignedInRequest) -> HttpResponse:
    """Actions: mine, of people who are away, or my teams'; open, overdue or closed; most overdue first."""
    now = timezone.now()
    today = request.access.home.local_date(now) if request.access.home else now.date()
    asked = ActionFilter(request.GET)
    chosen = asked.cleaned_data if asked.is_valid() else {}
    whose, state, kind = chosen.get("whose") or "mine", chosen.get("state") or "open", chosen.get("kind") or ""
    rows = actions_of_team(request.user, today, whose=whose, state=state, kind=kind)
    page = keyset_page(rows, sorts=_SORTS, params=request.GET, size=50)
    shown = action_rows(rows.model.objects.filter(pk__in=[row.pk for row in page.rows]), today)
    by_id = {row.id: row for row in shown}
    page_rows = page.with_rows(by_id[row.pk] for row in page.rows)
    note_read(request, [row.patient_id for row in shown])
    context = {
        "page": page_rows,
        "filter": ActionFilter(initial={"whose": whose, "state": state, "kind": kind}),
        "away": absent_user_ids(today),
        "unattended": unattended(request.user, today) if whose != "away" else 0,
        "whose": whose,
        "state": state,
        "today": today,
        "may_update": request.access.may(Permission.ACTION_UPDATE),
    }
    return render_page(request, "tumorboard/actions/list.html", context, fragment="rows")


def _mine(request: SignedInRequest, action_id: int) -> Action:
    action = visible_action(request.user, action_id)
    note_read(request, [action.patient_id], team_id=action.patient.team_id)
    if not request.access.may(Permission.ACTION_UPDATE, action.patient.team_id):
        raise PermissionDenied("Your roles in the patient's team do not include closing actions.")
    return action


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def action_close(request: SignedInRequest, action_id: int) -> HttpResponse:
    """Done, declined or cancelled, with what came of it. A bare POST of `to=done` is the one-click "Done"."""
    action = _mine(request, action_id)
    form = CloseForm(request.POST if request.method == "POST" else None, initial={"to": ActionStatus.DONE})
    held_back = policies.is_held_back(action)
    context = {
        "form": form,
        "action": action,
        "patient": action.patient,
        "title": action.what,
        "lead": f"{action.get_kind_display()}, {action.owner}, due {action.due_on:%d %b %Y}",
        "note": "The patient has not been told of the decision yet." if held_back else "",
        "note_url": reverse("decision", args=[action.decision_id]) if action.decision_id else "",
        "save": "Save",
        "back": reverse("actions"),
    }
    if request.method == "GET":
        return render_page(request, _FORM, context)
    if not form.is_valid():
        return invalid(request, _FORM, context)
    to = ActionStatus(form.cleaned_data["to"])
    try:
        finish(action, to, outcome=form.cleaned_data["outcome"], by=request.user, now=timezone.now())
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _FORM, context)
    response = redirect_or_refresh(request, reverse("actions"), events=("boardChanged",))
    toast(
        request, f"Action: {to.label.lower()}", response=response, undo_url=reverse("action-reopen", args=[action.pk])
    )
    return response


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def action_hand_over(request: SignedInRequest, action_id: int) -> HttpResponse:
    """Somebody else does it."""
    action = _mine(request, action_id)
    form = OwnerForm(
        request.POST if request.method == "POST" else None,
        initial={"owner": action.owner_id},
        people=team_people(frozenset({action.patient.team_id})),
    )
    context = {
        "form": form,
        "patient": action.patient,
        "title": "Hand over",
        "lead": f"{action.what}, due {action.due_on:%d %b %Y}, now {action.owner}",
        "save": "Hand over",
        "reasons": policies.why_not_begin_hand_over(action, request.user),
        "back": reverse("actions"),
    }
    return form_answer(
        request,
        _FORM,
        context,
        lambda values: hand_over(action, values["owner"], by=request.user, now=timezone.now()),
        said="Handed over",
        events=("boardChanged",),
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def decision_earlier(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """What earlier decisions recommended and nobody has carried out, offered to be superseded by this one."""
    decision = visible_decision(request.user, decision_id)
    note_read(request, [decision.patient_id], team_id=decision.patient.team_id)
    rows = earlier_open(decision)
    context = {
        "decision": decision,
        "patient": decision.patient,
        "today": decision.patient.team.local_date(timezone.now()),
        "rows": [(row, decided_on(row.decision)) for row in rows],
        "may_update": not policies.why_not_supersede(decision, request.user),
    }
    return render_page(request, "tumorboard/actions/earlier.html", context, fragment="earlier")


@requires(Permission.ACTION_UPDATE)
@require_POST
def decision_supersede(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """What is ticked of it is superseded by this decision."""
    decision = visible_decision(request.user, decision_id)
    note_read(request, [decision.patient_id], team_id=decision.patient.team_id)
    if not request.access.may(Permission.ACTION_UPDATE, decision.patient.team_id):
        raise PermissionDenied(FOLLOWS_UP)
    ticked = request.POST.getlist("recommendation")
    chosen = [row for row in earlier_open(decision) if str(row.pk) in ticked]
    response = redirect_or_refresh(request, reverse("decision", args=[decision.pk]), events=("boardChanged",))
    try:
        count = supersede(decision, chosen, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response, kind="red")
        return response
    toast(request, f"{plural(count, 'recommendation,recommendations')} superseded", response=response)
    return response


@requires(Permission.ACTION_UPDATE)
@require_POST
def action_reopen(request: SignedInRequest, action_id: int) -> HttpResponse:
    """Undo of closing."""
    action = _mine(request, action_id)
    try:
        reopen(action, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages))
    response = redirect_or_refresh(request, reverse("actions"), events=("boardChanged",))
    toast(request, "Action open again", response=response)
    return response


@requires(Permission.ACTION_UPDATE)
@require_http_methods(["GET", "POST"])
def action_create(request: SignedInRequest, decision_id: int) -> HttpResponse:
    """One more action of a signed decision."""
    decision = visible_decision(request.user, decision_id)
    patient = decision.patient
    note_read(request, [patient.pk], team_id=patient.team_id)
    if not request.access.may(Permission.ACTION_UPDATE, patient.team_id):
        raise PermissionDenied("Your roles in the patient's team do not include assigning actions.")
    if decision.signed_at is None:
        raise Http404("The decision is not signed yet.")
    now = timezone.now()
    initial = {"owner": request.user.pk, "due_on": patient.team.local_date(now) + ACTION_DUE, "kind": ActionKind.OTHER}
    form = ActionForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        people=team_people(frozenset({patient.team_id})),
    )
    back = reverse("decision", args=[decision.pk])
    context = {
        "form": form,
        "patient": patient,
        "title": "Add an action",
        "lead": decision.text,
        "save": "Assign",
        "back": back,
    }
    return form_answer(
        request,
        _FORM,
        context,
        lambda values: assign(
            patient,
            what=values["what"],
            owner=values["owner"],
            due_on=values["due_on"],
            kind=ActionKind(values["kind"]),
            decision=decision,
            by=request.user,
            now=now,
        ),
        said="Assigned",
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def board_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Open referral, what boards decided, what became of it, who was told, open actions."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    referrals = open_referrals(patient.pk)
    listed = {
        item.referral_id: item
        for item in AgendaItem.objects.open()
        .filter(referral_id__in=[row.pk for row in referrals])
        .select_related("meeting__board__team")
    }
    every = actions_of_patient(patient.pk, today)
    access = request.access
    in_team = access.may(Permission.PATIENT_VIEW, patient.team_id)
    context = {
        "patient": patient,
        "today": today,
        "readiness": readiness_of_patient(patient.pk, now) if referrals and in_team else None,
        "referrals": [(row, listed.get(row.pk)) for row in referrals],
        "decisions": decisions_of_patient(patient.pk),
        "actions": [row for row in every if row.is_open],
        "closed_actions": [row for row in every if not row.is_open],
        "why_not_refer": why_not_refer(patient, request.user),
        "in_team": in_team,
        "may_refer": access.may(Permission.BOARD_REFER, patient.team_id),
        "may_withdraw": access.may(Permission.BOARD_REFER, patient.team_id)
        or access.may(Permission.BOARD_AGENDA, patient.team_id),
        "may_update": access.may(Permission.ACTION_UPDATE, patient.team_id),
        "may_treat": not why_not_add_line(patient, request.user),
    }
    return render_page(request, "tumorboard/actions/panel.html", context, fragment="panel")
