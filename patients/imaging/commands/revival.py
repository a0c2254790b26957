"""A death was recorded by mistake: surveillance that it stopped runs again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from patients.imaging.commands.base import audit, audit_plan, lock, lock_patient, move, refresh_step
from patients.imaging.commands.plans import replan
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import CloseReason, StopReason, StudyStatus
from patients.imaging.rules.codes import state_before

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


@transaction.atomic
def undo_death(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    """Plans that the death stopped run again, studies that it closed stand where they stood; where somebody began a
    plan of the kind anew meanwhile, that one goes on. Returns how many plans and studies."""
    patient = lock_patient(patient)
    plans = _plans_back(patient, reason=reason, by=by, now=now)
    studies = _studies_back(patient, reason=reason, by=by, now=now)
    unfinished = ImagingStudy.objects.valid().exclude(status__in=[StudyStatus.CLOSED, StudyStatus.ACTED_ON])
    for study in unfinished.filter(patient=patient).select_related("patient__team", "plan", "owner"):
        refresh_step(study, now=now)
    replan(patient, by=by, now=now)
    return plans + studies


def _plans_back(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    of = SurveillancePlan.objects.valid().filter(patient=patient)
    running = of.filter(stopped_on=None).values_list("modality", flat=True)
    stopped = of.filter(stop_reason=StopReason.DECEASED).exclude(modality__in=list(running))
    rows = list(stopped.select_related("patient__team").select_for_update(of=("self",)))
    for plan in rows:
        plan.stopped_on, plan.stop_reason = None, ""
        plan.save_version("stopped_on", "stop_reason")
        audit_plan("undo_death", plan, by=by, now=now, reason=reason)
    return len(rows)


def _studies_back(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    closed = ImagingStudy.objects.valid().filter(
        patient=patient, status=StudyStatus.CLOSED, close_reason=CloseReason.DECEASED
    )
    count = 0
    for row in closed.order_by("pk"):
        study = lock(row)
        if study.plan is not None and study.plan.stopped_on is not None:
            continue
        study.closed_at, study.close_reason = None, ""
        stood = state_before(
            ordered=study.ordered_at is not None,
            scheduled=study.scheduled_for is not None,
            performed=study.performed_on is not None,
        )
        move(study, stood, "closed_at", "close_reason", correcting=True, now=now)
        audit("undo_death", study, by=by, now=now, reason=reason)
        count += 1
    return count
