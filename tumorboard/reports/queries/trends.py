"""The course of figures by month."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import DateField
from django.db.models.functions import TruncMonth

from tumorboard.reports.queries.definitions import (
    CASES,
    RECOMMENDATIONS,
    Scope,
    cases_in,
    counts_of,
    read_counts,
    recommendations_in,
    span_values,
)
from tumorboard.reports.queries.figures import spans
from tumorboard.reports.rules import TRENDS, Chart, FigureKey, Point, SpanKey, chart_of, months_of

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Trend:
    """One figure by month. `is_share`: a p-chart, else medians. `key` is a `FigureKey` or a `SpanKey`."""

    key: FigureKey | SpanKey
    points: tuple[Point, ...]
    chart: Chart

    @property
    def label(self) -> str:
        return str(self.key.label)

    @property
    def is_share(self) -> bool:
        return isinstance(self.key, FigureKey)

    @property
    def unit(self) -> str:
        return "%" if isinstance(self.key, FigureKey) else self.key.unit

    @property
    def note(self) -> str:
        """What is drawn."""
        if isinstance(self.key, FigureKey):
            whole = self.key.whole
            return f"share of {whole.label[0].lower()}{whole.label[1:]}" if whole else ""
        return "median of each month, minutes" if self.unit == "min" else "median of each month, days"


def trends_of(scope: Scope) -> tuple[Trend, ...]:
    """Every trend over the months of the scope (whole months). Three queries."""
    months = months_of(scope.since, scope.until)
    counted: dict[FigureKey, dict[date, int]] = defaultdict(dict)
    for rows, conditions, path in (
        (cases_in(scope), CASES, "meeting__starts_at"),
        (recommendations_in(scope), RECOMMENDATIONS, "decision__item__meeting__starts_at"),
    ):
        for month, counts in _by_month(rows, conditions, path, scope):
            for key, count in counts.items():
                counted[key][month] = count
    shares = tuple(_share(key, months, counted) for key in TRENDS)
    taken: dict[date, list[tuple[date, dict[SpanKey, float]]]] = defaultdict(list)
    for on, took in span_values(scope):
        taken[on.replace(day=1)].append((on, took))
    by_month = {month: {span.key: span for span in spans(taken.get(month, ()))} for month in months}
    measured = []
    for span in SpanKey:
        found = [(month, by_month[month][span]) for month in months]
        points = tuple(Point(month, each.cases, value=each.median) for month, each in found)
        measured.append(Trend(span, points, chart_of(points, unit=span.unit)))
    return (*shares, *measured)


def _by_month(
    rows: QuerySet[Any], conditions: dict[FigureKey, Q], path: str, scope: Scope
) -> list[tuple[date, dict[FigureKey, int]]]:
    month = TruncMonth(path, tzinfo=scope.zone, output_field=DateField())
    grouped = rows.order_by().annotate(month=month).values("month").annotate(**counts_of(conditions))
    return [(row["month"], read_counts(row, conditions)) for row in grouped]


def _share(key: FigureKey, months: list[date], counted: dict[FigureKey, dict[date, int]]) -> Trend:
    whole = key.whole or key
    points = tuple(Point(month, counted[whole].get(month, 0), count=counted[key].get(month, 0)) for month in months)
    return Trend(key, points, chart_of(points))
