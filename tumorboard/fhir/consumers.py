"""What was imported and asks a board is offered to it; what the board said leaves with the patient's export."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from patients.fhir.commands import adds_to_export
from tumorboard.fhir.commands import take_requests
from tumorboard.fhir.queries import board_resources

if TYPE_CHECKING:
    from patients.fhir.rules.report import JsonObject
    from patients.record.models import Patient


@consumes(EventKind.BOARD_ASKED)
def offer_requests(event: Event, *, now: datetime) -> None:
    """A referral that arrived with an import."""
    take_requests([int(pk) for pk in event.payload.get("records", [])], now=now)


@adds_to_export
def add_board(patient: Patient, now: datetime) -> list[JsonObject]:
    """Referrals and signed decisions."""
    return board_resources(patient, patient.team.local_date(now))
