"""Arithmetic of drawings: scales, paths, short lines. Pure functions; templates turn the results into SVG.

Lengths are in the units of the drawing's viewBox. Coordinates are rounded to a tenth: enough at any zoom, and short.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class LinearScale:
    """Maps `low`…`high` to `start`…`end` (`end` may lie below `start`: SVG counts downwards)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of a value; everything falls on `start` when the domain is a single point."""
        if self.high == self.low:
            return tidy(self.start)
        return tidy(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start))


@dataclass(frozen=True)
class LogScale:
    """The same on a logarithmic axis. Values at or below zero are drawn at `low`. `low` must be positive."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        linear = LinearScale(math.log10(self.low), math.log10(self.high), self.start, self.end)
        return linear(math.log10(max(value, self.low)))


@dataclass(frozen=True)
class TimeScale:
    """Maps dates to coordinates, by whole days."""

    first: dt.date
    last: dt.date
    start: float
    end: float

    def __call__(self, on: dt.date) -> float:
        return LinearScale(self.first.toordinal(), self.last.toordinal(), self.start, self.end)(on.toordinal())

    def width(self, begin: dt.date, end: dt.date) -> float:
        """The length of a span, never negative."""
        return tidy(max(0.0, self(end) - self(begin)))


def tidy(value: float) -> float:
    """Rounded to a tenth, without a negative zero."""
    return round(value, 1) + 0.0


def path(points: Iterable[Point]) -> str:
    """An open line through the points as path data; empty for none."""
    return "".join(f"{'L' if index else 'M'}{text(x)} {text(y)}" for index, (x, y) in enumerate(points))


def text(value: float) -> str:
    """A coordinate in as few characters as possible: `12`, `0.5`."""
    return f"{tidy(value):g}"


@dataclass(frozen=True)
class Sparkline:
    """A line for a table cell: path data, the last point, the size of the viewBox and the words that say the same."""

    d: str
    last: Point | None
    width: int
    height: int
    label: str


def sparkline(values: Sequence[float], *, label: str, width: int = 88, height: int = 22, pad: float = 2) -> Sparkline:
    """Evenly spaced values, oldest first. One value is a dot, none an empty drawing; equal values a line in the middle.

    `label` tells the course in words ("58.4 kg, 61.2 six months ago").
    """
    if not values:
        return Sparkline(d="", last=None, width=width, height=height, label=label)
    low, high = min(values), max(values)
    across = LinearScale(0, max(1, len(values) - 1), pad, width - pad)
    if len(values) == 1:
        return Sparkline(d="", last=(tidy(width - pad), tidy(height / 2)), width=width, height=height, label=label)
    up = LinearScale(low, high, height - pad, pad) if low != high else LinearScale(0, 1, height / 2, height / 2)
    points = [(across(index), up(value)) for index, value in enumerate(values)]
    return Sparkline(d=path(points), last=points[-1], width=width, height=height, label=label)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most `most` round values (1, 2 or 5 times a power of ten) from inside the range, ascending."""
    if high <= low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1, 2, 5, 10):
        step = factor * power
        first = math.ceil(low / step - 1e-9)
        ticks = [tidy_tick(index * step) for index in range(first, math.floor(high / step + 1e-9) + 1)]
        if len(ticks) <= most:
            return ticks
    return [low, high]


def tidy_tick(value: float) -> float:
    """Floating point dust removed: 0.30000000000000004 becomes 0.3."""
    return float(f"{value:.10g}")
