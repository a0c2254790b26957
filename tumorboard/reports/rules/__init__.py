"""Figures of a board: what is counted, over which period, how a course is judged and drawn. Pure."""

from tumorboard.reports.rules.control import MIN_POINTS, Limits, p_limits, same_side, xmr_limits
from tumorboard.reports.rules.drawing import Chart, Dot, Point, chart_of
from tumorboard.reports.rules.figures import GROUPS, TRENDS, Concordance, FigureKey, Side, SpanKey, quantile, share
from tumorboard.reports.rules.periods import (
    DEFAULT,
    MOST_YEARS,
    RANGE,
    Period,
    month_code,
    months_of,
    period_choices,
    period_of,
    trend_of,
)

__all__ = [
    "DEFAULT",
    "GROUPS",
    "MIN_POINTS",
    "MOST_YEARS",
    "RANGE",
    "TRENDS",
    "Chart",
    "Concordance",
    "Dot",
    "FigureKey",
    "Limits",
    "Period",
    "Point",
    "Side",
    "SpanKey",
    "chart_of",
    "month_code",
    "months_of",
    "p_limits",
    "period_choices",
    "period_of",
    "quantile",
    "same_side",
    "share",
    "trend_of",
    "xmr_limits",
]
