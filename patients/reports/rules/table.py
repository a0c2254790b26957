"""The same course as rows of a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from careteam.web.words import day
from patients.reports.rules.curves import value_words
from patients.reports.rules.marks import Course


@dataclass(frozen=True)
class TableRow:
    """One mark of the drawing in words; `until` where it lasted. `title` is what the mark's link says."""

    on: date
    until: date | None
    lane: str
    title: str
    url: str


@dataclass(frozen=True)
class ValueRow:
    """What was measured on one day, beside the curves' labels; an empty text where nothing was."""

    on: date
    values: tuple[str, ...]


def end_title(lane: str, on: date) -> str:
    """`Diagnosis 11 Apr 2017`, `Died 3 Feb 2024`."""
    return f"{'Died' if lane == 'Death' else lane} {day(on)}"


def rows_of(course: Course) -> tuple[TableRow, ...]:
    """Every mark but single doses and values, the latest first."""
    ends = (("Diagnosis", course.diagnosed_on), ("Death", course.died_on))
    rows = [
        *(TableRow(on, None, lane, end_title(lane, on), course.url) for lane, on in ends if on),
        *(TableRow(mark.start, mark.end, mark.lane.value, mark.title, mark.url) for mark in course.lines),
        *(TableRow(mark.on, None, mark.lane.value, mark.title, mark.url) for mark in course.scans),
        *(TableRow(mark.on, None, "Goals", mark.title, mark.url) for mark in course.goals),
        *(TableRow(mark.on, None, "Board", mark.title, mark.url) for mark in course.board),
        *(TableRow(mark.start, mark.end, "Admissions", mark.title, mark.url) for mark in course.stays),
        *(TableRow(mark.on, None, "Care", mark.title, mark.url) for mark in course.care),
    ]
    return tuple(sorted(rows, key=lambda row: (row.on, row.lane, row.title), reverse=True))


def values_of(course: Course) -> tuple[ValueRow, ...]:
    """The values of the curves by day, the latest first."""
    days: dict[date, list[str]] = {}
    for index, curve in enumerate(course.curves):
        for point in curve.points:
            days.setdefault(point.on, [""] * len(course.curves))[index] = value_words(curve, point)
    return tuple(ValueRow(on, tuple(days[on])) for on in sorted(days, reverse=True))
