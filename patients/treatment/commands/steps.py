"""What the treatment slice puts into the table of next steps, and how doses are laid out."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from careteam.audit.commands import record
from careteam.people.rules import Role
from patients.record.commands import close_step, open_step
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from patients.treatment.commands.preparation import close_preparation, close_washout, prepare
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import (
    AHEAD,
    OPEN_STATUSES,
    RUNNING_STATUSES,
    AdministrationStatus,
    LineStatus,
    dose_dates,
)

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def line_key(line: TreatmentLine) -> str:
    """The source key of the line's next step."""
    return f"line:{line.pk}"


def planned_doses(line: TreatmentLine) -> list[Administration]:
    return list(
        Administration.objects.valid()
        .filter(line=line, status=AdministrationStatus.PLANNED)
        .order_by("planned_on", "number")
    )


def lay_out(line: TreatmentLine, *, by: User | None, today: date) -> list[Administration]:
    """Plans the first doses of a line that has just started."""
    if line.started_on is None:
        return []
    dates = dose_dates(line.started_on, line.interval_days, line.planned_count, today=today)
    return [
        Administration.objects.create(
            patient_id=line.patient_id, line=line, number=number, planned_on=on, created_by=by
        )
        for number, on in dates
    ]


def top_up(line: TreatmentLine, last: date, *, by: User | None) -> None:
    """Keeps `AHEAD` doses of an open-ended line planned, counted on from `last`."""
    if line.planned_count is not None or not line.interval_days or line.status != LineStatus.ACTIVE:
        return
    ahead = planned_doses(line)
    number = Administration.objects.valid().filter(line=line).aggregate(top=Max("number"))["top"] or 0
    latest = ahead[-1].planned_on if ahead else last
    for step in range(1, AHEAD - len(ahead) + 1):
        on = date.fromordinal(latest.toordinal() + step * line.interval_days)
        Administration.objects.create(
            patient_id=line.patient_id, line=line, number=number + step, planned_on=on, created_by=by
        )


def refresh_step(line: TreatmentLine, *, now: datetime) -> None:
    """Opens, moves or closes the next step that follows from the line as it is now."""
    patient = line.patient
    what, due, kind, role = _next(line)
    if not what or line.status not in OPEN_STATUSES or not patient.is_in_care:
        close_step(patient, source_key=line_key(line), because=line.get_status_display(), now=now)
        return
    open_step(
        patient,
        kind=kind,
        source_key=line_key(line),
        what=what,
        now=now,
        owner=responsible_clinician(patient.pk) if role == Role.ONCOLOGIST else None,
        owner_role=role,
        due_on=due,
        url=reverse("line-page", args=[patient.pk, line.pk]),
    )


def _next(line: TreatmentLine) -> tuple[str, date | None, StepKind, str]:
    """(what, due, kind, whose queue); an empty `what` means that nothing waits."""
    nothing = ("", None, StepKind.LINE, "")
    if line.status == LineStatus.PROPOSED:
        return (f"Decide on {line.label}", line.planned_on, StepKind.LINE, Role.ONCOLOGIST)
    if line.status == LineStatus.PLANNED:
        return (f"Start {line.label}", line.planned_on, StepKind.LINE, Role.ONCOLOGIST)
    if line.status == LineStatus.ON_HOLD:
        return (f"Resume or end {line.label}, on hold", None, StepKind.LINE, Role.ONCOLOGIST)
    if line.status not in RUNNING_STATUSES:
        return nothing
    ahead = planned_doses(line)
    if ahead:
        dose = ahead[0]
        of = f" of {line.planned_count}" if line.planned_count else ""
        return (
            f"{line.label}, dose {dose.number}{of}",
            dose.planned_on,
            StepKind.ADMINISTRATION,
            Role.NURSE_COORDINATOR,
        )
    doses = Administration.objects.valid().filter(line=line)
    held = doses.filter(status=AdministrationStatus.HELD).order_by("planned_on").first()
    if held is not None:
        return (f"{line.label}, dose {held.number} is held", held.planned_on, StepKind.ADMINISTRATION, Role.ONCOLOGIST)
    if line.planned_count is not None and doses.filter(status=AdministrationStatus.GIVEN).exists():
        return (f"All doses of {line.label} given: complete the line", None, StepKind.LINE, Role.ONCOLOGIST)
    return nothing


def cancel_planned(line: TreatmentLine, *, reason: str, now: datetime) -> int:
    """Cancels what is still planned or held; returns how many."""
    doses = Administration.objects.valid().filter(
        line=line, status__in=[AdministrationStatus.PLANNED, AdministrationStatus.HELD]
    )
    count = 0
    for dose in doses.select_related("patient").select_for_update(of=("self",)):
        dose.status, dose.reason = AdministrationStatus.CANCELLED, reason[:250]
        dose.save_version("status", "reason")
        close_washout(dose, because=reason, now=now)
        count += 1
    return count


@transaction.atomic
def refresh_steps(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Brings the steps of all open lines in line with the patient's enrollment; returns how many lines there are."""
    lines = list(TreatmentLine.objects.valid().open().filter(patient=patient).select_related("patient__team"))
    for line in lines:
        refresh_step(line, now=now)
        prepare(line, by=by, now=now)
    if lines:
        record(
            "treatment.refresh_steps",
            by=by,
            now=now,
            subject=patient,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"lines": [line.pk for line in lines]},
        )
    return len(lines)


@transaction.atomic
def silence(patient: Patient, *, by: User | None, now: datetime) -> int:
    """The patient died: nothing planned stays planned. Running lines are ended by `end_line`, one by one; here the
    doses of every open line are cancelled. Returns how many doses."""
    cancelled = 0
    for line in TreatmentLine.objects.valid().open().filter(patient=patient).select_related("patient__team"):
        cancelled += cancel_planned(line, reason="Patient died", now=now)
        close_step(patient, source_key=line_key(line), because="Patient died", now=now)
    close_preparation(patient, because="Patient died", now=now)
    record(
        "treatment.silence",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"cancelled": cancelled},
    )
    return cancelled
