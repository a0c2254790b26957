"""The year of a board on one sheet, as an accreditation asks for it (CoC 2.5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.boards.models import Board
from tumorboard.reports.queries.attendance import Presence, held_in, presence_of
from tumorboard.reports.queries.definitions import Scope
from tumorboard.reports.queries.figures import Benchmark, Figures, figures
from tumorboard.reports.queries.trends import Trend, trends_of
from tumorboard.reports.rules import FigureKey, SpanKey, trend_of
from tumorboard.reports.rules.periods import Period

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class MonthRow:
    month: date
    meetings: int
    cases: int
    prospective: float | None
    ready: float | None
    quorate: float | None


@dataclass(frozen=True)
class Standard:
    """A figure held against a number of the protocol. `is_met` None: nothing was counted."""

    name: str
    value: float | None
    unit: str
    count: int
    of: int | None
    against: Benchmark
    figure: FigureKey

    @property
    def is_met(self) -> bool | None:
        return None if self.value is None else self.value >= self.against.value


@dataclass(frozen=True)
class YearSheet:
    board: Board
    period: Period
    chairs: tuple[tuple[str, int], ...]
    presence: Presence
    figures: Figures
    standards: tuple[Standard, ...]
    months: tuple[MonthRow, ...]
    trends: tuple[Trend, ...]


DRAWN = (FigureKey.PROSPECTIVE, FigureKey.IMPLEMENTED)


def year_sheet(board: Board, period: Period, scope: Scope) -> YearSheet:
    """`board` with its team; `scope` is that of the board and the period."""
    found = figures(scope, protocol_of=board.team_id, new_patients=True)
    since, until = trend_of(period)
    trends = {trend.key: trend for trend in trends_of(scope.over(since, until))}
    held = list(held_in(scope).select_related("chair"))
    per_month = Counter(row.starts_at.astimezone(scope.zone).date().replace(day=1) for row in held)
    chairs = Counter(str(row.chair) for row in held if row.chair)
    return YearSheet(
        board=board,
        period=period,
        chairs=tuple(chairs.most_common()),
        presence=presence_of(scope),
        figures=found,
        standards=_standards(found),
        months=_months(trends, per_month),
        trends=tuple(trends[key] for key in DRAWN),
    )


def _standards(found: Figures) -> tuple[Standard, ...]:
    known = found.benchmarks
    rows = (
        (FigureKey.PROSPECTIVE, "prospective"),
        (FigureKey.NEW_DISCUSSED, "presented"),
        (FigureKey.IMPLEMENTED, "concordance"),
    )
    standards = []
    for key, code in rows:
        figure = found.figure(key)
        standards.append(Standard(key.label, figure.percent, "%", figure.count, figure.of, known[code], key))
    new = found.counts[FigureKey.NEW]
    return (
        *standards,
        Standard(FigureKey.NEW.label, float(new), "patients", new, None, known["new_patients"], FigureKey.NEW),
    )


def _months(trends: dict[FigureKey | SpanKey, Trend], meetings: Counter[date]) -> tuple[MonthRow, ...]:
    def percent(key: FigureKey, at: int) -> float | None:
        level = trends[key].points[at].level
        return None if level is None else 100 * level

    return tuple(
        MonthRow(
            month=point.month,
            meetings=meetings[point.month],
            cases=point.of,
            prospective=percent(FigureKey.PROSPECTIVE, at),
            ready=percent(FigureKey.READY, at),
            quorate=percent(FigureKey.QUORATE, at),
        )
        for at, point in enumerate(trends[FigureKey.PROSPECTIVE].points)
    )
