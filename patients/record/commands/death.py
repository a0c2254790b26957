"""Death: recorded, completed later, taken back when it was recorded by mistake."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.record import policies
from patients.record.commands.care import change_enrollment
from patients.record.commands.own_steps import set_step
from patients.record.models import Enrollment, NextStep, Patient, StaleEdit
from patients.record.rules import EnrollmentStatus

if TYPE_CHECKING:
    from careteam.people.models import User

_CLOSED = "Patient died"
# What nobody can put back for them: it was given away, or somebody else was told.
_LOOK_AGAIN = "Death recorded by mistake: look at bookings, visits, letters and cases of the board again"


@transaction.atomic
def record_death(
    patient: Patient,
    *,
    on: date,
    cause: str,
    by: User | None,
    now: datetime,
    died_of: str = "",
    place: str = "",
    version: int | None = None,
) -> Patient:
    """Records the death, or what became known of it later: closes every next step, ends enrollment, silences every
    contact (consumers of `DECEASED`). `cause` in words, `died_of` and `place` coded (`DeathCause`, `DeathPlace`).
    Raises `StaleEdit` when somebody saved the patient since `version`."""
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    if version is not None and patient.version != version:
        raise StaleEdit(patient)
    insist(policies.why_not_record_death(patient, on, by, today=patient.team.local_date(now)))
    said = {"deceased_on": on, "cause_of_death": cause, "death_cause": died_of, "death_place": place}
    before = {name: getattr(patient, name) for name in said}
    if before == said:
        return patient
    for name, value in said.items():
        setattr(patient, name, value)
    patient.version += 1
    patient.save(update_fields=[*said, "version"])
    NextStep.objects.filter(patient=patient, closed_at__isnull=True).update(closed_at=now, closed_because=_CLOSED)
    record(
        "record.record_death",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"on": on.isoformat(), "died_of": died_of, "place": place},
    )
    if patient.enrollment_status != EnrollmentStatus.DECEASED:
        # A death learned of late lies before the present state began: that state ends the day it began.
        since = Enrollment.objects.filter(patient=patient, ended_on__isnull=True).values_list("started_on", flat=True)
        began = max(on, since.first() or on)
        change_enrollment(patient, EnrollmentStatus.DECEASED, on=began, by=by, now=now, reason="Died")
    if before["deceased_on"] != on:
        announce(EventKind.DECEASED, now=now, team_id=patient.team_id, patient_id=patient.pk, payload={})
    patient.refresh_from_db()
    return patient


@transaction.atomic
def withdraw_death(patient: Patient, *, reason: str, by: User, now: datetime) -> Patient:
    """The death was recorded by mistake: day, cause and place go (the history keeps them), care is what it was before,
    and what the death ended stands again (consumers of `DEATH_WITHDRAWN`). What cannot come back by itself is the next
    step of whoever took it back."""
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    insist(policies.why_not_withdraw_death(patient, by, reason=reason))
    was = patient.deceased_on
    patient.deceased_on = None
    patient.cause_of_death = patient.death_cause = patient.death_place = ""
    patient.version += 1
    patient.save(update_fields=["deceased_on", "cause_of_death", "death_cause", "death_place", "version"])
    record(
        "record.withdraw_death",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason.strip(),
        details={"on": was.isoformat() if was else ""},
    )
    # Heard before the enrollment: by then plans and lines run again, and nobody is asked to begin anew.
    announce(
        EventKind.DEATH_WITHDRAWN,
        now=now,
        team_id=patient.team_id,
        patient_id=patient.pk,
        payload={"by": by.pk, "reason": reason.strip()},
    )
    _enroll_as_before(patient, reason=reason.strip(), by=by, now=now)
    patient.refresh_from_db()
    _open_steps_again(patient)
    if patient.is_in_care:
        set_step(patient, what=_LOOK_AGAIN, owner=by, due_on=patient.team.local_date(now), by=by, now=now)
    return patient


def _open_steps_again(patient: Patient) -> None:
    """Every next step that the death closed. A slice whose work it ended for good closes its own again."""
    steps = NextStep.objects.filter(patient=patient)
    still_open = steps.filter(closed_at__isnull=True).values("source_key")
    closed = steps.filter(closed_because=_CLOSED).exclude(source_key__in=still_open)
    latest = closed.order_by("source_key", "-closed_at", "-pk").distinct("source_key").values_list("pk", flat=True)
    NextStep.objects.filter(pk__in=list(latest)).update(closed_at=None, closed_because="")


def _enroll_as_before(patient: Patient, *, reason: str, by: User, now: datetime) -> None:
    """The state before the death holds again from the day it had ended; without one, somebody reviews the record."""
    died = Enrollment.objects.filter(patient=patient, ended_on__isnull=True, status=EnrollmentStatus.DECEASED).first()
    if died is None:
        return
    earlier = Enrollment.objects.valid().filter(patient=patient, pk__lt=died.pk)
    before = earlier.exclude(status=EnrollmentStatus.DECEASED).order_by("-pk").first()
    change_enrollment(
        patient,
        EnrollmentStatus(before.status) if before else EnrollmentStatus.UNDER_REVIEW,
        on=died.started_on,
        by=by,
        now=now,
        reason=(before.reason if before else "") or "Death recorded by mistake",
        scope=before.scope if before else "",
        ask_again_on=before.ask_again_on if before else None,
    )
    died.refresh_from_db()
    died.error_at, died.error_by, died.error_reason = now, by, reason
    died.save_version("error_at", "error_by", "error_reason")
