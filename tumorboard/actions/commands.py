"""The only writers of actions. An action of a draft is put in force when the decision is signed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.notifications.commands import notify
from careteam.notifications.commands import withdraw as take_back
from careteam.people.models import Team
from careteam.web.words import day
from patients.protocol.queries import number
from patients.record.commands import close_step, open_step, record_about
from patients.record.models import Patient
from patients.record.rules import StepKind
from tumorboard.actions import policies
from tumorboard.actions.models import Action
from tumorboard.actions.queries import earlier_open, long_overdue
from tumorboard.actions.rules import ActionKind, ActionStatus, step_key
from tumorboard.decisions.commands import settle
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.queries import decided_on
from tumorboard.decisions.rules import DecisionStatus, RecommendationStatus
from tumorboard.suggestions.commands import suggest, take_back_source
from tumorboard.suggestions.rules import SuggestionKind, action_key, action_question

if TYPE_CHECKING:
    from careteam.people.models import User

_CLOSED = ("status", "closed_at", "closed_by", "outcome", "closed_source")


@transaction.atomic
def assign(
    patient: Patient,
    *,
    what: str,
    owner: User,
    due_on: date,
    by: User,
    now: datetime,
    kind: ActionKind = ActionKind.OTHER,
    decision: Decision | None = None,
    recommendation: Recommendation | None = None,
) -> Action:
    """A new action. Its owner is told at once, or at the signature when the decision is still a draft."""
    patient = Patient.objects.select_related("team").get(pk=patient.pk)
    insist(policies.why_not_assign(patient, owner, by, due_on=due_on, today=patient.team.local_date(now)))
    if not what.strip():
        raise ValidationError({"what": "Write what is to be done."})
    action = Action.objects.create(
        patient=patient,
        decision=decision,
        recommendation=recommendation,
        kind=kind,
        what=what.strip()[:200],
        owner=owner,
        due_on=due_on,
        created_by=by,
    )
    if decision is None or decision.status == DecisionStatus.SIGNED:
        _put_in_force(action, by=by, now=now)
    record_about(action, "actions.assign", by=by, now=now, details={"owner": owner.pk, "due_on": due_on.isoformat()})
    return action


@transaction.atomic
def change_action(
    action: Action,
    *,
    what: str,
    owner: User,
    due_on: date,
    by: User,
    now: datetime,
    kind: ActionKind,
    recommendation: Recommendation | None = None,
) -> Action:
    """Changes an open action: text, kind, owner, due date. A new owner is told."""
    action = _locked(action)
    patient = action.patient
    today = patient.team.local_date(now)
    moved = due_on != action.due_on
    insist(policies.why_not_assign(patient, owner, by, due_on=due_on, today=today, is_new=moved))
    if action.status != ActionStatus.OPEN:
        raise ValidationError(f"The action is {action.get_status_display().lower()}. Reopen it first.")
    if not what.strip():
        raise ValidationError({"what": "Write what is to be done."})
    before = {"owner": action.owner_id, "due_on": action.due_on.isoformat()}
    if owner.pk != action.owner_id:
        take_back(keys=[_key(action)], now=now)
    if moved:
        take_back_source(action_key(action.pk), because=f"The action is due on {day(due_on)}", now=now)
    action.what, action.owner, action.due_on, action.kind = what.strip()[:200], owner, due_on, kind
    action.recommendation = recommendation or action.recommendation
    action.save_version("what", "owner", "due_on", "kind", "recommendation")
    if action.decision is None or action.decision.status == DecisionStatus.SIGNED:
        _put_in_force(action, by=by, now=now)
    record_about(action, "actions.change_action", by=by, now=now, details={"before": before, "owner": owner.pk})
    return action


@transaction.atomic
def take_back_action(action: Action, *, by: User, now: datetime) -> Action:
    """Removes an action of a draft, before the signature. Afterwards an action is cancelled, with its reason."""
    action = _locked(action)
    if action.decision is None or action.decision.status == DecisionStatus.SIGNED:
        raise ValidationError("The decision is signed: cancel the action with a reason.")
    action.error_at, action.error_by, action.error_reason = now, by, "Taken back before the signature"
    action.save_version("error_at", "error_by", "error_reason")
    record_about(action, "actions.take_back_action", by=by, now=now)
    return action


@transaction.atomic
def put_in_force(decision: Decision, *, by: User, now: datetime) -> int:
    """The decision is signed: its open actions become next steps, their owners are told. Returns how many."""
    actions = list(
        Action.objects.valid().open().filter(decision=decision).select_related("patient", "owner").order_by("pk")
    )
    for action in actions:
        _put_in_force(action, by=by, now=now)
    if actions:
        record_about(
            decision,
            "actions.put_in_force",
            by=by,
            now=now,
            team_id=actions[0].patient.team_id,
            details={"actions": [action.pk for action in actions]},
        )
    return len(actions)


@transaction.atomic
def finish(
    action: Action, to: ActionStatus, *, by: User | None, now: datetime, outcome: str = "", source: str = ""
) -> Action:
    """Done, declined (reason) or cancelled (reason). `by=None`: the work itself closed it (`source` says which, so that
    it opens again when that is taken back), or the patient died."""
    action = _locked(action)
    insist(policies.why_not_finish(action, to, by, outcome=outcome))
    action.status, action.closed_at, action.closed_by, action.outcome = to, now, by, outcome.strip()[:250]
    action.closed_source = source
    action.save_version(*_CLOSED)
    close_step(action.patient, source_key=step_key(action.pk), because=to.label, now=now)
    take_back(keys=[_key(action)], now=now)
    take_back_source(action_key(action.pk), because=f"The action is {to.label.lower()}", now=now)
    record_about(
        action, "actions.finish", by=by, now=now, reason=action.outcome, details={"to": str(to), "source": source}
    )
    return action


@transaction.atomic
def reopen(action: Action, *, by: User | None, now: datetime, because: str = "") -> Action:
    """Undo of `finish`. `by=None`: what had closed it was taken back; the owner is told."""
    action = _locked(action)
    insist(policies.why_not_reopen(action, by))
    action.status, action.closed_at, action.closed_by, action.outcome = ActionStatus.OPEN, None, None, ""
    action.closed_source = ""
    action.save_version(*_CLOSED)
    if by is None:
        _put_in_force(action, by=None, now=now)
    else:
        refresh_step(action, now=now)
    record_about(action, "actions.reopen", by=by, now=now, reason=because)
    return action


@transaction.atomic
def hand_over(action: Action, to: User, *, by: User, now: datetime) -> Action:
    """Another person of the team does it; both are told by their inbox."""
    action = _locked(action)
    insist(policies.why_not_hand_over(action, to, by))
    before, action.owner = action.owner, to
    action.save_version("owner")
    take_back(keys=[f"action:{action.pk}:{before.pk}"], now=now)
    _put_in_force(action, by=by, now=now)
    record_about(action, "actions.hand_over", by=by, now=now, details={"before": before.pk, "owner": to.pk})
    return action


@transaction.atomic
def supersede(decision: Decision, recommendations: Iterable[Recommendation], *, by: User, now: datetime) -> int:
    """What earlier decisions recommended and nobody has carried out is answered by this one; only what is named, never
    by itself. Their open actions are cancelled by `RECOMMENDATION`. Returns how many."""
    offered = {row.pk: row for row in earlier_open(decision)}
    chosen = list({row.pk: row for row in recommendations}.values())
    insist([*policies.why_not_supersede(decision, by), *(["Choose what it supersedes."] if not chosen else [])])
    if any(row.pk not in offered for row in chosen):
        raise ValidationError("Somebody settled one of these meanwhile. Look again.")
    note = f"Superseded by the decision of {day(decided_on(decision))}"
    for row in chosen:
        settle(row, RecommendationStatus.SUPERSEDED, by=by, now=now, note=note, superseded_by=decision)
    record_about(
        decision,
        "actions.supersede",
        by=by,
        now=now,
        details={"recommendations": [row.pk for row in chosen]},
    )
    return len(chosen)


def send_back_overdue(*, now: datetime) -> int:
    """Suggests the cases of actions that a board decided and that are long overdue (`board.action_overdue`) for its
    next agenda; returns how many are new. Running it again suggests nothing twice."""
    suggested = 0
    for team in Team.objects.filter(boards__is_active=True).distinct().order_by("pk"):
        limit = team.local_date(now) - timedelta(days=number(team.pk, "board.action_overdue").days)
        for action in long_overdue(team.pk, limit).iterator(500):
            decision = action.decision
            if decision is None:
                continue
            row = suggest(
                action.patient,
                kind=SuggestionKind.ACTION,
                source_key=action_key(action.pk),
                question=action_question(action.what, str(action.owner), action.due_on, decided_on(decision)),
                url=reverse("decision", args=[decision.pk]),
                due_on=action.due_on,
                board=decision.item.meeting.board,
                now=now,
            )
            suggested += row is not None
    return suggested


def _put_in_force(action: Action, *, by: User | None, now: datetime) -> None:
    """`by=None`: it is open again because what had closed it was taken back."""
    refresh_step(action, now=now)
    if by is None or action.owner_id != by.pk:
        notify(
            [action.owner],
            key=_key(action),
            kind="action",
            title=f"{by} assigned you an action of the board" if by else "An action of the board is open again",
            url=reverse("actions"),
            now=now,
            patient_id=action.patient_id,
            due_on=action.due_on,
        )


def refresh_step(action: Action, *, now: datetime) -> None:
    """Opens the next step of an action in force, or brings it up to date. The caller audits."""
    open_step(
        action.patient,
        kind=StepKind.ACTION,
        source_key=step_key(action.pk),
        what=action.what,
        owner=action.owner,
        due_on=action.due_on,
        url=reverse("action-close", args=[action.pk]),
        now=now,
    )


def _key(action: Action) -> str:
    return f"action:{action.pk}:{action.owner_id}"


def _locked(action: Action) -> Action:
    row: Action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("patient__team", "owner", "decision", "recommendation")
        .get(pk=action.pk)
    )
    return row
