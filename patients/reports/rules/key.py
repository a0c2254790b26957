"""The key: only what is drawn, each sign with its word. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from patients.reports.rules.axis import Axis
from patients.reports.rules.bands import bubble, care_sign, diamond, response_sign
from patients.reports.rules.curves import shown_points
from patients.reports.rules.marks import CareKind, Carried, Course, Style
from patients.reports.rules.shapes import Group, Pane, Shape, circle, rect, squares
from patients.reports.rules.shapes import line as stroke

EDGE = 14.0
_RESPONSES = (
    ("CR", "complete response"),
    ("PR", "partial response"),
    ("SD", "stable"),
    ("NN", "non-CR / non-PD"),
    ("PD", "progression"),
    ("NE", "not evaluable"),
)
_STATES = (
    (Carried.DONE, "board: done"),
    (Carried.PARTLY, "partly"),
    (Carried.DEVIATED, "deviated"),
    (Carried.OPEN, "board: open"),
    (Carried.PLANNED, "board: planned"),
)
_CARE = (
    (CareKind.DRAINAGE, "drainage"),
    (CareKind.CALL, "symptom call"),
    (CareKind.URGENT, "call, clinician asked"),
)


@dataclass(frozen=True)
class KeyEntry:
    pane: Pane
    words: str


def key_of(course: Course, axis: Axis) -> tuple[KeyEntry, ...]:
    """One entry for each kind of sign inside the axis: scans, board, goals, lines."""
    return (
        *_scan_keys(course, axis), *_talk_keys(course, axis), *_line_keys(course, axis), *_curve_keys(course, axis)
    )  # fmt: skip


def _entry(said: str, *shapes: Shape, css: str = "") -> KeyEntry:
    return KeyEntry(Pane(EDGE, EDGE, (Group(tuple(shapes), css=css),)), said)


def _scan_keys(course: Course, axis: Axis) -> Iterator[KeyEntry]:
    scans = [scan for scan in course.scans if axis.reaches(scan.on)]
    done = [scan for scan in scans if not scan.planned and scan.uptake is None]
    for response, said in _RESPONSES:
        if any(scan.response == response for scan in done):
            yield _entry(said, response_sign(response, 7, 7, 1))
    if any(not scan.response and scan.letters == "BL" for scan in done):
        yield _entry("baseline", circle("rs bl", 7, 7, 4.5))
    if any(not scan.response and scan.letters != "BL" for scan in done):
        yield _entry("no response recorded", circle("rs bl", 7, 7, 3))
    if any(scan.planned for scan in scans):
        yield _entry("planned", circle("rs due", 7, 7, 5.5))


def _talk_keys(course: Course, axis: Axis) -> Iterator[KeyEntry]:
    drawn = {mark.state for mark in course.board if axis.reaches(mark.on)}
    for state, said in _STATES:
        if state in drawn:
            yield _entry(said, *diamond(7, 7, 1, state))
    goals = [mark for mark in course.goals if axis.shows(mark.on)]
    if any(not mark.prompt for mark in goals):
        yield _entry("goals", stroke("goal", bubble(7, 6, 0.95)))
    if any(mark.prompt for mark in goals):
        yield _entry("prompt open", stroke("goal due", bubble(7, 6, 0.95)))
    cared = {mark.kind for mark in course.care if axis.shows(mark.on)}
    for kind, said in _CARE:
        if kind in cared:
            yield _entry(said, care_sign(kind, 7, 7, 0.9))


def _line_keys(course: Course, axis: Axis) -> Iterator[KeyEntry]:
    lines = [line for line in course.lines if not line.planned and axis.overlaps(line.start, line.end)]
    for style, said, shapes in _DOSES:
        line = next((each for each in lines if each.style == style and (each.doses or style == Style.DAILY)), None)
        if line is not None:
            yield _entry(said, *shapes, css=f"mo {line.swatch}")
    if any(line.ongoing for line in lines):
        yield _entry("ongoing", stroke("open", "M5 3l4 4l-4 4"), css="mo surg")
    if any(line.beside for line in lines):
        yield _entry("beside, no L number", rect("bar", 1, 5, 12, 5), css="mo surg")
    if any(line.planned for line in course.lines) and not axis.cut:
        yield _entry("planned line", rect("bar", 1, 3, 12, 8, stroke_dasharray="3 2"), css="mo surg")


def _curve_keys(course: Course, axis: Axis) -> Iterator[KeyEntry]:
    points = [point for curve in course.curves for point in shown_points(curve, axis)]
    if any(point.on_ppi for point in points):
        yield _entry("value on a PPI", stroke("pt", squares([(7, 7)], 3.5)))


_DOSES: tuple[tuple[Style, str, tuple[Shape, ...]], ...] = (
    (
        Style.DAILY,
        "oral, height is dose",
        (stroke("pat", "M1 12L6 7M5 12L10 7M9 12L13 8"), stroke("tick", "M0 6h14")),
    ),
    (Style.TICKS, "one dose", (stroke("tick", "M2 4v8M7 4v8M12 4v8"),)),
    (Style.LOLLIPOPS, "PRRT dose", (stroke("tick", "M7 5v8"), circle("fill", 7, 4, 2.6))),
)
