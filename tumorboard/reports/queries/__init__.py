"""Figures over a period, their course by month, the lists behind them, who was there, the year of a board."""

from tumorboard.reports.queries.attendance import Attended, Presence, presence_of, who_of
from tumorboard.reports.queries.behind import MeetingRow, meetings_behind, patients_behind, span_behind
from tumorboard.reports.queries.definitions import Scope, cases_in, reported_boards
from tumorboard.reports.queries.figures import Benchmark, Figure, Figures, Reason, Span, figures, reason_label
from tumorboard.reports.queries.sheet import sheet_rows
from tumorboard.reports.queries.trends import Trend, trends_of
from tumorboard.reports.queries.year import YearSheet, year_sheet

__all__ = [
    "Attended",
    "Benchmark",
    "Figure",
    "Figures",
    "MeetingRow",
    "Presence",
    "Reason",
    "Scope",
    "Span",
    "Trend",
    "YearSheet",
    "cases_in",
    "figures",
    "meetings_behind",
    "patients_behind",
    "presence_of",
    "reason_label",
    "reported_boards",
    "sheet_rows",
    "span_behind",
    "trends_of",
    "who_of",
    "year_sheet",
]
