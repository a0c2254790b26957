"""Figures and their months as rows of a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard.reports.queries.attendance import Presence
from tumorboard.reports.queries.figures import Figures
from tumorboard.reports.queries.trends import Trend
from tumorboard.reports.rules import FigureKey, Period, month_code, share

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("part", "code", "name", "period", "count", "of", "percent", "median", "ninth_decile", "unit", "signal")


def sheet_rows(period: Period, found: Figures, presence: Presence, trends: tuple[Trend, ...]) -> Iterator[list[object]]:
    """A header, then figures, reasons, spans, attendance by specialty, and every month of the trends. Shares in percent
    to a tenth; empty where nothing was counted."""
    span = f"{period.since.isoformat()}/{period.until.isoformat()}"
    yield list(COLUMNS)
    for key in found.counts:
        figure = found.figure(key)
        yield ["figure", key, key.label, span, figure.count, _no(figure.of), _tenth(figure.percent), "", "", "", ""]
    for key, reasons in found.reasons.items():
        whole = found.counts[key]
        for reason in reasons:
            percent = _tenth(share(reason.count, whole))
            yield [f"reason of {key}", reason.code, reason.label, span, reason.count, whole, percent, "", "", "", ""]
    for each in found.spans:
        median, ninth = _tenth(each.median), _tenth(each.ninth)
        yield ["span", each.key, each.label, span, each.cases, "", "", median, ninth, each.key.unit, ""]
    yield ["meetings", "held", "Meetings held", span, presence.held, "", "", "", "", "", ""]
    for row in presence.specialties:
        yield ["attendance", row.code, row.label, span, row.count, row.of, _tenth(row.percent), "", "", "", ""]
    for trend in trends:
        for point, dot in zip(trend.points, trend.chart.dots, strict=True):
            level, month = point.level, month_code(point.month)
            if isinstance(trend.key, FigureKey):
                percent = _tenth(None if level is None else 100 * level)
                yield ["month", trend.key, trend.label, month, point.count, point.of, percent, "", "", "", dot.signal]
            else:
                median = _tenth(level)
                yield ["month", trend.key, trend.label, month, point.of, "", "", median, "", trend.unit, dot.signal]


def _tenth(value: float | None) -> object:
    return "" if value is None else round(value, 1)


def _no(value: int | None) -> object:
    return "" if value is None else value
