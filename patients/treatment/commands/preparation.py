"""Sites, the steps that prepare a dose there, prior authorization."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record.commands import close_step, open_step
from patients.record.models import StaleEdit
from patients.record.rules import StepKind
from patients.treatment import policies
from patients.treatment.models import (
    Administration,
    Authorization,
    PreparationStep,
    TreatmentLine,
    TreatmentSite,
    WashoutDecision,
)
from patients.treatment.queries.course import AHEAD_STATUSES, site_of
from patients.treatment.rules import (
    OWNER,
    RUNNING_STATUSES,
    AdministrationStatus,
    PreparationKind,
    PreparationOutcome,
    lay_out,
)

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient


def step_key(step: PreparationStep) -> str:
    return f"prepare:{step.pk}"


def prepare(line: TreatmentLine, *, by: User | None, now: datetime) -> int:
    """Lays out, or dates again, the steps of the next dose of a line that has a site; closes those of doses that are
    over. Nadir labs stay open after the dose. Runs inside the command that moved the doses, which audits; returns how
    many steps are open."""
    site = site_of(line)
    if site is None:
        return 0
    doses = list(Administration.objects.valid().filter(line=line).order_by("planned_on", "number"))
    existing: dict[int, dict[tuple[str, int], PreparationStep]] = {dose.pk: {} for dose in doses}
    for step in PreparationStep.objects.valid().filter(dose__line=line).select_for_update():
        existing[step.dose_id][step.kind, step.number] = step
    upcoming = next((dose for dose in doses if dose.status in AHEAD_STATUSES), None)
    if line.status not in RUNNING_STATUSES:
        upcoming = None
    count = 0
    for dose in doses:
        steps = existing[dose.pk]
        given = dose.status == AdministrationStatus.GIVEN
        if upcoming is not None and dose.pk == upcoming.pk:
            _date(line, dose, site, steps, by=by)
        elif given and dose.given_on is not None:
            _date_nadirs(dose.given_on, site, steps)
        for step in steps.values():
            stays = dose is upcoming or (given and step.kind == PreparationKind.NADIR)
            if not step.outcome and not stays:
                _set_aside(step, dose, now=now)
            count += _follow(step, dose, line, now=now)
    return count


def _date(
    line: TreatmentLine,
    dose: Administration,
    site: TreatmentSite,
    steps: dict[tuple[str, int], PreparationStep],
    *,
    by: User | None,
) -> None:
    for wanted in lay_out(dose.planned_on, site.lead, pregnancy=line.patient.sex != "male"):
        step = steps.get((wanted.kind, wanted.number))
        if step is None:
            steps[wanted.kind, wanted.number] = PreparationStep.objects.create(
                patient_id=line.patient_id,
                dose=dose,
                site=site,
                kind=wanted.kind,
                number=wanted.number,
                due_on=wanted.due,
                owner_role=OWNER[wanted.kind],
                created_by=by,
            )
            continue
        if step.outcome == PreparationOutcome.NOT_NEEDED and step.done_by_id is None:
            # Nobody closed it: its dose was not the next one for a while.
            step.outcome, step.done_on, step.note = "", None, ""
            step.save_version("outcome", "done_on", "note")
        if not step.outcome and (step.due_on != wanted.due or step.site_id != site.pk):
            step.due_on, step.site = wanted.due, site
            step.save_version("due_on", "site")


def _date_nadirs(given_on: date, site: TreatmentSite, steps: dict[tuple[str, int], PreparationStep]) -> None:
    for wanted in lay_out(given_on, site.lead, pregnancy=False):
        step = steps.get((wanted.kind, wanted.number)) if wanted.kind == PreparationKind.NADIR else None
        if step is not None and not step.outcome and step.due_on != wanted.due:
            step.due_on = wanted.due
            step.save_version("due_on")


def _set_aside(step: PreparationStep, dose: Administration, *, now: datetime) -> None:
    step.outcome = PreparationOutcome.NOT_NEEDED
    step.done_on = dose.patient.team.local_date(now)
    step.note = f"Dose {dose.get_status_display().lower()}"
    step.save_version("outcome", "done_on", "note")


def _follow(step: PreparationStep, dose: Administration, line: TreatmentLine, *, now: datetime) -> bool:
    """Brings the patient's next step in line with this one; whether it is open."""
    patient = line.patient
    if step.outcome or not patient.is_in_care:
        close_step(patient, source_key=step_key(step), because=step.get_outcome_display() or "Not in care", now=now)
        return False
    what = step.get_kind_display().removesuffix(" by")
    open_step(
        patient,
        kind=StepKind.ADMINISTRATION,
        source_key=step_key(step),
        what=f"{what}, dose {dose.number} of {line.agent} at {step.site}",
        now=now,
        owner=step.owner,
        owner_role=step.owner_role,
        due_on=step.due_on,
        url=reverse("line-page", args=[line.patient_id, line.pk]),
    )
    return True


