"""Who keeps the register, and who may consider a patient for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from patients.record.policies import why_not_edit
from patients.trials.models import Trial, TrialConsideration
from patients.trials.rules import OUTCOME_TRANSITIONS, Outcome, TrialStatus

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient


def why_not_manage(team: Team, user: User) -> list[str]:
    return lacks(
        user, Permission.TRIAL_MANAGE, team.pk, "The trial nurse, an oncologist or the team lead keeps the register."
    )


def why_not_consider(patient: Patient, user: User, trial: Trial | None = None) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.CARE_DOCUMENT)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if trial is not None and trial.team_id != patient.team_id:
        reasons.append("This trial is not in the register of the patient's team.")
    if trial is not None and trial.status != TrialStatus.OPEN:
        reasons.append(f"{trial.nct_number} does not recruit: {trial.get_status_display().lower()}.")
    return reasons


def why_not_decide(consideration: TrialConsideration, outcome: Outcome, user: User) -> list[str]:
    """`outcome` is where it shall go; staying where it is corrects the reason."""
    reasons = why_not_edit(consideration.patient, user, Permission.CARE_DOCUMENT)
    now_is = Outcome(consideration.outcome)
    if outcome not in {now_is, *OUTCOME_TRANSITIONS[now_is]}:
        reasons.append(f"From “{now_is.label}” it cannot go to “{outcome.label}”.")
    return reasons
