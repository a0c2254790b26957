"""A row of the worklist waits until a day, with a reason. Never from red on."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock
from patients.imaging.models import ImagingStudy, StudySnooze
from patients.imaging.queries.patient import red_day
from patients.imaging.rules import SnoozeReason

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def snooze(
    study: ImagingStudy,
    *,
    until: date,
    reason: SnoozeReason,
    note: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> ImagingStudy:
    """Hides the row until a day, at most until the day it turns red; a snooze that runs is replaced. Quiets the steps
    before amber only. Raises `ValidationError` (field `until`) for a day beyond that."""
    study = lock(study, version)
    insist(policies.why_not_snooze(study, by, reason=reason, note=note))
    policies.insist_on_date(until, today=study.patient.team.local_date(now), limit=red_day(study))
    _end(study, by=by, now=now)
    StudySnooze.objects.create(
        patient_id=study.patient_id,
        study=study,
        until=until,
        reason=reason,
        note=note.strip()[:250],
        at=now,
        created_by=by,
    )
    study.snoozed_until = until
    study.save_version("snoozed_until")
    audit("snooze", study, by=by, now=now, reason=str(reason), until=until.isoformat())
    return study


@transaction.atomic
def end_snooze(study: ImagingStudy, *, by: User, now: datetime, version: int | None = None) -> ImagingStudy:
    """The row comes back at once; ending what is not snoozed changes nothing."""
    study = lock(study, version)
    insist(policies.why_not_take(study, by))
    if study.snoozed_until is not None:
        _end(study, by=by, now=now)
        study.snoozed_until = None
        study.save_version("snoozed_until")
        audit("end_snooze", study, by=by, now=now)
    return study


def _end(study: ImagingStudy, *, by: User, now: datetime) -> None:
    running = StudySnooze.objects.valid().filter(study=study, ended_at__isnull=True).first()
    if running is not None:
        running.ended_at, running.ended_by = now, by
        running.save_version("ended_at", "ended_by")
