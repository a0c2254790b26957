"""Doses, cycles and sessions of a line: given, held, moved, left out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.treatment import policies
from patients.treatment.commands.preparation import close_washout, prepare
from patients.treatment.commands.steps import refresh_step, top_up
from patients.treatment.models import Administration, DoseCheck, TreatmentLine
from patients.treatment.queries.labs import judged, labs_before, limits_of
from patients.treatment.rules import ADMINISTRATION_TRANSITIONS, AdministrationStatus

if TYPE_CHECKING:
    from careteam.people.models import User


def _lock(dose: Administration, version: int | None) -> Administration:
    # The line first: two people who record doses of one line wait for each other instead of laying out dates twice.
    TreatmentLine.objects.select_for_update().get(pk=dose.line_id)
    locked: Administration = Administration.objects.select_related("line__patient__team", "patient__team").lock(
        dose.pk, version=version
    )
    return locked


def _move(dose: Administration, to: AdministrationStatus, *fields: str) -> None:
    """The only place where the status of a dose changes."""
    if to not in ADMINISTRATION_TRANSITIONS[AdministrationStatus(dose.status)]:
        raise ValueError(f"dose {dose.pk}: {dose.status} → {to} is not in the table")
    dose.status = to
    dose.save_version("status", *fields)


def _audit(verb: str, dose: Administration, *, by: User, now: datetime, reason: str = "", **details: Any) -> None:
    record(
        f"treatment.{verb}",
        by=by,
        now=now,
        subject=dose,
        patient_ids=[dose.patient_id],
        team_id=dose.patient.team_id,
        reason=reason,
        details={"line": dose.line_id, "number": dose.number, "status": dose.status, **details},
    )


def _shift_following(dose: Administration, days: int) -> int:
    """Moves the planned doses after this one by so many days; those that someone dated by hand stay."""
    following = Administration.objects.valid().filter(
        line_id=dose.line_id,
        number__gt=dose.number,
        status=AdministrationStatus.PLANNED,
        moved_from__isnull=True,
    )
    count = 0
    for later in following.select_for_update():
        later.planned_on += timedelta(days=days)
        later.save_version("planned_on")
        count += 1
    return count


@transaction.atomic
def give_administration(
    dose: Administration,
    *,
    on: date,
    by: User,
    now: datetime,
    amount: Decimal | None = None,
    unit: str = "",
    reduced: bool = False,
    given_elsewhere: str = "",
    note: str = "",
    code: str = "",
    despite: str = "",
    version: int | None = None,
) -> Administration:
    """Records a dose as given, here or elsewhere ("confirmed by"). Given late, it moves what follows by as many days;
    an open-ended line gets its next doses planned. The labs looked at before it are kept as they were; where one did
    not pass, `despite` is the sentence that says why it was given all the same (never asked of a dose elsewhere)."""
    dose = _lock(dose, version)
    today = dose.patient.team.local_date(now)
    insist(policies.why_not_record_dose(dose, AdministrationStatus.GIVEN, by, on=on, today=today))
    checks = labs_before(dose.line, on=on, limits=limits_of(dose.patient.team_id)) if judged() else ()
    if not given_elsewhere.strip():
        insist(policies.why_not_despite(checks, despite))
    if checks:
        DoseCheck.objects.create(
            patient_id=dose.patient_id,
            dose=dose,
            checked_on=on,
            results=[check.written() for check in checks],
            despite=despite.strip(),
            created_by=by,
        )
    late = (on - dose.planned_on).days
    dose.given_on, dose.dose, dose.dose_unit = on, amount, unit if amount is not None else ""
    dose.reduced, dose.given_elsewhere, dose.reason = reduced, given_elsewhere.strip(), note.strip()[:250]
    dose.reason_code = code
    _move(
        dose,
        AdministrationStatus.GIVEN,
        "given_on",
        "dose",
        "dose_unit",
        "reduced",
        "given_elsewhere",
        "reason",
        "reason_code",
    )
    moved = _shift_following(dose, late) if late > 0 else 0
    top_up(dose.line, on, by=by)
    prepare(dose.line, by=by, now=now)
    close_washout(dose, because="Dose given", now=now)
    _audit("give_administration", dose, by=by, now=now, on=on.isoformat(), moved=moved)
    refresh_step(dose.line, now=now)
    return dose


@transaction.atomic
def delay_administration(
    dose: Administration,
    *,
    to: date,
    reason: str,
    by: User,
    now: datetime,
    code: str = "",
    version: int | None = None,
) -> Administration:
    """Moves a planned (or held) dose to another day, with its reason; what follows moves along."""
    dose = _lock(dose, version)
    insist(policies.why_not_delay(dose, by, to=to, reason=reason))
    days = (to - dose.planned_on).days
    dose.moved_from = dose.moved_from or dose.planned_on
    dose.planned_on, dose.reason, dose.reason_code = to, reason.strip()[:250], code
    if dose.status == AdministrationStatus.HELD:
        _move(dose, AdministrationStatus.PLANNED, "planned_on", "moved_from", "reason", "reason_code")
    else:
        dose.save_version("planned_on", "moved_from", "reason", "reason_code")
    moved = _shift_following(dose, days)
    prepare(dose.line, by=by, now=now)
    _audit("delay_administration", dose, by=by, now=now, reason=reason, to=to.isoformat(), moved=moved)
    refresh_step(dose.line, now=now)
    return dose


def _set_aside(
    dose: Administration,
    to: AdministrationStatus,
    verb: str,
    *,
    reason: str,
    code: str,
    by: User,
    now: datetime,
    version: int | None,
) -> Administration:
    dose = _lock(dose, version)
    insist(policies.why_not_record_dose(dose, to, by, reason=reason))
    dose.reason, dose.reason_code = reason.strip()[:250], code
    _move(dose, to, "reason", "reason_code")
    if to != AdministrationStatus.HELD:
        top_up(dose.line, dose.planned_on, by=by)
        close_washout(dose, because=AdministrationStatus(to).label, now=now)
    prepare(dose.line, by=by, now=now)
    _audit(verb, dose, by=by, now=now, reason=reason)
    refresh_step(dose.line, now=now)
    return dose


@transaction.atomic
def hold_administration(
    dose: Administration, *, reason: str, by: User, now: datetime, code: str = "", version: int | None = None
) -> Administration:
    """Holds a planned dose until somebody gives it a new date."""
    return _set_aside(
        dose,
        AdministrationStatus.HELD,
        "hold_administration",
        reason=reason,
        code=code,
        by=by,
        now=now,
        version=version,
    )


@transaction.atomic
def skip_administration(
    dose: Administration, *, reason: str, by: User, now: datetime, code: str = "", version: int | None = None
) -> Administration:
    """Leaves a dose out; the following ones stay where they are."""
    return _set_aside(
        dose,
        AdministrationStatus.SKIPPED,
        "skip_administration",
        reason=reason,
        code=code,
        by=by,
        now=now,
        version=version,
    )


@transaction.atomic
def cancel_administration(
    dose: Administration, *, reason: str, by: User, now: datetime, code: str = "", version: int | None = None
) -> Administration:
    """Takes a dose out of the plan."""
    return _set_aside(
        dose,
        AdministrationStatus.CANCELLED,
        "cancel_administration",
        reason=reason,
        code=code,
        by=by,
        now=now,
        version=version,
    )


@transaction.atomic
def reopen_administration(
    dose: Administration, *, reason: str, by: User, now: datetime, version: int | None = None
) -> Administration:
    """What was recorded of the dose was wrong: it is planned again, as before. Doses that moved along because it was
    given late move back, unless somebody dated them or gave a later one since; the labs kept with it are marked as
    entered in error."""
    dose = _lock(dose, version)
    insist(policies.why_not_reopen(dose, by, reason=reason))
    was, late = dose.status, (dose.given_on - dose.planned_on).days if dose.given_on else 0
    for check in DoseCheck.objects.valid().filter(dose=dose).select_for_update():
        check.error_at, check.error_by, check.error_reason = now, by, reason.strip()[:250]
        check.save_version("error_at", "error_by", "error_reason")
    dose.given_on, dose.dose, dose.dose_unit, dose.reduced, dose.given_elsewhere = None, None, "", False, ""
    dose.reason, dose.reason_code = "", ""
    _move(
        dose,
        AdministrationStatus.PLANNED,
        "given_on",
        "dose",
        "dose_unit",
        "reduced",
        "given_elsewhere",
        "reason",
        "reason_code",
    )
    later = Administration.objects.valid().filter(line_id=dose.line_id, number__gt=dose.number)
    went_on = later.filter(status=AdministrationStatus.GIVEN).exists()  # what follows counts from that one then
    moved = _shift_following(dose, -late) if late > 0 and not went_on else 0
    prepare(dose.line, by=by, now=now)
    _audit("reopen_administration", dose, by=by, now=now, reason=reason, was=was, moved=moved)
    refresh_step(dose.line, now=now)
    return dose
