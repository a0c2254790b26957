"""What contradicts is looked at again when the people around the patient change, or care begins."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from patients.record.commands.entries import CONTACT
from patients.wishes.commands import follow_patient


@consumes(EventKind.RECORD_CHANGED)
def look_at_people(event: Event, *, now: datetime) -> None:
    if event.patient_id is not None and event.payload.get("what") == CONTACT:
        follow_patient(event.patient_id, now=now)


@consumes(EventKind.IMPORTED)
def look_at_imported(event: Event, *, now: datetime) -> None:
    """The same for one lot of an import: only those whose contacts, wishes or documents it changed."""
    for patient_id in event.payload.get("wishes", ()):
        follow_patient(patient_id, now=now)


@consumes(EventKind.ENROLLMENT)
def look_at_beginning(event: Event, *, now: datetime) -> None:
    if event.patient_id is not None:
        follow_patient(event.patient_id, now=now)
