"""Curves of markers and weight: one unit per lane, limits, the latest value beside today. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from careteam.web.svg import LinearScale, LogScale, nice_ticks, path
from careteam.web.words import day, num
from patients.reports.rules.axis import Axis
from patients.reports.rules.labels import overlaps
from patients.reports.rules.marks import Curve, Point
from patients.reports.rules.shapes import Group, Shape, Size, circle, d, dots, squares, text_width, words
from patients.reports.rules.shapes import line as stroke

MOST_DOTS = 120  # a denser series is a line only


@dataclass(frozen=True)
class CurveLane:
    """What stands in the plot and what in the lane column."""

    plot: tuple[Group, ...]
    column: tuple[Shape, ...]


def shown_points(curve: Curve, axis: Axis) -> tuple[Point, ...]:
    return tuple(point for point in curve.points if axis.first <= point.on <= axis.now)


def curve_lane(curve: Curve, top: float, axis: Axis, size: Size) -> CurveLane:
    """The lane of a curve that has at least one point on the axis (else ValueError)."""
    points = shown_points(curve, axis)
    if not points:
        raise ValueError("A curve without a point on the axis has no lane.")
    k = size.k
    values = [point.value for point in points]
    limit = curve.limit if curve.limit is not None and curve.limit <= 20 * max(values) else None
    low, high = _domain([*values, *([limit] if limit is not None else [])], log=curve.log)
    up = (LogScale if curve.log else LinearScale)(low, high, top + size.curve - 10, top + 10)
    xy = [(axis.x(point.on), up(point.value)) for point in points]
    ticks = [tick for tick in _ticks(low, high, log=curve.log) if limit is None or abs(up(tick) - up(limit)) > 14]
    shapes: list[Shape] = [stroke("tl-g", d("M", 0, _crisp(up(tick)), "H", axis.width)) for tick in ticks]
    if limit is not None:
        shapes.append(stroke("uln", d("M", 0, up(limit), "H", axis.width)))
    breaks = _assay_changes(points)
    for index in breaks:
        x = (xy[index - 1][0] + xy[index][0]) / 2
        shapes.append(stroke("tl-fh", d("M", x, top + 4, "V", top + size.curve - 4), stroke_dasharray="2 2"))
        said = "assay changed"
        wide = text_width(said, size.sub_font)
        clear = all(y > top + 18 * k for px, y in xy if x - 6 <= px <= x + wide + 10)
        if index == breaks[-1] and size.letters and clear and x + wide + 4 < axis.x(axis.now):
            shapes.append(words("tl-sub halo", x + 4 * k, top + 14, said))
    last = xy[-1]
    drawn = [stroke("crv", _broken(xy, breaks))]
    if len(xy) <= MOST_DOTS:
        plain = [at for at, point in zip(xy[:-1], points, strict=False) if not point.on_ppi]
        unsure = [at for at, point in zip(xy[:-1], points, strict=False) if point.on_ppi]
        drawn += [stroke("pt", dots(plain, 2 * k))] if plain else []
        drawn += [stroke("pt", squares(unsure, 2.4 * k))] if unsure else []
    drawn.append(stroke("pt last", squares([last], 3 * k)) if points[-1].on_ppi else circle("pt last", *last, 3 * k))
    drawn.append(_latest(points[-1], last, top, axis, size))
    named = f"{curve.label}, {curve.unit}" if curve.unit else curve.label
    which = "latest" if points[-1] is curve.points[-1] else "last one shown"
    title = f"{named}: {which} {value_words(curve, points[-1])} on {day(points[-1].on)}"
    groups = (Group(tuple(shapes)), Group(tuple(drawn), title, curve.url))
    return CurveLane(groups, _column(curve, top, size, [(up(t), num(t)) for t in ticks], up, limit))


def value_words(curve: Curve, point: Point) -> str:
    """The value with what makes it hard to compare: `116 (on a PPI)`, `380 (other assay)` than that of the latest."""
    now = next((each.assay for each in reversed(curve.points) if each.assay), "")
    doubts = [
        *(["on a PPI"] if point.on_ppi else []),
        *(["other assay"] if point.assay and point.assay != now else []),
    ]
    return f"{num(point.value)} ({', '.join(doubts)})" if doubts else num(point.value)


def _crisp(y: float) -> float:
    return math.floor(y) + 0.5


def _domain(values: list[float], *, log: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if log:
        low = max(low, 0.01)
        return low / 1.3, max(high, low) * 1.3
    reach = (high - low) or max(abs(high) * 0.2, 1.0)
    return low - reach * 0.15, high + reach * 0.15


def _ticks(low: float, high: float, *, log: bool) -> list[float]:
    if not log:
        return nice_ticks(low, high, 2)
    powers = [10.0**n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    inside = [power for power in powers if low <= power <= high]
    return [inside[0], inside[-1]] if len(inside) > 2 else inside


def _assay_changes(points: tuple[Point, ...]) -> list[int]:
    """Where the line breaks: the first value of another assay."""
    return [
        index
        for index in range(1, len(points))
        if points[index].assay and points[index - 1].assay and points[index].assay != points[index - 1].assay
    ]


def _broken(xy: list[tuple[float, float]], breaks: list[int]) -> str:
    edges = [0, *breaks, len(xy)]
    return "".join(path(xy[a:b]) for a, b in pairwise(edges))


def _latest(point: Point, at: tuple[float, float], top: float, axis: Axis, size: Size) -> Shape:
    """In bold right of today; where the axis ends too soon, above the last point."""
    k = size.k
    said = num(point.value)
    x = max(axis.x(axis.now), at[0]) + 6 * k
    y = min(max(at[1] + 4 * k, top + size.lane_font), top + size.curve - 4)
    if x + text_width(said, size.lane_font, bold=True) <= axis.width:
        return words("cval halo", x, y, said)
    return words("cval halo", at[0] - 6 * k, max(at[1] - 6 * k, top + size.lane_font), said, anchor="end")


def _column(
    curve: Curve,
    top: float,
    size: Size,
    ticks: list[tuple[float, str]],
    up: LinearScale | LogScale,
    limit: float | None,
) -> tuple[Shape, ...]:
    """Name and unit, and the values of the grid at the right edge of the column, none over the name."""
    k = size.k
    unit = ", ".join(part for part in (curve.unit, "log" if curve.log and size.letters else "") if part)
    middle = top + size.curve / 2
    left = 12 * k
    shapes = [words("tl-lane", left, middle - 2 * k, curve.label)]
    taken = [(middle - 13 * k, middle + 2 * k, left + text_width(curve.label, size.lane_font))]
    if unit:
        shapes.append(words("tl-sub t10", left, middle + 12 * k, unit))
        taken.append((middle + 2 * k, middle + 15 * k, left + text_width(unit, size.letter_font)))
    scaled = [*ticks]
    if limit is not None:
        scaled.insert(0, (up(limit), "ULN"))
    right = size.column - 5 * k
    used: list[tuple[float, float]] = []
    for y, said in scaled:
        span = (y - 5 * k, y + 5 * k)
        begins = right - text_width(said, size.letter_font)
        over_name = any(overlaps(span, (a, b)) and begins < end + 3 for a, b, end in taken)
        if over_name or any(overlaps(span, other) for other in used):
            continue
        used.append(span)
        shapes.append(words("tl-sub t10", right, y + 3.5 * k, said, anchor="end"))
    return tuple(shapes)
