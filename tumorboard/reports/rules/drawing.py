"""A run or control chart by month as coordinates: the same on the page and on paper. Pure.

Lengths are units of the viewBox. Months without a value leave a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from careteam.web.svg import LinearScale, nice_ticks, path, tidy
from careteam.web.words import MONTHS, num, pct
from tumorboard.reports.rules.control import MIN_POINTS, Limits, p_limits, same_side, xmr_limits
from tumorboard.reports.rules.periods import month_code

Said = Callable[[float], str]
WIDTH, HEIGHT = 480, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 472, 12, 176
_ABOVE, _BELOW, _RUN = "above its limit", "below its limit", "one of eight or more in a row on one side"


@dataclass(frozen=True)
class Point:
    """One month: a share (`value` None, `count` of `of`) or a measured value of `of` cases."""

    month: date
    of: int
    count: int | None = None
    value: float | None = None

    @property
    def level(self) -> float | None:
        """The share from 0 to 1, or the value; None of nothing."""
        if self.count is None:
            return self.value if self.of else None
        return self.count / self.of if self.of else None


@dataclass(frozen=True)
class Dot:
    """One month on the chart and in its table. `x` and `y` are None where nothing was counted. `out`: beyond its
    limits; `signal` says it in words, also of a long run."""

    month: str
    code: str
    words: str
    of: int
    x: float | None = None
    y: float | None = None
    limits: str = ""
    signal: str = ""
    is_out: bool = False

    @property
    def title(self) -> str:
        """`Mar 2026: 67 % of 12, below its limit`."""
        said = f"{self.month}: {self.words or 'nothing counted'}" + (f" of {self.of}" if self.words else "")
        return f"{said}, {self.signal}" if self.signal else said


@dataclass(frozen=True)
class Chart:
    """What a template draws. `center_y` None: too few months for limits, `verdict` says so."""

    course: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    months: tuple[tuple[float, str], ...]
    verdict: str
    center: str = ""
    center_y: float | None = None
    lower: str = ""
    upper: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    bottom: int = _BOTTOM

    @property
    def is_empty(self) -> bool:
        return not self.course and all(dot.x is None for dot in self.dots)


def chart_of(points: Sequence[Point], *, unit: str = "%") -> Chart:
    """Of one point for each month, in order. `unit` "%": shares, a p-chart; else single values, an individuals chart of
    the months' medians."""
    is_share = unit == "%"
    there = [(index, point, level) for index, point in enumerate(points) if (level := point.level) is not None]
    levels = [level for _, _, level in there]
    if is_share:
        limits = p_limits([(point.count or 0, point.of) for _, point, _ in there])
    else:
        limits = xmr_limits(levels, floor=0.0 if min(levels, default=0.0) >= 0 else None)
    high = 1.0 if is_share else max([1.0, *levels, *(limits.upper if limits else ())])
    low = min([0.0, *levels, *(limits.lower if limits else ())])
    across = LinearScale(0, max(1, len(points) - 1), _LEFT + 14, _RIGHT - 14)
    up = LinearScale(low, high, _BOTTOM, _TOP)

    def said(level: float) -> str:
        return pct(100 * level) if is_share else f"{num(round(level, 1))} {unit}"

    signals = _signals(levels, limits)
    placed = {
        index: (across(index), up(level), _limits_words(limits, at, said), signals[at])
        for at, (index, _, level) in enumerate(there)
    }
    dots = []
    for index, point in enumerate(points):
        month, code = f"{MONTHS[point.month.month - 1]} {point.month.year}", month_code(point.month)
        level = point.level
        if level is None:
            dots.append(Dot(month, code, "", point.of))
            continue
        x, y, within, signal = placed[index]
        dots.append(Dot(month, code, said(level), point.of, x, y, within, signal, signal in {_ABOVE, _BELOW}))
    half, xs = (across(1) - across(0)) / 2, [across(index) for index, _, _ in there]
    return Chart(
        course=_course([(dot.x, dot.y) for dot in dots]),
        dots=tuple(dots),
        ticks=tuple((up(tick), said(tick)) for tick in nice_ticks(low, high, most=6)),
        months=_month_labels(points, across),
        verdict=_verdict(levels, limits, dots, said),
        center=said(limits.center) if limits else "",
        center_y=up(limits.center) if limits else None,
        lower=_steps(xs, [up(value) for value in limits.lower], half) if limits else "",
        upper=_steps(xs, [up(value) for value in limits.upper], half) if limits else "",
    )


def _signals(levels: Sequence[float], limits: Limits | None) -> list[str]:
    if limits is None:
        return [""] * len(levels)
    runs = same_side(levels, limits.center)
    return [
        _ABOVE if out > 0 else _BELOW if out < 0 else _RUN if run else ""
        for out, run in zip(limits.outside(levels), runs, strict=True)
    ]


def _limits_words(limits: Limits | None, at: int, said: Said) -> str:
    if limits is None:
        return ""
    return f"{said(limits.lower[at])} – {said(limits.upper[at])}"


def _course(places: Sequence[tuple[float | None, float | None]]) -> str:
    """The line through the months, broken where one has no value."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in places:
        if x is None or y is None:
            parts.append([])
        else:
            parts[-1].append((x, y))
    return "".join(path(part) for part in parts if len(part) > 1)


def _steps(xs: Sequence[float], ys: Sequence[float], half: float) -> str:
    """A limit as steps: it changes with the number of cases of each month."""
    points: list[tuple[float, float]] = []
    for x, y in zip(xs, ys, strict=True):
        points += [(tidy(x - half), y), (tidy(x + half), y)]
    return path(points)


def _month_labels(points: Sequence[Point], across: LinearScale) -> tuple[tuple[float, str], ...]:
    """At most seven; the year stands with the first of them and with each January."""
    every = max(1, -(-len(points) // 7))
    labels, year = [], 0
    for index in range(0, len(points), every):
        month = points[index].month
        name = MONTHS[month.month - 1]
        labels.append((across(index), f"{name} {month.year % 100:02}" if month.year != year else name))
        year = month.year
    return tuple(labels)


def _verdict(levels: Sequence[float], limits: Limits | None, dots: Sequence[Dot], said: Said) -> str:
    if not levels:
        return "Nothing was counted in these months."
    if limits is None:
        months = "month has" if len(levels) == 1 else "months have"
        return f"No control limits: they need {MIN_POINTS} months with cases, {len(levels)} {months} any."
    out = [f"{dot.month} {dot.signal}" for dot in dots if dot.is_out]
    runs = any(dot.signal == _RUN for dot in dots)
    parts = [f"Center {said(limits.center)}."]
    parts.append(f"Not chance: {', '.join(out)}." if out else "No month beyond its limits.")
    if runs:
        parts.append("Eight or more months in a row lie on one side of the center: the level has shifted.")
    return " ".join(parts)
