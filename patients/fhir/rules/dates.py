"""FHIR dates with the precision they came with; what cannot be a date is named, not guessed."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from django.db.models import TextChoices

_PATTERN = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.IGNORECASE,
)
# Not FHIR, and still one day only: 19580314, 1958/03/14. “01.02.1958” is two days in two countries, and refused.
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")
_SLASHED = re.compile(r"(?P<y>\d{4})[/.](?P<m>\d{1,2})[/.](?P<d>\d{1,2})")
_OLDEST = 1850
_AHEAD = timedelta(days=20 * 366)


class Precision(TextChoices):
    """How much of the date was given."""

    YEAR = "year", "Year"
    MONTH = "month", "Month"
    DAY = "day", "Day"
    TIME = "time", "Time"


class DateError(ValueError):
    """Not a date that can be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date as precise as its source. ``day`` is the first day it can mean, as written there (not shifted to
    another zone); ``at`` is the moment when a time *with* a zone was given."""

    day: date
    precision: Precision
    at: datetime | None = None

    def __str__(self) -> str:
        return {
            Precision.YEAR: f"{self.day:%Y}",
            Precision.MONTH: f"{self.day:%Y-%m}",
        }.get(self.precision, self.day.isoformat())

    @property
    def last_day(self) -> date:
        """The last day it can mean."""
        if self.precision == Precision.YEAR:
            return self.day.replace(month=12, day=31)
        if self.precision == Precision.MONTH:
            return self.day.replace(day=calendar.monthrange(self.day.year, self.day.month)[1])
        return self.day

    def moment(self, zone: tzinfo) -> datetime:
        """An aware moment: the given one, else the start of the day in ``zone``."""
        return self.at or datetime(self.day.year, self.day.month, self.day.day, tzinfo=zone)


def parse(value: Any, *, today: date, future: bool = True) -> PartialDate | None:
    """A FHIR date, dateTime or instant. None when nothing is there. Raises DateError.

    ``future=False`` refuses days after ``today`` (a day of grace for time zones).
    """
    written = value.strip() if isinstance(value, str) else value
    if written in (None, "", [], {}):
        return None
    if not isinstance(written, str):
        if type(written) is int and (_OLDEST <= written <= today.year or 10**7 <= written < 10**8):
            written = str(written)  # a year or a day written as a number
        else:
            raise DateError("is not a text; write it as YYYY-MM-DD")
    match = _PATTERN.fullmatch(dashed(written))
    if match is None:
        raise DateError(f"“{written[:40]}” is not a date; write it as YYYY, YYYY-MM or YYYY-MM-DD")
    found = _from(match)
    if found.day.year < _OLDEST:
        raise DateError(f"{written[:40]} lies before {_OLDEST}; correct the year")
    if found.day > today + _AHEAD or (not future and found.day > today + timedelta(days=1)):
        raise DateError(f"{written[:40]} lies in the future; correct the year")
    return found


def dashed(written: str) -> str:
    """The other spellings of a day as FHIR spells it; everything else unchanged."""
    other = _COMPACT.fullmatch(written) or _SLASHED.fullmatch(written)
    return f"{other['y']}-{other['m']:0>2}-{other['d']:0>2}" if other else written


def _from(match: re.Match[str]) -> PartialDate:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    written = match.group()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as problem:
        raise DateError(f"{written[:40]} does not exist in the calendar; correct it") from problem
    if hour is None:
        return PartialDate(first, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR)
    if zone is None:
        return PartialDate(first, Precision.DAY)  # a clock time without a zone is no moment
    try:
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        # 24:00 is the next midnight in some systems, 23:59:60 a leap second: both stay on the written day
        clock = (min(int(hour), 23), int(minute), min(int(second or 0), 59))
        at = datetime(first.year, first.month, first.day, *clock, micro, tzinfo=_zone(zone))
        return PartialDate(first, Precision.TIME, at.astimezone(UTC))
    except (ValueError, OverflowError) as problem:
        raise DateError(f"{written[:40]} has an impossible time; correct it") from problem


def _zone(written: str) -> tzinfo:
    if written in "Zz":
        return UTC
    sign = -1 if written[0] == "-" else 1
    hours, minutes = int(written[1:3]), int(written[-2:])
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def period(value: Any, *, today: date) -> tuple[PartialDate | None, PartialDate | None]:
    """Start and end of a Period. Raises DateError, also when the end lies before the start."""
    if not isinstance(value, dict):
        return None, None
    start, end = parse(value.get("start"), today=today), parse(value.get("end"), today=today)
    if start and end and end.last_day < start.day:
        raise DateError(f"ends ({end}) before it starts ({start}); correct one of them")
    return start, end
