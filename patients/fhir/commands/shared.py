"""What all steps of one import share."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from careteam.people.models import Team
from patients.fhir.commands.outcome import Outcome
from patients.fhir.commands.persons import People
from patients.fhir.commands.records import Known, Records
from patients.fhir.models import ImportRun, SourceRecord
from patients.fhir.rules.collecting import Collection, Indexed

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass
class Group:
    """The entries about one patient. ``patient_id`` is None until it is created, or when there is none; then
    ``because`` says why, and ``waiting_for`` names the patient they wait for."""

    patient_id: int | None = None
    persons: list[Indexed] = field(default_factory=list)
    entries: list[Indexed] = field(default_factory=list)
    waiting: list[SourceRecord] = field(default_factory=list)
    waiting_for: str = ""
    because: str = ""

    @property
    def all(self) -> list[Indexed]:
        """Persons first."""
        return [*self.persons, *self.entries]


class Shared:
    """One import at work: its files, its team, what is known already, what came of it so far."""

    def __init__(
        self,
        collection: Collection,
        *,
        team: Team,
        by: User | None,
        now: datetime,
        namespace: str,
        run: ImportRun | None,
    ) -> None:
        self.collection, self.team, self.by, self.now = collection, team, by, now
        self.namespace, self.run = namespace, run
        self.today = team.local_date(now)
        self.zone = zoneinfo.ZoneInfo(team.time_zone)
        self.outcome = Outcome(files=list(collection.files), read=len(collection.entries))
        self.people = People(team, by=by, now=now)
        self.records = Records(team, namespace, collection)
        self.known: dict[int, Known | None] = {e.number: self.records.known(e) for e in collection.used}
        self.owners: dict[tuple[str, str], int] = {}
