"""What palliative care does when something happens elsewhere in the record."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import User
from patients.palliative import commands
from patients.palliative.models import HospiceTransition
from patients.palliative.rules import HospiceStatus
from patients.record.commands import close_step
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus


@consumes(EventKind.LINE_ENDED, EventKind.LINE_WITHDRAWN)
def follow_hospice_line(event: Event, *, now: datetime) -> None:
    """Hospice ended elsewhere (the treatment page, a death): the step into it is over too."""
    if event.patient_id is not None:
        commands.follow_lines(event.patient_id, by=None, now=now)


@consumes(EventKind.ENROLLMENT)
def follow_enrollment(event: Event, *, now: datetime) -> None:
    """Nothing is prepared for somebody who left our care for good; on hold keeps what was written."""
    left = {EnrollmentStatus.TRANSFERRED, EnrollmentStatus.DISCHARGED, EnrollmentStatus.DECLINED}
    if event.patient_id is not None and event.payload.get("status") in left:
        commands.drop_preparation(event.patient_id, reason="No longer in our care", by=None, now=now)


@consumes(EventKind.DECEASED)
def turn_to_the_family(event: Event, *, now: datetime) -> None:
    """What was prepared for the patient is over; the family is followed up."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is None or not patient.is_deceased:
        return
    commands.drop_preparation(patient.pk, reason="The patient died", by=None, now=now)
    commands.plan_bereavement(patient, by=None, now=now)


@consumes(EventKind.DEATH_WITHDRAWN)
def turn_back_to_the_patient(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: nothing is done for a bereaved family, hospice care goes on."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is None or patient.is_deceased:
        return
    by = User.objects.get(pk=event.payload["by"])
    for row in HospiceTransition.objects.valid().filter(patient=patient, status=HospiceStatus.CANCELLED):
        close_step(patient, source_key=commands.step_key(row), because="Cancelled", now=now)
    commands.void_bereavement(patient, reason=event.payload["reason"], by=by, now=now)
    commands.follow_revived_lines(patient.pk, by=by, now=now)
