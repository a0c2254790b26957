"""Next steps and enrollment."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.record import policies
from patients.record.models import Enrollment, NextStep, Patient
from patients.record.rules import EnrollmentStatus, StepKind

if TYPE_CHECKING:
    from careteam.people.models import User


def open_step(
    patient: Patient,
    *,
    kind: StepKind,
    source_key: str,
    what: str,
    now: datetime,
    owner: User | None = None,
    owner_role: str = "",
    due_on: date | None = None,
    url: str = "",
) -> NextStep:
    """Opens (or updates, when it is open already) the patient's next step from this source, in the transaction of the
    command whose work it is; that command audits."""
    step, fresh = NextStep.objects.get_or_create(
        patient=patient,
        source_key=source_key,
        closed_at=None,
        defaults={
            "team_id": patient.team_id,
            "kind": kind,
            "what": what[:200],
            "owner": owner,
            "owner_role": owner_role,
            "due_on": due_on,
            "url": url,
            "opened_at": now,
        },
    )
    wanted = {
        "what": what[:200],
        "owner_id": owner.pk if owner else None,
        "owner_role": owner_role,
        "due_on": due_on,
        "url": url,
    }
    if not fresh and any(getattr(step, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(step, name, value)
        step.save()
    return step


def close_step(patient: Patient, *, source_key: str, because: str, now: datetime) -> int:
    """Closes the open step from this source; 0 when there was none."""
    steps = NextStep.objects.filter(patient=patient, source_key=source_key, closed_at__isnull=True)
    return steps.update(closed_at=now, closed_because=because[:120])


@transaction.atomic
def change_enrollment(
    patient: Patient,
    status: EnrollmentStatus,
    *,
    on: date,
    by: User | None,
    now: datetime,
    reason: str = "",
    scope: str = "",
    ask_again_on: date | None = None,
) -> Enrollment:
    """Moves the patient in or out of care. `by=None` is an import. Announces `ENROLLMENT` (and `DECEASED`)."""
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    current = Enrollment.objects.filter(patient=patient, ended_on__isnull=True).first()
    insist(policies.why_not_enroll(patient, current, status, by, on=on, reason=reason, ask_again_on=ask_again_on))
    if current is not None:
        current.ended_on = max(on, current.started_on)
        current.save_version("ended_on")
    enrollment = Enrollment.objects.create(
        patient=patient,
        team_id=patient.team_id,
        status=status,
        started_on=on,
        reason=reason,
        scope=scope,
        ask_again_on=ask_again_on,
        created_by=by,
    )
    before, patient.enrollment_status = patient.enrollment_status, status
    patient.version += 1
    patient.save(update_fields=["enrollment_status", "version"])
    if status != EnrollmentStatus.UNDER_REVIEW:
        close_step(patient, source_key=f"import:{patient.pk}", because="Reviewed", now=now)
    record(
        "record.change_enrollment",
        by=by,
        now=now,
        subject=enrollment,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={"before": before, "after": str(status)},
    )
    announce(
        EventKind.ENROLLMENT,
        now=now,
        team_id=patient.team_id,
        patient_id=patient.pk,
        subject_id=enrollment.pk,
        payload={"status": str(status)},
    )
    return enrollment
