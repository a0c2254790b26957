"""A death was recorded by mistake: what it ended runs again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.treatment.commands.preparation import prepare
from patients.treatment.commands.steps import refresh_step
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import OPEN_STATUSES, AdministrationStatus, EndReason, LineStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient

_AHEAD = (AdministrationStatus.PLANNED, AdministrationStatus.HELD)


@transaction.atomic
def undo_death(patient: Patient, *, by: User, now: datetime) -> int:
    """Lines that the death ended stand where they stood, their canceled doses too; one that came here ended by it runs.
    Announces `RECORD_CHANGED` when there were any. Returns how many lines."""
    ended = TreatmentLine.objects.valid().filter(patient=patient, status=LineStatus.STOPPED, end_reason=EndReason.DEATH)
    back = [line for line in ended.select_related("patient__team").select_for_update(of=("self",)) if _reopen(line)]
    for line in back:
        doses = _doses_back(line)
        prepare(line, by=by, now=now)
        refresh_step(line, now=now)
        record(
            "treatment.undo_death",
            by=by,
            now=now,
            subject=line,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"status": line.status, "doses": doses},
        )
    if back:
        announce(
            EventKind.RECORD_CHANGED,
            now=now,
            team_id=patient.team_id,
            patient_id=patient.pk,
            payload={"reason": "death taken back"},
        )
    return len(back)


def _last_of(row: TreatmentLine | Administration, statuses: Any) -> Any:
    """The newest version of the row, in its history, in which it had one of these states."""
    tracked: Any = type(row)
    history = tracked.pgh_event_model.objects.filter(pgh_obj_id=row.pk, status__in=list(statuses))
    return history.order_by("-pgh_id").first()


def _reopen(line: TreatmentLine) -> bool:
    before = _last_of(line, OPEN_STATUSES)
    status = before.status if before is not None else LineStatus.ACTIVE
    if before is None and line.started_on is None:
        return False
    line.status, line.ended_on, line.end_reason, line.end_note = status, None, "", ""
    line.save_version("status", "ended_on", "end_reason", "end_note")
    return True


def _doses_back(line: TreatmentLine) -> int:
    """Doses that were canceled because the patient died are planned, or held, as before. How many."""
    words = (f"Line ended: {EndReason.DEATH.label.lower()}", "Patient died")
    cancelled = Administration.objects.valid().filter(
        line=line, status=AdministrationStatus.CANCELLED, reason__in=words
    )
    count = 0
    for dose in cancelled.select_for_update(of=("self",)):
        before = _last_of(dose, _AHEAD)
        if before is not None:
            dose.status, dose.reason = before.status, before.reason
            dose.save_version("status", "reason")
            count += 1
    return count
