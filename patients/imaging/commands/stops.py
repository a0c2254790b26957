"""Surveillance stops with a logged reason, or pauses while nothing may be asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.rules import Role
from patients.imaging import policies
from patients.imaging.commands.base import (
    again_key,
    audit_plan,
    close_with,
    confirm_key,
    interval_key,
    lock,
    lock_patient,
    lock_plan,
    refresh_step,
    withdraw_late,
    withdraw_reminders,
)
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import CLOSES_WITH, CloseReason, StopReason, StudyStatus
from patients.record.commands import close_step, open_step
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def stop(
    plan: SurveillancePlan,
    reason: StopReason,
    *,
    on: date,
    ask_again_on: date | None,
    by: User | None,
    now: datetime,
) -> None:
    """Stops a plan that the caller has locked: the outstanding study closes, the question about its interval too."""
    plan.stopped_on, plan.stop_reason, plan.ask_again_on = on, reason, ask_again_on
    plan.save_version("stopped_on", "stop_reason", "ask_again_on")
    audit_plan("stop_plan", plan, by=by, now=now, reason=str(reason))
    for row in ImagingStudy.objects.valid().outstanding().filter(plan=plan):
        close_with(lock(row), CLOSES_WITH[reason], by=by, now=now, verb="close_study")
    close_step(plan.patient, source_key=interval_key(plan), because=reason.label, now=now)


@transaction.atomic
def stop_plan(
    plan: SurveillancePlan, *, reason: StopReason, by: User, now: datetime, ask_again_on: date | None = None
) -> SurveillancePlan:
    """Stops surveillance with its logged reason: the outstanding study closes, its reminders are taken back. Declined
    asks again on a date, as a next step of the coordinators."""
    plan = lock_plan(plan)
    insist(policies.why_not_stop(plan, by, reason, ask_again_on))
    stop(plan, reason, on=plan.patient.team.local_date(now), ask_again_on=ask_again_on, by=by, now=now)
    if ask_again_on is not None and plan.patient.is_in_care:
        open_step(
            plan.patient,
            kind=StepKind.STUDY,
            source_key=again_key(plan.patient, plan.modality) if plan.is_lab else confirm_key(plan.patient),
            what=f"Ask again about {plan.get_modality_display() if plan.is_lab else 'surveillance imaging'}",
            now=now,
            owner_role=Role.NURSE_COORDINATOR,
            due_on=ask_again_on,
            url=reverse("plan-start", args=[plan.patient_id]),
        )
    return plan


@transaction.atomic
def stop_all(patient: Patient, reason: StopReason, *, by: User | None, now: datetime) -> int:
    """Stops every running plan of the patient; returns how many. Idempotent."""
    patient = lock_patient(patient)
    plans = SurveillancePlan.objects.valid().filter(patient=patient, stopped_on=None)
    stopped = 0
    for row in plans:
        plan: SurveillancePlan = SurveillancePlan.objects.select_related("patient__team").lock(row.pk)
        stop(plan, reason, on=patient.team.local_date(now), ask_again_on=None, by=by, now=now)
        stopped += 1
    close_step(patient, source_key=confirm_key(patient), because=reason.label, now=now)
    return stopped


@transaction.atomic
def silence(patient: Patient, *, by: User | None, now: datetime) -> int:
    """The patient died: plans stop, every outstanding study closes, every reminder is withdrawn. Returns how many
    studies were closed."""
    stop_all(patient, StopReason.DECEASED, by=by, now=now)
    closed = 0
    for row in ImagingStudy.objects.valid().outstanding().filter(patient=patient):
        close_with(lock(row), CloseReason.DECEASED, by=by, now=now, verb="close_study")
        closed += 1
    pause(patient, by=by, now=now)
    return closed


@transaction.atomic
def pause(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Nothing is asked while the patient is not in care: reminders are withdrawn, steps of studies close. The plans
    stay. Returns how many reminders were taken back."""
    studies = list(
        ImagingStudy.objects.valid()
        .exclude(status__in=[StudyStatus.CLOSED, StudyStatus.ACTED_ON])
        .filter(patient=patient)
        .select_related("patient__team", "plan", "owner")
    )
    taken = withdraw_reminders([study.pk for study in studies], now=now)
    taken += withdraw_late(studies, now=now)
    for study in studies:
        refresh_step(study, now=now)
    record(
        "imaging.pause",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"withdrawn": taken},
    )
    return taken
