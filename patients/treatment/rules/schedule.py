"""When doses lie, how long a line lasted. Pure."""

from __future__ import annotations

from datetime import date, timedelta

AHEAD = 3  # doses of an open-ended line that are laid out at a time


def dose_dates(start: date, interval_days: int | None, count: int | None, *, today: date) -> list[tuple[int, date]]:
    """(number, date) of the doses to lay out when a line starts on `start`.

    With a count: every dose. Without: the next `AHEAD` ones. Days before `today` are left out, what was given then is
    not known here; the numbers go on counting. Nothing without an interval (unless one single dose is planned).
    """
    if count == 1:
        dates = [(1, start)]
    elif not interval_days:
        return []
    else:
        skipped = max(0, -(-(today - start).days // interval_days))
        total = count if count is not None else skipped + AHEAD
        dates = [(n + 1, start + timedelta(days=n * interval_days)) for n in range(total)]
    return [(number, on) for number, on in dates if on >= today]


def duration_words(start: date | None, end: date) -> str:
    """Time on treatment, both days included: `1 day`, `6 wk`, `10 mo`, `2.5 y` from 36 months on. Without start: ""."""
    if start is None or end < start:
        return ""
    days = (end - start).days + 1
    if days == 1:
        return "1 day"
    if days < 14:
        return f"{days} days"
    if days < 61:
        return f"{days // 7} wk"
    months = round(days / 30.44)
    return f"{months} mo" if months < 36 else f"{round(months / 12 * 2) / 2:g} y"
