"""What was asked about a booked scan, and the step that asks for the rest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock, refresh_step
from patients.imaging.models import ImagingStudy
from patients.imaging.rules.preparation import Answers
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def prepare(
    study: ImagingStudy, answers: Answers, *, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """Keeps what was asked, with who and when; the same answers again change nothing. The step of a booked scan asks
    for what is still open."""
    study = lock(study, version)
    insist(policies.why_not_prepare(study, by))
    written = answers.written()
    if study.prepared_at is None or written != study.preparation:
        study.preparation, study.prepared_at, study.prepared_by = written, now, by
        study.save_version("preparation", "prepared_at", "prepared_by")
        audit("prepare", study, by=by, now=now, answered=sorted(written))
        refresh_step(study, now=now)
    return study


def refresh_bookings(patient: Patient, *, now: datetime) -> None:
    """The record changed: what booked scans still need is asked anew."""
    rows = ImagingStudy.objects.valid().filter(patient=patient, status="scheduled")
    for study in rows.select_related("patient__team", "plan", "owner").order_by("pk"):
        refresh_step(study, now=now)
