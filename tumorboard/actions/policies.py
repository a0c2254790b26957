"""May this person assign, close, reopen an action?"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission
from tumorboard.actions.rules import ACTION_TRANSITIONS, ActionKind, ActionStatus
from tumorboard.decisions.policies import FOLLOWS_UP
from tumorboard.decisions.queries import is_told
from tumorboard.decisions.rules import DecisionStatus, ToldWhom

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient
    from tumorboard.actions.models import Action
    from tumorboard.decisions.models import Decision


def why_not_assign(
    patient: Patient, owner: User, user: User, *, due_on: date, today: date, is_new: bool = True
) -> list[str]:
    reasons = lacks(user, Permission.BOARD_DECIDE, patient.team_id, "")
    if reasons:  # who writes the minutes, or works with the patient, assigns as well
        held = access_of(user)
        if held.may(Permission.ACTION_UPDATE, patient.team_id) or held.may(Permission.BOARD_AGENDA, patient.team_id):
            reasons = []
        else:
            reasons = ["Your roles in the patient's team do not include assigning actions."]
    if not owner.is_active or not access_of(owner).may(Permission.PATIENT_VIEW, patient.team_id):
        reasons.append(f"{owner} does not work in the patient's team. Choose somebody who does.")
    if is_new and due_on < today:
        reasons.append("The due date lies in the past.")
    if patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons


def why_not_finish(action: Action, to: ActionStatus, user: User | None, *, outcome: str) -> list[str]:
    """`user=None`: the work itself closed it (a line started), or the patient died."""
    reasons = _why_not_touch(action, user)
    now_is = ActionStatus(action.status)
    if to not in ACTION_TRANSITIONS[now_is]:
        reasons.append(f"The action is {now_is.label.lower()} already.")
    if to in {ActionStatus.DECLINED, ActionStatus.CANCELLED} and not outcome.strip():
        reasons.append("Say why.")
    if to is ActionStatus.DONE and user is not None and is_held_back(action) and not outcome.strip():
        reasons.append("The patient has not been told yet. Log that first, or say why treatment starts now.")
    return reasons


def is_held_back(action: Action) -> bool:
    """Starting treatment waits until the patient was told."""
    starts = action.kind == ActionKind.START_TREATMENT and action.decision_id is not None
    return starts and action.decision_id is not None and not is_told(action.decision_id, ToldWhom.PATIENT)


def why_not_begin_hand_over(action: Action, user: User) -> list[str]:
    """What no choice of a person can answer."""
    reasons = _why_not_touch(action, user)
    return (
        reasons
        if action.status == ActionStatus.OPEN
        else [*reasons, f"The action is {action.get_status_display().lower()}."]
    )


def why_not_hand_over(action: Action, to: User, user: User) -> list[str]:
    """Somebody else does it; the due date stays."""
    reasons = why_not_begin_hand_over(action, user)
    if action.owner_id == to.pk:
        reasons.append(f"It is {to}'s already.")
    elif not to.is_active or not access_of(to).may(Permission.PATIENT_VIEW, action.patient.team_id):
        reasons.append(f"{to} does not work in the patient's team. Choose somebody who does.")
    return reasons


def why_not_reopen(action: Action, user: User | None) -> list[str]:
    reasons = _why_not_touch(action, user)
    now_is = ActionStatus(action.status)
    if ActionStatus.OPEN not in ACTION_TRANSITIONS[now_is]:
        reasons.append(f"The action is {now_is.label.lower()}.")
    if action.patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons


def why_not_supersede(decision: Decision, user: User) -> list[str]:
    reasons = lacks(user, Permission.ACTION_UPDATE, decision.patient.team_id, FOLLOWS_UP)
    if decision.status != DecisionStatus.SIGNED:
        reasons.append("Sign the decision first.")
    return reasons


def _why_not_touch(action: Action, user: User | None) -> list[str]:
    if user is None:
        return []
    return lacks(
        user,
        Permission.ACTION_UPDATE,
        action.patient.team_id,
        "Your roles in the patient's team do not include closing actions.",
    )
