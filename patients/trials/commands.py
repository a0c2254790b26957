"""The only writers of the trial register and of what was considered for whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.rules import Permission, Role
from patients.protocol.queries import number
from patients.record import commands as entries
from patients.record.models import Patient
from patients.record.rules import StepKind
from patients.trials import policies
from patients.trials.models import Trial, TrialConsideration
from patients.trials.rules import WAITING, Outcome

if TYPE_CHECKING:
    from careteam.people.models import Team, User


def _plain(value: object) -> object:
    return getattr(value, "pk", value)


def _once(team: Team, nct_number: str, other_than: int = 0) -> None:
    if Trial.objects.filter(team=team, nct_number=nct_number).exclude(pk=other_than).exists():
        raise ValidationError({"nct_number": f"{nct_number} stands in the register already."})


@transaction.atomic
def add_trial(team: Team, values: Mapping[str, Any], *, by: User, now: datetime) -> Trial:
    """Adds a trial to the team's register. A number that stands there already is refused."""
    insist(policies.why_not_manage(team, by))
    _once(team, values["nct_number"])
    trial = Trial.objects.create(team=team, **values)
    record(
        "trials.add_trial",
        by=by,
        now=now,
        subject=trial,
        team_id=team.pk,
        details={"nct_number": trial.nct_number, "status": str(trial.status)},
    )
    return trial


@transaction.atomic
def change_trial(trial: Trial, values: Mapping[str, Any], *, version: int, by: User, now: datetime) -> Trial:
    """Corrects, pauses or closes a trial. Raises `StaleEdit` when it changed after the form was opened."""
    current = Trial.objects.select_related("team").lock(trial.pk, version=version)
    insist(policies.why_not_manage(current.team, by))
    _once(current.team, values["nct_number"], other_than=current.pk)
    before = {name: getattr(current, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return current
    for name, value in changed.items():
        setattr(current, name, value)
    current.version += 1
    current.save(update_fields=[*changed, "version"])
    record(
        "trials.change_trial",
        by=by,
        now=now,
        subject=current,
        team_id=current.team_id,
        details={
            "before": {name: _plain(before[name]) for name in changed},
            "after": {name: _plain(value) for name, value in changed.items()},
        },
    )
    return current


def source_key(consideration: TrialConsideration) -> str:
    """The key of its row in the table of next steps."""
    return f"trial:{consideration.pk}"


def _follow(consideration: TrialConsideration, patient: Patient, *, now: datetime) -> None:
    """While nothing is settled the trial's contact (else the trial nurses' queue) has a next step."""
    trial = consideration.trial
    if consideration.outcome not in WAITING or consideration.error_at is not None or not patient.is_in_care:
        because = consideration.get_outcome_display() if consideration.error_at is None else "Entered in error"
        entries.close_step(patient, source_key=source_key(consideration), because=because, now=now)
        return
    verb = "Screening" if consideration.outcome == Outcome.SCREENING else "Check eligibility"
    entries.open_step(
        patient,
        kind=StepKind.CARE,
        source_key=source_key(consideration),
        what=f"{verb}: {trial.nct_number} {trial.title}",
        now=now,
        owner=trial.contact,
        owner_role=Role.TRIAL_NURSE,
        due_on=patient.team.local_date(now) + timedelta(days=number(patient.team_id, "care.trial").days),
        url=f"/patients/{patient.pk}/trials/",
    )


@transaction.atomic
def consider(patient: Patient, trial: Trial, *, because: str, on: date, by: User, now: datetime) -> TrialConsideration:
    """ "Considered, because …". Once per patient and trial; what comes of it is `decide`."""
    insist(policies.why_not_consider(patient, by, trial))
    if TrialConsideration.objects.valid().filter(patient=patient, trial=trial).exists():
        raise ValidationError({"trial": f"{trial.nct_number} was considered already: say there what came of it."})
    row = entries.add_entry(
        patient,
        TrialConsideration,
        {"trial": trial, "considered_on": on, "because": because},
        by=by,
        now=now,
        permission=Permission.CARE_DOCUMENT,
    )
    _follow(row, patient, now=now)
    return row


@transaction.atomic
def decide(
    consideration: TrialConsideration, *, outcome: Outcome, because: str, version: int, by: User, now: datetime
) -> TrialConsideration:
    """What came of it, with the reason. Raises `StaleEdit` when it changed after the form was opened."""
    current: TrialConsideration = TrialConsideration.objects.select_related("trial__contact", "patient__team").lock(
        consideration.pk, version=version
    )
    insist(policies.why_not_decide(current, outcome, by))
    before = current.outcome
    current.outcome, current.because = outcome, because
    current.save_version("outcome", "because")
    record(
        "trials.decide",
        by=by,
        now=now,
        subject=current,
        patient_ids=[current.patient_id],
        team_id=current.patient.team_id,
        reason=because,
        details={"before": before, "after": str(outcome)},
    )
    _follow(current, current.patient, now=now)
    return current


@transaction.atomic
def withdraw(consideration: TrialConsideration, *, reason: str, by: User, now: datetime) -> TrialConsideration:
    """Entered in error: it disappears from the case and its next step closes."""
    row = entries.enter_in_error(consideration, reason=reason, by=by, now=now, permission=Permission.CARE_DOCUMENT)
    _follow(row, Patient.objects.select_related("team").get(pk=row.patient_id), now=now)
    return row
