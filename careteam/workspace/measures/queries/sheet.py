"""Measures, their months and their groups as rows of a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.workspace.measures.rules import definitions
from tumorboard.reports.rules import Period, month_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from careteam.workspace.measures.queries.figures import Comparison, Figures, Trend

COLUMNS = (
    *("part", "code", "name", "period", "group", "count", "of", "percent", "median", "ninth_decile", "signal"),
    *("counts", "whole", "leaves_out", "source", "tag"),
)
_BLANK = ("",) * 5


def sheet_rows(
    period: Period, found: Figures, trends: tuple[Trend, ...], comparisons: tuple[Comparison, ...]
) -> Iterator[list[object]]:
    """A header, then every share with its definition, every count it is a share of, spans in days, months, groups.
    Shares in percent to a tenth. A group that is too small says so in `count` and has no share."""
    span = f"{period.since.isoformat()}/{period.until.isoformat()}"
    said = definitions(found.limits)
    yield list(COLUMNS)
    for measure in found.counts:
        one, text = found.count(measure), said.get(measure)
        words = (text.counts, text.of, text.leaves_out, text.source, text.tag) if text else _BLANK
        whole, percent = (one.of, _tenth(one.percent)) if measure.whole else ("", "")
        yield ["figure", measure.value, str(measure.label), span, "", one.count, whole, percent, "", "", "", *words]
    for each in found.spans:
        took = each.took
        days = (_tenth(each.median), _tenth(each.ninth))
        yield ["days", took.value, str(took.label), span, "", each.cases, "", "", *days, "", *_BLANK]
    for trend in trends:
        for point, dot in zip(trend.points, trend.chart.dots, strict=True):
            percent = _tenth(None if point.level is None else 100 * point.level)
            month = month_code(point.month)
            values = (point.count, point.of, percent, "", "", dot.signal)
            yield ["month", trend.key.value, trend.label, month, "", *values, *_BLANK]
    for comparison in comparisons:
        for row in comparison.rows:
            for cell in row.cells:
                one = cell.count
                fewer = f"fewer than {comparison.few}"
                shown = (fewer, "", "") if one.is_small else (one.count, one.of, _tenth(one.percent))
                head = (f"by {comparison.by.value}", row.measure.value, str(row.measure.label), span, cell.column.label)
                yield [*head, *shown, "", "", "", *_BLANK]


def _tenth(value: float | None) -> object:
    return "" if value is None else round(value, 1)
