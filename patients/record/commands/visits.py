"""Booking a visit, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record import policies
from patients.record.commands.care import close_step, open_step
from patients.record.models import Encounter, Patient
from patients.record.rules import StepKind
from patients.record.rules.visits import VisitKind, VisitStatus, visit_key

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def book_visit(
    patient: Patient, *, kind: VisitKind, at: datetime, by: User, now: datetime, with_whom: str = "", reason: str = ""
) -> Encounter:
    """Books a visit or call; it becomes a next step of the patient. Whoever books it owns the step."""
    patient = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=patient.pk)
    insist(policies.why_not_book_visit(patient, by, at=at, now=now))
    visit = Encounter.objects.create(
        patient=patient,
        kind=kind,
        starts_at=at,
        with_whom=with_whom.strip()[:160],
        reason=reason.strip()[:250],
        status=VisitStatus.BOOKED,
        created_by=by,
    )
    visit.patient = patient
    _open_step(visit, by=by, now=now)
    _audit("record.book_visit", visit, by=by, now=now)
    return visit


@transaction.atomic
def close_visit(visit: Encounter, to: VisitStatus, *, by: User, now: datetime, version: int | None = None) -> Encounter:
    """The patient came, did not come, or the visit was canceled; BOOKED takes that back."""
    locked: Encounter = Encounter.objects.select_related("patient__team").lock(visit.pk, version=version)
    insist(policies.why_not_close_visit(locked, to, by, now=now))
    locked.status = to
    locked.save_version("status")
    if to == VisitStatus.BOOKED:
        _open_step(locked, by=by, now=now)
    else:
        close_step(locked.patient, source_key=visit_key(locked.pk), because=to.label, now=now)
    _audit("record.close_visit", locked, by=by, now=now)
    return locked


def _open_step(visit: Encounter, *, by: User, now: datetime) -> None:
    words = dict(VisitKind.choices).get(visit.kind, visit.kind)
    if not visit.patient.is_in_care:
        return
    open_step(
        visit.patient,
        kind=StepKind.VISIT,
        source_key=visit_key(visit.pk),
        what=f"{words}: {visit.reason or visit.with_whom}" if visit.reason or visit.with_whom else words,
        owner=by,
        due_on=visit.patient.team.local_date(visit.starts_at),
        url=reverse("patient", args=[visit.patient_id]),
        now=now,
    )


def _audit(action: str, visit: Encounter, *, by: User, now: datetime) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=visit,
        patient_ids=[visit.patient_id],
        team_id=visit.patient.team_id,
        details={"status": visit.status, "at": visit.starts_at.isoformat()},
    )