def close_washout(dose: Administration, *, because: str, now: datetime) -> int:
    """Closes what still waits because of the washout before a dose that is over: bridging, a question. Runs inside
    the command that ended the dose, which audits; returns how many steps."""
    keys = [f"bridge:{pk}" for pk in dose.washouts.values_list("pk", flat=True)]
    keys += [f"washout:{dose.pk}:{pk}" for pk in dose.washouts.values_list("injection_id", flat=True)]
    return sum(close_step(dose.patient, source_key=key, because=because, now=now) for key in set(keys))


def close_preparation(patient: Patient, *, because: str, now: datetime) -> int:
    """Nothing is prepared for the patient any more, of running and of ended lines. Runs inside a command that audits;
    returns how many steps were open."""
    steps = PreparationStep.objects.valid().filter(patient=patient, outcome="")
    count = 0
    for step in steps.select_related("dose__patient__team").select_for_update(of=("self",)):
        step.outcome, step.note = PreparationOutcome.NOT_NEEDED, because[:250]
        step.done_on = patient.team.local_date(now)
        step.save_version("outcome", "done_on", "note")
        close_step(patient, source_key=step_key(step), because=because, now=now)
        count += 1
    decided = WashoutDecision.objects.valid().filter(patient=patient).select_related("dose__patient")
    for dose in {row.dose for row in decided}:
        count += close_washout(dose, because=because, now=now)
    return count


def _record(verb: str, row: Any, patient: Patient, *, by: User, now: datetime, **details: Any) -> None:
    record(
        f"treatment.{verb}",
        by=by,
        now=now,
        subject=row,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details=details,
    )


@transaction.atomic
def finish_step(
    step: PreparationStep,
    *,
    outcome: PreparationOutcome,
    on: date,
    by: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> PreparationStep:
    """Somebody did it, found it not needed, or decided no-go. A no-go moves nothing by itself."""
    step = PreparationStep.objects.select_related("dose__line__patient__team", "patient__team", "site").lock(
        step.pk, version=version
    )
    today = step.patient.team.local_date(now)
    insist(policies.why_not_finish(step, by, outcome=outcome, on=on, note=note, today=today))
    step.outcome, step.done_on, step.done_by, step.note = outcome, on, by, note.strip()[:250]
    step.save_version("outcome", "done_on", "done_by", "note")
    _record("finish_step", step, step.patient, by=by, now=now, kind=step.kind, outcome=str(outcome))
    close_step(step.patient, source_key=step_key(step), because=step.get_outcome_display(), now=now)
    return step


@transaction.atomic
def take_step(step: PreparationStep, *, by: User, now: datetime, version: int | None = None) -> PreparationStep:
    """Makes the step one's own; twice changes nothing."""
    step = PreparationStep.objects.select_related("dose__line__patient__team", "patient__team", "site").lock(
        step.pk, version=version
    )
    insist(policies.why_not_step(step, by))
    if step.owner_id != by.pk:
        step.owner = by
        step.save_version("owner")
        _record("take_step", step, step.patient, by=by, now=now, kind=step.kind)
        _follow(step, step.dose, step.dose.line, now=now)
    return step


@transaction.atomic
def save_site(
    team: Team,
    values: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    site: TreatmentSite | None = None,
    version: int | None = None,
) -> TreatmentSite:
    """Adds or changes a site. Steps that are laid out keep their days until their dose is moved. Raises `StaleEdit`
    when the site is no longer in the `version` that the form was opened with."""
    insist(policies.why_not_configure(team, by))
    row = TreatmentSite(team=team) if site is None else TreatmentSite.objects.select_for_update().get(pk=site.pk)
    if site is not None and version is not None and row.version != version:
        raise StaleEdit(row)
    for name, value in values.items():
        setattr(row, name, value)
    insist(list(row.lead.problems.values()))
    row.version += 0 if site is None else 1
    row.save()
    record("treatment.save_site", by=by, now=now, subject=row, team_id=team.pk, details={"name": row.name})
    return row


@transaction.atomic
def set_authorization(
    line: TreatmentLine,
    *,
    status: str,
    status_on: date,
    by: User,
    now: datetime,
    reference: str = "",
    valid_until: date | None = None,
    note: str = "",
    version: int | None = None,
) -> Authorization:
    """Writes where prior authorization of the line stands; what was before stays in the history. `version` 0 or None:
    there was none when the form was opened."""
    insist(policies.why_not_authorize(line, by))
    today = line.patient.team.local_date(now)
    problems = policies.authorization_problems(
        status=status, reference=reference, status_on=status_on, valid_until=valid_until, today=today
    )
    insist(list(problems.values()))
    TreatmentLine.objects.select_for_update().get(pk=line.pk)
    row = Authorization.objects.valid().filter(line=line).first()
    if row is None:
        row = Authorization(patient_id=line.patient_id, line=line, created_by=by, version=0)
    else:
        row = Authorization.objects.lock(row.pk, version=version)
    row.status, row.status_on, row.valid_until = status, status_on, valid_until
    row.reference, row.note = reference.strip(), note.strip()
    row.version += 1
    row.save()
    _record("set_authorization", row, line.patient, by=by, now=now, status=status)
    return row
