"""Booked and free places by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from careteam.web.holidays import holidays_of
from patients.capacity.models import ImagingCapacity
from patients.capacity.rules import AHEAD, Held, Load, days_of, loads_on, offered
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import StudyStatus

if TYPE_CHECKING:
    from careteam.people.models import Team


def loads(
    team_ids: Iterable[int], days: Sequence[date], *, zone: ZoneInfo, country: str, modality: str = ""
) -> dict[date, list[Load]]:
    """Booked of what there is, on each of consecutive days. One query where no team has set up places, else two.

    A slot counts until it is given back: death and departure close a study, so whose slot it is needs no join. On
    nation-wide holidays there are no places.
    """
    teams = list(team_ids)
    rows = ImagingCapacity.objects.filter(team_id__in=teams, valid_from__lte=days[-1])
    if modality:
        rows = rows.filter(modality=modality)
    patterns = [row.pattern for row in rows.exclude(valid_until__lt=days[0])]
    if not patterns:
        return {}
    booked: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
    slots = (
        ImagingStudy.objects.valid()
        .filter(
            team_id__in=teams,
            status=StudyStatus.SCHEDULED,
            scheduled_for__gte=datetime.combine(days[0], time.min, zone),
            scheduled_for__lt=datetime.combine(days[-1] + timedelta(days=1), time.min, zone),
            modality__in={pattern.modality for pattern in patterns},
        )
        .annotate(day=TruncDate("scheduled_for", tzinfo=zone))
        .values_list("day", "modality", "place")
        .annotate(n=Count("pk"))
        .order_by()
    )
    for on, kind, place, number in slots:
        booked[on][kind, place] = number
    return {
        on: loads_on(on, patterns, booked.get(on, {}), is_holiday=on in holidays_of(country, on.year)) for on in days
    }


@dataclass(frozen=True)
class Free:
    """Free places of several studies' kinds. `by_team`: loads by day; `kinds`: (team, kind) that somebody set up."""

    by_team: Mapping[int, Mapping[date, list[Load]]]
    kinds: frozenset[tuple[int, str]]
    today: Mapping[int, date]

    def of(self, study: ImagingStudy, held: Iterable[Held] = ()) -> list[Load]:
        """The next days with a free place for this study, from tomorrow on, those near its due date where it lies
        ahead. Empty: none in sight, or nobody has set up places for it."""
        since = _since(study, self.today[study.team_id])
        return offered(self.by_team[study.team_id], study.get_modality_display(), since, held, study=study.pk)

    def is_set_up(self, study: ImagingStudy) -> bool:
        return (study.team_id, study.modality) in self.kinds


def _since(study: ImagingStudy, today: date) -> date:
    return max(today + timedelta(days=1), (study.due_on or today) - timedelta(days=AHEAD // 4))


def free_days_of(studies: Sequence[ImagingStudy], *, now: datetime) -> Free:
    """For studies with `patient__team`: three queries for each team, whatever their number."""
    by_team: dict[int, Mapping[date, list[Load]]] = {}
    kinds: set[tuple[int, str]] = set()
    todays: dict[int, date] = {}
    for team in {study.team_id: study.patient.team for study in studies}.values():
        today = todays[team.pk] = team.local_date(now)
        mine = [study for study in studies if study.team_id == team.pk]
        last = max(_since(study, today) for study in mine) + timedelta(days=AHEAD)
        days = days_of(today + timedelta(days=1), (last - today).days)
        wanted = {study.modality for study in mine}
        modality = wanted.pop() if len(wanted) == 1 else ""
        by_team[team.pk] = loads(
            [team.pk], days, zone=ZoneInfo(team.time_zone), country=team.country, modality=modality
        )
        rows = ImagingCapacity.objects.filter(team=team).values_list("modality", flat=True).distinct()
        kinds |= {(team.pk, kind) for kind in rows.order_by()}
    return Free(by_team, frozenset(kinds), todays)


def capacities_of(team: Team) -> list[ImagingCapacity]:
    """What is set up, by kind and place, the latest first."""
    return list(ImagingCapacity.objects.filter(team=team).order_by("modality", "place", "-valid_from"))
