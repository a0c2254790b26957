"""What treatment does when something happens to the patient."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import User
from patients.record.models import Patient
from patients.treatment import commands
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason


@consumes(EventKind.DECEASED)
def end_lines_at_death(event: Event, *, now: datetime) -> None:
    """Ends every open line with the day of death and cancels what was planned."""
    patient = Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()
    if patient is None or patient.deceased_on is None:
        return
    for line in TreatmentLine.objects.valid().open().filter(patient=patient):
        if line.started_on is None or line.started_on <= patient.deceased_on:
            commands.end_line(line, on=patient.deceased_on, reason=EndReason.DEATH, by=None, now=now)
    commands.silence(patient, by=None, now=now)


@consumes(EventKind.DEATH_WITHDRAWN)
def run_again(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: what it ended runs again."""
    patient = Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()
    if patient is not None and not patient.is_deceased:
        commands.undo_death(patient, by=User.objects.get(pk=event.payload["by"]), now=now)


@consumes(EventKind.ENROLLMENT)
def follow_enrollment(event: Event, *, now: datetime) -> None:
    """Steps of lines stand open for patients in care only."""
    patient = Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()
    if patient is not None:
        commands.refresh_steps(patient, by=None, now=now)
