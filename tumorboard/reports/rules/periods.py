"""Over which days figures are counted, as a code in the address: `2026`, `2026-Q4`, `2026-11`, a range of two days, or
the last twelve months. Pure."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from careteam.web.words import MONTHS, day

DEFAULT = "12m"
RANGE = "range"
MOST_YEARS = 10  # a range that is longer is a mistake
MOST_MONTHS = 36  # of a trend: limits of another time say nothing about today
_CODE = re.compile(r"(?P<year>20\d\d)(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")


@dataclass(frozen=True)
class Period:
    """Both days included."""

    code: str
    since: date
    until: date
    label: str


def month_code(on: date) -> str:
    return f"{on.year}-{on.month:02}"


def _end(on: date) -> date:
    return on.replace(day=calendar.monthrange(on.year, on.month)[1])


def _months_before(on: date, months: int) -> date:
    """The first day of the month so many months before."""
    index = on.year * 12 + on.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def period_of(code: str, today: date, *, since: date | None = None, until: date | None = None) -> Period | None:
    """What a code means; None when it means nothing (a range without its days, the wrong way round, or too long)."""
    if code == DEFAULT:
        return Period(code, _months_before(today, 11), today, "last 12 months")
    if code == RANGE:
        if since is None or until is None or since > until or until.year - since.year > MOST_YEARS:
            return None
        return Period(code, since, until, f"{day(since)} to {day(until)}")
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    year = int(found["year"])
    if found["month"]:
        first = date(year, int(found["month"]), 1)
        return Period(code, first, _end(first), f"{MONTHS[first.month - 1]} {year}")
    if found["quarter"]:
        quarter = int(found["quarter"])
        first = date(year, 3 * quarter - 2, 1)
        return Period(code, first, _end(date(year, 3 * quarter, 1)), f"Q{quarter} {year}")
    return Period(code, date(year, 1, 1), date(year, 12, 31), str(year))


def period_choices(today: date) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a person chooses from: five years, eight quarters, thirteen months, the latest first."""
    months = [_months_before(today, back) for back in range(25)]
    quarters = list(dict.fromkeys(f"{month.year}-Q{(month.month + 2) // 3}" for month in months))[:8]
    codes = {
        "Years": [str(today.year - back) for back in range(5)],
        "Quarters": quarters,
        "Months": [month_code(month) for month in months[:13]],
    }
    named = [
        (name, [(code, period.label) for code in group if (period := period_of(code, today))])
        for name, group in codes.items()
    ]
    return [("", [(DEFAULT, "Last 12 months"), (RANGE, "From … to …")]), *named]


def trend_of(period: Period) -> tuple[date, date]:
    """The whole months that a trend shows: those of the period, at least twelve and at most `MOST_MONTHS`, up to its
    end."""
    first = min(period.since.replace(day=1), _months_before(period.until, 11))
    return max(first, _months_before(period.until, MOST_MONTHS - 1)), _end(period.until)


def months_of(since: date, until: date) -> list[date]:
    """The first day of each month from one day to the other."""
    months, month = [], since.replace(day=1)
    while month <= until:
        months.append(month)
        month = _end(month) + timedelta(days=1)
    return months
