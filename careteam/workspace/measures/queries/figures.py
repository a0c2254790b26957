"""Counts over a period, by month, by groups of patients."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count as CountRows
from django.db.models import DateField, F
from django.db.models.functions import TruncMonth

from careteam.web.keeping import Keep, anew
from careteam.workspace.measures.queries.definitions import Base, Scope, bases, took_rows
from careteam.workspace.measures.rules import (
    APART,
    CAUSES,
    GROUPS,
    SHARES,
    TRENDS,
    By,
    Count,
    Definition,
    Limits,
    Measure,
    Took,
    definitions,
    group_code,
    group_label,
    widest,
)
from patients.protocol.queries import numbers
from patients.protocol.rules import NUMBERS
from tumorboard.reports.rules import Chart, Point, chart_of, months_of, quantile

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import Q, QuerySet


def limits_of(team_id: int | None) -> Limits:
    """The team's numbers (one query); those of the catalog for nobody's team."""
    team = numbers(team_id) if team_id else None

    def number(code: str) -> int:
        return int(team[code].value if team else NUMBERS[code].value)

    return Limits(
        stage4=number("goals.stage4"),
        progression=number("goals.answer"),
        line=number("goals.line"),
        review=number("goals.review"),
        board=number("measure.board_age"),
        therapy=number("measure.therapy"),
        ssa_counts=number("measure.ssa") == 1,
        icu=number("measure.icu"),
        emergency=number("measure.emergency"),
        visits=number("measure.emergency_visits"),
        hospice_short=number("measure.hospice_short"),
        hospice_long=number("measure.hospice_long"),
        age=number("measure.age"),
        small=number("measure.small"),
    )


@dataclass(frozen=True)
class Row:
    """A share of the page: its number and how it is counted."""

    count: Count
    definition: Definition


@dataclass(frozen=True)
class Span:
    """How old or how long something was: median and ninth decile, in days, of so many cases."""

    took: Took
    cases: int
    median: float | None
    ninth: float | None


@dataclass(frozen=True)
class Figures:
    counts: Mapping[Measure, int]
    spans: tuple[Span, ...]
    limits: Limits

    def count(self, measure: Measure) -> Count:
        of = self.counts[measure.whole] if measure.whole else self.counts[measure]
        return Count(measure, self.counts[measure], of, self.limits.small)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        said = definitions(self.limits)
        return tuple(
            (name, tuple(Row(self.count(measure), said[measure]) for measure in measures)) for name, measures in GROUPS
        )

    @property
    def apart(self) -> tuple[Count, ...]:
        """What is not counted yet."""
        return tuple(self.count(measure) for measure in APART)

    @property
    def causes(self) -> tuple[Count, ...]:
        return tuple(self.count(measure) for measure in CAUSES)

    @property
    def deaths(self) -> Count:
        return self.count(Measure.DEATH)


def _aggregates(conditions: Mapping[Measure, Q]) -> dict[str, CountRows]:
    return {
        f"n_{measure.code}": CountRows("pk", filter=condition) if condition else CountRows("pk")
        for measure, condition in conditions.items()
    }


def figures(scope: Scope, *, keep: Keep = anew) -> Figures:
    """Counts and spans of the scope; a query for each base and each span."""

    def count() -> tuple[dict[str, int], dict[str, list[float]]]:
        counts: dict[str, int] = {}
        for base in bases(scope):
            counts |= base.rows().aggregate(**_aggregates(base.conditions))
        return counts, {took.value: _days(took, scope) for took in Took}

    counts, days = keep("measures", scope, count)
    return Figures(
        {measure: counts[f"n_{measure.code}"] for base in bases(scope) for measure in base.conditions},
        tuple(_span(took, days[took.value]) for took in Took),
        scope.limits,
    )


def _days(took: Took, scope: Scope) -> list[float]:
    return [float(value) for value in took_rows(took, scope).order_by().values_list("took", flat=True)]


def _span(took: Took, days: list[float]) -> Span:
    return Span(took, len(days), quantile(days, 0.5), quantile(days, 0.9))


# --- by month ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """A share by month, as a control chart; what `tumorboard/reports/_trend.html` draws."""

    key: Measure
    chart: Chart
    points: tuple[Point, ...]
    is_share: bool = True
    unit: str = "%"

    @property
    def label(self) -> str:
        return str(self.key.label)

    @property
    def note(self) -> str:
        """What is drawn."""
        whole = self.key.whole
        return f"share of: {whole.label[0].lower()}{whole.label[1:]}" if whole else ""


def trends_of(scope: Scope, *, keep: Keep = anew) -> tuple[Trend, ...]:
    """Every trend over the months of the scope (whole months). A query for each base."""
    months = months_of(scope.since, scope.until)
    drawn = {*TRENDS, *(key.whole for key in TRENDS)}

    def count() -> list[tuple[str, date, int]]:
        return [
            (measure.value, row["month"], row[f"n_{measure.code}"])
            for base in bases(scope)
            if (shown := {measure: asked for measure, asked in base.conditions.items() if measure in drawn})
            for row in _grouped(base, shown, month=TruncMonth("on", output_field=DateField()))
            for measure in shown
        ]

    counted: dict[Measure, Counter[date]] = defaultdict(Counter)
    for code, month, number in keep("measures-by-month", scope, count):
        counted[Measure(code)][month] += number
    trends = []
    for key in TRENDS:
        whole = key.whole or key
        points = tuple(Point(month, counted[whole][month], count=counted[key][month]) for month in months)
        trends.append(Trend(key, chart_of(points), points))
    return tuple(trends)


def _grouped(base: Base, conditions: Mapping[Measure, Q], **columns: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = base.rows().order_by().values(**columns).annotate(**_aggregates(conditions))
    return rows


# --- groups beside each other -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupColumn:
    code: str
    label: str


@dataclass(frozen=True)
class GroupCell:
    column: GroupColumn
    count: Count


@dataclass(frozen=True)
class GroupRow:
    """One share in every group, in the order of the columns. `gap`: percentage points between the lowest and the
    highest of the groups that are large enough."""

    measure: Measure
    cells: tuple[GroupCell, ...]
    total: Count

    @property
    def gap(self) -> float | None:
        return widest(cell.count for cell in self.cells)


@dataclass(frozen=True)
class Comparison:
    by: By
    columns: tuple[GroupColumn, ...]
    rows: tuple[GroupRow, ...]
    few: int


def compare(scope: Scope, *, keep: Keep = anew) -> dict[By, Comparison]:
    """Every share by language, interpreter and sex, the largest group first. A query for each base, whatever it is
    compared by."""

    def count() -> list[tuple[str, str, str, int]]:
        return [
            (by.value, measure.value, group_code(by, row[f"by_{by.value}"]), row[f"n_{measure.code}"])
            for base in bases(scope)
            for row in _grouped(base, base.conditions, **{f"by_{by.value}": F(f"{base.path}{by.value}") for by in By})
            for by in By
            for measure in base.conditions
        ]

    counted: dict[By, dict[Measure, Counter[str]]] = {by: defaultdict(Counter) for by in By}
    for by, code, group, number in keep("measures-by-group", scope, count):
        counted[By(by)][Measure(code)][group] += number
    return {by: _comparison(by, found, scope.limits.small) for by, found in counted.items()}


def _comparison(by: By, counted: Mapping[Measure, Counter[str]], small: int) -> Comparison:
    sizes: Counter[str] = Counter()
    for measure, found in counted.items():
        if measure.whole is None:
            sizes.update(found)
    codes = [code for code, size in sorted(sizes.items(), key=lambda pair: (pair[0] == "", -pair[1], pair[0])) if size]

    def count(measure: Measure, code: str) -> Count:
        return Count(measure, counted[measure][code], counted[measure.whole or measure][code], small)

    columns = tuple(GroupColumn(code, group_label(by, code)) for code in codes)
    rows = tuple(
        GroupRow(
            measure,
            tuple(GroupCell(column, count(measure, column.code)) for column in columns),
            Count(measure, counted[measure].total(), counted[measure.whole or measure].total(), small),
        )
        for measure in SHARES
    )
    return Comparison(by, columns, rows, small)
