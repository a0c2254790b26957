"""The time axis: which period is drawn, where its ticks and labels go. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from careteam.web.svg import tidy
from careteam.web.words import MONTHS
from patients.reports.rules.marks import Course, LineMark
from patients.reports.rules.shapes import Size, text_width

YEARS = timedelta(days=3 * 365)
HALF_YEAR = timedelta(days=183)
AROUND = timedelta(days=60)  # at least this much before and after a line that is looked at on its own
LATE_CURVE = timedelta(days=5 * 365)  # a course of values only is drawn from here at the earliest


class Window(StrEnum):
    """How much of the course is drawn; the value stands in the URL."""

    ALL = "all"
    YEAR = "12m"
    LINE = "line"


class Ticks(StrEnum):
    YEARS = "years"
    QUARTERS = "quarters"
    WEEKS = "weeks"


# How much future is drawn, as a share of the past: more where the past is short.
_AHEAD = {Ticks.YEARS: 0.06, Ticks.QUARTERS: 0.10, Ticks.WEEKS: 0.15}
_LEAST_AHEAD = timedelta(days=5)
ROOM_AHEAD = 54  # for the latest value of a curve, right of today


@dataclass(frozen=True)
class Tick:
    """A line of the axis: `strong` and `words` label the period that begins here; minor ticks have neither."""

    x: float
    major: bool
    strong: str = ""
    words: str = ""


@dataclass(frozen=True)
class Axis:
    """`now` is today, or the day of death; what lies after is not drawn as past. Coordinates rise from 0 to `width`.

    `cut`: the axis ends before that, and `now` is its last day. `whole`: it begins with the course.
    """

    first: date
    now: date
    last: date
    died: bool
    kind: Ticks
    width: float
    cut: bool = False
    whole: bool = True

    def x(self, on: date) -> float:
        return tidy((on - self.first).days / (self.last - self.first).days * self.width)

    def shows(self, on: date) -> bool:
        return self.first <= on <= self.last

    def beyond(self, on: date) -> bool:
        """After an end that lies in the future: a sign at the edge tells of it. What follows a cut axis or a death is
        left out."""
        return on > self.last and not (self.cut or self.died)

    def reaches(self, on: date) -> bool:
        return self.shows(on) or self.beyond(on)

    def overlaps(self, start: date, end: date | None) -> bool:
        """Something of this stretch lies on the axis; one without an end lasts until now."""
        return start <= self.last and (end or self.now) >= self.first


def axis_of(course: Course, today: date, window: Window, size: Size, around: LineMark | None = None) -> Axis:
    """The axis of a course: from the period of the diagnosis (or of a mark before it) to 6 to 15 % after today; for
    somebody who died, after the death. With `around`: that line with a quarter of its length on both sides."""
    now = min(today, course.died_on) if course.died_on else today
    died = course.died_on is not None and course.died_on <= today
    if around is not None:
        return _axis_around(around, now, size, died=died)
    start = _start(course, now) if window == Window.ALL else _year_before(now)
    kind = _kind(now - start)
    if window == Window.YEAR:
        first = start
    elif kind == Ticks.YEARS:
        first = date(start.year, 1, 1)
    elif kind == Ticks.QUARTERS:
        first = _quarter(start)
    else:
        first = _monday(start)
    return Axis(first, now, _last(first, now, kind, size), died, kind, size.plot, whole=window == Window.ALL)


def _axis_around(line: LineMark, now: date, size: Size, *, died: bool) -> Axis:
    start = min(line.start, now)
    end = now if line.ongoing or line.planned else max(line.start, line.end or line.start, *line.doses)
    margin = max(AROUND, (end - start) / 4)
    kind = _kind(min(end + margin, now) - start + margin)
    first = start - margin
    first = (
        _quarter(first) if kind == Ticks.YEARS else first.replace(day=1) if kind == Ticks.QUARTERS else _monday(first)
    )
    if end + margin < now:
        return Axis(first, end + margin, end + margin, False, kind, size.plot, cut=True, whole=False)
    last = _last(first, now, kind, size)
    return Axis(
        first, now, max(last, line.start + AROUND) if line.planned else last, died, kind, size.plot, whole=False
    )


def _quarter(on: date) -> date:
    return date(on.year, (on.month - 1) // 3 * 3 + 1, 1)


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def _last(first: date, now: date, kind: Ticks, size: Size) -> date:
    room = ROOM_AHEAD * size.k / (size.plot - ROOM_AHEAD * size.k)
    return now + max(_LEAST_AHEAD, (now - first) * max(_AHEAD[kind], room))


def _start(course: Course, now: date) -> date:
    marks = [
        *(line.start for line in course.lines),
        *(scan.on for scan in course.scans),
        *(goal.on for goal in course.goals),
        *(decision.on for decision in course.board),
        *(stay.start for stay in course.stays),
        *(mark.on for mark in course.care),
        *([course.diagnosed_on] if course.diagnosed_on else []),
    ]
    past = [on for on in marks if on <= now]
    if past:
        return min(past)
    values = [point.on for curve in course.curves for point in curve.points if now - LATE_CURVE <= point.on <= now]
    return min(values, default=now)


def _year_before(now: date) -> date:
    """The first day of the month a year ago."""
    return date(now.year - 1, now.month, 1)


def _kind(span: timedelta) -> Ticks:
    if span > YEARS:
        return Ticks.YEARS
    return Ticks.QUARTERS if span >= HALF_YEAR else Ticks.WEEKS


def ticks_of(axis: Axis, size: Size) -> tuple[Tick, ...]:
    """Major ticks with labels where they fit, minor ticks where they are at least 4 units apart."""
    if axis.kind == Ticks.YEARS:
        ticks = [
            Tick(
                axis.x(on), on.month == 1, str(on.year) if on.month == 1 or (on == axis.first and on.month < 8) else ""
            )
            for on in _months(axis.first, axis.last, step=3)
        ]
    elif axis.kind == Ticks.QUARTERS:
        ticks = []
        for on in _months(axis.first, axis.last, step=1):
            quarter = (on.month - 1) // 3 + 1
            strong = str(on.year) if on.month == 1 or on == axis.first else ""
            major = on.month % 3 == 1 or on == axis.first
            said = f"Q{quarter}" if on.month % 3 == 1 else MONTHS[on.month - 1]
            ticks.append(Tick(axis.x(on), major, strong if major else "", said if major else ""))
    else:
        ticks = []
        for offset in range((axis.last - axis.first).days + 1):
            on = axis.first + timedelta(days=offset)
            strong = f"{on.day} {MONTHS[on.month - 1]}" if offset % 7 == 0 else ""
            year = str(on.year) if offset == 0 or (on - timedelta(days=7)).year != on.year else ""
            said = f"week {offset // 7 + 1}" if axis.whole else year
            ticks.append(Tick(axis.x(on), offset % 7 == 0, strong, said if strong else ""))
    return tuple(_thinned(ticks, size, axis.width))


def _months(first: date, last: date, *, step: int) -> list[date]:
    found, on = [], date(first.year, first.month, 1)
    while on <= last:
        if on >= first:
            found.append(on)
        month = on.month - 1 + step
        on = date(on.year + month // 12, month % 12 + 1, 1)
    return found


def _label_width(tick: Tick, size: Size) -> float:
    bold = text_width(f"{tick.strong} " if tick.strong and tick.words else tick.strong, size.lane_font, bold=True)
    return bold + text_width(tick.words, size.lane_font) + 7 * size.k


def _thinned(ticks: list[Tick], size: Size, width: float) -> list[Tick]:
    """Every n-th label, so that none runs into the next; minor ticks only where there is room for them."""
    labelled = [tick for tick in ticks if tick.strong or tick.words]
    step = next(
        (n for n in (1, 2, 5, 10, 20) if all(a.x + _label_width(a, size) <= b.x for a, b in pairwise(labelled[::n]))),
        20,
    )
    keep = {id(tick) for tick in labelled[::step] if tick.x + _label_width(tick, size) <= width}
    close = len(ticks) > 1 and min(b.x - a.x for a, b in pairwise(ticks)) < 4 * size.k
    thinned = []
    for tick in ticks:
        if not tick.major and close:
            continue
        thinned.append(tick if id(tick) in keep else Tick(tick.x, tick.major))
    return thinned
