"""Control limits: what a process does by chance alone. Pure.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, ch. 6 and 7; NIST/SEMATECH e-Handbook of
Statistical Methods, 6.3.2.2 (individuals) and 6.3.3.2 (proportions).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_POINTS = 8  # with fewer, limits would say more about chance than about the board
RUN = 8  # so many in a row on one side of the center are no chance (Western Electric, rule 4)
_D2 = 1.128  # mean range of two observations of a normal distribution, in standard deviations


@dataclass(frozen=True)
class Limits:
    """Center line, and for each point its lower and upper limit, in the unit of the values."""

    center: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def outside(self, values: Sequence[float]) -> tuple[int, ...]:
        """For each value 1 above its upper limit, -1 below its lower one, else 0."""
        return tuple(
            (value > high) - (value < low) for value, low, high in zip(values, self.lower, self.upper, strict=True)
        )


def p_limits(counts: Sequence[tuple[int, int]]) -> Limits | None:
    """Of a share, by (count, of how many) for each point; `of` is at least 1. Values from 0 to 1.

    p̄ ± 3·√(p̄(1−p̄)/n), each point with its own n, cut at 0 and 1. None below `MIN_POINTS` points.
    """
    if len(counts) < MIN_POINTS:
        return None
    center = sum(count for count, _ in counts) / sum(of for _, of in counts)
    widths = [3 * math.sqrt(center * (1 - center) / of) for _, of in counts]
    return Limits(
        center,
        tuple(max(0.0, center - width) for width in widths),
        tuple(min(1.0, center + width) for width in widths),
    )


def xmr_limits(values: Sequence[float], *, floor: float | None = 0.0) -> Limits | None:
    """Of single values, by the mean moving range: x̄ ± 3·MR̄/1.128. Lower limits are cut at `floor` (None: not).
    None below `MIN_POINTS` values."""
    if len(values) < MIN_POINTS:
        return None
    center = sum(values) / len(values)
    ranges = [abs(after - before) for before, after in itertools.pairwise(values)]
    width = 3 * (sum(ranges) / len(ranges)) / _D2
    low = center - width if floor is None else max(floor, center - width)
    return Limits(center, (low,) * len(values), (center + width,) * len(values))


def same_side(values: Sequence[float], center: float) -> tuple[bool, ...]:
    """Which values belong to `RUN` or more in a row on one side of the center; one on the center ends a run."""
    sides = [(value > center) - (value < center) for value in values]
    found = [False] * len(values)
    start = 0
    for index in range(1, len(sides) + 1):
        if index == len(sides) or sides[index] != sides[start]:
            if sides[start] and index - start >= RUN:
                found[start:index] = [True] * (index - start)
            start = index
    return tuple(found)
