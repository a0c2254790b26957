"""When a board meets: recurrence in the team's local time, holidays, exceptions, cut-off. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dateutil.rrule import rrulestr

from careteam.web.holidays import holidays_of

AHEAD = timedelta(days=120)  # how far meetings are unfolded ahead of now
MAX_OCCURRENCES = 400  # a rule that gives more within one look-ahead is a typing error
EXCEPTION = "left out"


@dataclass(frozen=True)
class Occurrence:
    """`on` is the local date that the rule gave; `starts_at` the moment in UTC. `skipped_because` names the holiday or
    the exception for which there is no meeting; empty when there is one."""

    on: date
    starts_at: datetime
    skipped_because: str = ""


@dataclass(frozen=True)
class Times:
    """When one meeting begins, ends, and when its agenda should be complete. Moments in UTC."""

    starts_at: datetime
    ends_at: datetime
    cutoff_at: datetime


def public_holidays(country: str, years: Collection[int]) -> Mapping[date, str]:
    """Nation-wide public holidays of a country (ISO 3166) by name; empty for a country that is not known."""
    return {day: name for year in years for day, name in holidays_of(country, year).items()}


def local_moment(on: date, at: time, zone: str) -> datetime:
    """The wall time of the team on that day as a moment in UTC: 14:00 stays 14:00 when the clocks change."""
    return datetime.combine(on, at, tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def times_of(on: date, at: time, zone: str, *, duration_minutes: int, cutoff_hours: int) -> Times:
    """One meeting of the board. The cut-off is counted on the wall clock (48 hours before Monday 14:00 is Saturday
    14:00, whether or not the clocks change between), the length in real minutes."""
    starts_at = local_moment(on, at, zone)
    wall = datetime.combine(on, at) - timedelta(hours=cutoff_hours)
    cutoff_at = min(local_moment(wall.date(), wall.time(), zone), starts_at)
    return Times(starts_at, starts_at + timedelta(minutes=duration_minutes), cutoff_at)


def occurrences(
    *,
    rule: str,
    starts_on: date,
    local_time: time,
    zone: str,
    since: date,
    until: date,
    skipped: Mapping[date, str] | None = None,
) -> list[Occurrence]:
    """What the rule gives from `since` to `until` (local dates, both included), in order; `skipped` days among them,
    with why there is no meeting.

    The rule is unfolded in wall time, so that a change of the clocks moves no meeting.
    """
    first, last = max(since, starts_on), until
    if first > last:
        return []
    unfolded = rrulestr(rule, dtstart=datetime.combine(starts_on, time()))
    found = unfolded.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True)
    why = skipped or {}
    return [
        Occurrence(day, local_moment(day, local_time, zone), why.get(day, ""))
        for day in (moment.date() for moment in found[:MAX_OCCURRENCES])
    ]
