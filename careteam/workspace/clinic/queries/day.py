"""The day that is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from careteam.workspace.clinic.rules import Clinic
from careteam.workspace.coming.queries import Scope
from careteam.workspace.coming.rules import Window

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class ClinicDay:
    """Whose day: the person who looks, their teams, the day where the team is. Narrowed to one clinic, and to the doses
    of one treatment site (its id as text)."""

    user: User
    team_ids: frozenset[int]
    zone: ZoneInfo
    on: date
    today: date
    clinic: str = ""
    site: str = ""

    def wants(self, *clinics: Clinic) -> bool:
        return not self.clinic or self.clinic in clinics

    def scope(self, window: Window, patient_ids: frozenset[int] | None = None) -> Scope:
        """The same day for the sources of the coming weeks."""
        return Scope(self.user, self.team_ids, self.zone, self.today, window, patient_ids=patient_ids)
