"""When a board meets: recurrence in the team's local time, holidays, exceptions. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dateutil.rrule import rrulestr
from django.db.models import TextChoices

from careteam.people.rules import Specialty
from careteam.web.holidays import holidays_of

AHEAD = timedelta(days=120)  # how far meetings are unfolded ahead of now
MAX_OCCURRENCES = 400  # a rule that gives more within one look-ahead is a typing error


class Rhythm(TextChoices):
    """The rhythms a form offers; anything else is written as an RRULE."""

    WEEKLY = "weekly", "Every week"
    BIWEEKLY = "biweekly", "Every second week"
    FIRST = "first", "First of the month"
    SECOND = "second", "Second of the month"
    THIRD = "third", "Third of the month"
    LAST = "last", "Last of the month"
    CUSTOM = "custom", "Other (RRULE)"


class Weekday(TextChoices):
    MO = "MO", "Monday"
    TU = "TU", "Tuesday"
    WE = "WE", "Wednesday"
    TH = "TH", "Thursday"
    FR = "FR", "Friday"
    SA = "SA", "Saturday"
    SU = "SU", "Sunday"


_PREFIX: dict[Rhythm, str] = {
    Rhythm.WEEKLY: "FREQ=WEEKLY;BYDAY=",
    Rhythm.BIWEEKLY: "FREQ=WEEKLY;INTERVAL=2;BYDAY=",
    Rhythm.FIRST: "FREQ=MONTHLY;BYDAY=+1",
    Rhythm.SECOND: "FREQ=MONTHLY;BYDAY=+2",
    Rhythm.THIRD: "FREQ=MONTHLY;BYDAY=+3",
    Rhythm.LAST: "FREQ=MONTHLY;BYDAY=-1",
}

# Who has to be there when nothing else is configured (`clinical.md` 6, tag D).
DEFAULT_QUORUM: tuple[Specialty, ...] = (
    Specialty.MEDICAL_ONCOLOGY,
    Specialty.HEPATOBILIARY_SURGERY,
    Specialty.RADIOLOGY,
    Specialty.NUCLEAR_MEDICINE,
    Specialty.PATHOLOGY,
    Specialty.NURSING,
)


@dataclass(frozen=True)
class Occurrence:
    """`on` is the local date that the rule gave; `starts_at` the moment in UTC."""

    on: date
    starts_at: datetime


def rule_of(rhythm: Rhythm, weekday: Weekday) -> str:
    """The RRULE of a rhythm the form offers. Raises `KeyError` for `CUSTOM`."""
    return f"{_PREFIX[rhythm]}{weekday}"


def rhythm_of(rule: str) -> tuple[Rhythm, Weekday | None]:
    """Which rhythm and weekday a rule is; `(CUSTOM, None)` when the form does not offer it."""
    for rhythm, prefix in _PREFIX.items():
        day = rule.removeprefix(prefix)
        if day != rule and day in Weekday.values:
            return rhythm, Weekday(day)
    return Rhythm.CUSTOM, None


def in_words(rule: str) -> str:
    """`Every week, Thursday`; the rule itself when the form does not offer it."""
    rhythm, weekday = rhythm_of(rule)
    return f"{rhythm.label}, {weekday.label}" if weekday else rule


def why_not_rule(rule: str) -> list[str]:
    """What is wrong with an RRULE; empty when it can be used."""
    if any(part in rule.upper() for part in ("DTSTART", "SECONDLY", "MINUTELY", "HOURLY", "\n")):
        return ["Give the repetition only, by days or longer, for example FREQ=WEEKLY;BYDAY=TH."]
    try:
        rrulestr(rule, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001  # local wall time, RFC 5545 floating
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return ["This is no RRULE. Write it like FREQ=WEEKLY;BYDAY=TH."]
    return []


def public_holidays(country: str, years: Collection[int]) -> frozenset[date]:
    """Nation-wide public holidays of a country (ISO 3166); empty for a country that is not known."""
    return frozenset(day for year in years for day in holidays_of(country, year))


def local_moment(on: date, at: time, zone: str) -> datetime:
    """The wall time of the team on that day as a moment in UTC: 14:00 stays 14:00 when the clocks change."""
    return datetime.combine(on, at, tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def occurrences(
    *,
    rule: str,
    starts_on: date,
    local_time: time,
    zone: str,
    since: date,
    until: date,
    skipped: Collection[date] = (),
) -> list[Occurrence]:
    """The meetings from `since` to `until` (local dates, both included), without the skipped days, in order.

    The rule is unfolded in wall time, so that a change of the clocks moves no meeting.
    """
    first, last = max(since, starts_on), until
    if first > last:
        return []
    unfolded = rrulestr(rule, dtstart=datetime.combine(starts_on, time()))
    found = unfolded.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True)
    days = [moment.date() for moment in found[:MAX_OCCURRENCES]]
    return [Occurrence(day, local_moment(day, local_time, zone)) for day in days if day not in set(skipped)]
