"""What the worklist is computed with: teams, day, who is away, the team's limits and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Min, Q

from careteam.people.models import Absence, Deputy
from patients.imaging.models import SurveillancePlan
from patients.imaging.queries.patient import limits_of
from patients.imaging.rules import DEFAULT_LIMITS, WEIGHTS, LadderLimits
from patients.protocol.queries import TeamNumber, numbers

if TYPE_CHECKING:
    from careteam.people.models import Team

Absent = Mapping[int, tuple[Absence, str]]


def absent_people(team_ids: Iterable[int], today: date) -> Absent:
    """People who are away today, with the name of the deputy who stands in (empty: nobody does)."""
    deputies: dict[int, str] = {}
    rows = Deputy.objects.on(today).filter(team_id__in=list(team_ids), deputy__is_active=True).select_related("deputy")
    for row in rows.order_by("pk"):
        deputies.setdefault(row.user_id, str(row.deputy))
    absences = Absence.objects.on(today).filter(user__memberships__team_id__in=list(team_ids)).distinct()
    return {absence.user_id: (absence, deputies.get(absence.user_id, "")) for absence in absences}


def weights_of(known: Mapping[str, TeamNumber]) -> dict[str, int]:
    """How much a day over counts, by what is at stake."""
    return {code: known[f"stake.{code}"].days for code in WEIGHTS}


@dataclass(frozen=True)
class Scope:
    """The day of the team whose limits hold, and everything else that order and words of the list depend on."""

    team_ids: tuple[int, ...]
    today: date
    now: datetime
    zone: ZoneInfo
    absent: Absent = field(default_factory=dict)
    limits: LadderLimits = DEFAULT_LIMITS
    weights: Mapping[str, int] = field(default_factory=lambda: WEIGHTS)
    letter_after: int = 3
    shortest: int = 1  # days; no interval of any plan is below

    def is_alone(self, owner_id: int | None) -> bool:
        """Nobody owns it, or the owner is away without a deputy."""
        away = self.absent.get(owner_id or 0)
        return owner_id is None or (away is not None and not away[1])

    def unowned(self) -> Q:
        """`is_alone` in SQL."""
        alone = [person for person, (_, deputy) in self.absent.items() if not deputy]
        return Q(owner__isnull=True) | Q(owner_id__in=alone)


def scope_of(team: Team, *, team_ids: Iterable[int], now: datetime) -> Scope:
    """What the list of these teams is computed with, by the day and the numbers of `team` (four queries)."""
    today, known, teams = team.local_date(now), numbers(team.pk), tuple(sorted(team_ids))
    return Scope(
        team_ids=teams,
        today=today,
        now=now,
        zone=ZoneInfo(team.time_zone),
        absent=absent_people(teams, today),
        limits=limits_of(known),
        weights=weights_of(known),
        letter_after=known["contact.letter"].days,
        shortest=SurveillancePlan.objects.aggregate(least=Min("interval_days"))["least"] or 1,
    )
