"""Measures over a period: counts, their course by month, groups beside each other, the patients behind each."""

from careteam.workspace.measures.queries.behind import patients_behind, took_behind
from careteam.workspace.measures.queries.definitions import Group, Scope
from careteam.workspace.measures.queries.figures import (
    Comparison,
    Figures,
    Trend,
    compare,
    figures,
    limits_of,
    trends_of,
)
from careteam.workspace.measures.queries.sheet import sheet_rows

__all__ = [
    "Comparison",
    "Figures",
    "Group",
    "Scope",
    "Trend",
    "compare",
    "figures",
    "limits_of",
    "patients_behind",
    "sheet_rows",
    "took_behind",
    "trends_of",
]
