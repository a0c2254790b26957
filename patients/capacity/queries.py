"""Booked and free places by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from careteam.web.holidays import holidays_of
from patients.capacity.models import ImagingCapacity
from patients.capacity.rules import AHEAD, OFFERED, Load, days_of, loads_on
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


def free_days(study: ImagingStudy, *, now: datetime) -> list[Load]:
    """The next days with a free place for this kind of scan, from tomorrow on, the due date first where it lies ahead.
    Empty: none in sight, or nobody has set up places for it."""
    team = study.patient.team
    today = team.local_date(now)
    since = max(today + timedelta(days=1), (study.due_on or today) - timedelta(days=AHEAD // 4))
    found = loads(
        [team.pk],
        days_of(since, AHEAD),
        zone=ZoneInfo(team.time_zone),
        country=team.country,
        modality=study.modality,
    )
    return [load for on in sorted(found) for load in found[on] if load.free][:OFFERED]


def capacities_of(team: Team) -> list[ImagingCapacity]:
    """What is set up, by kind and place, the latest first."""
    return list(ImagingCapacity.objects.filter(team=team).order_by("modality", "place", "-valid_from"))
