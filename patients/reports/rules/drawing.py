"""A whole drawing from a course: lanes, axis, marks, key, the words that say the same. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from careteam.web.words import MONTHS, count, day
from patients.reports.rules import bands, courses
from patients.reports.rules.axis import Axis, Window, axis_of, ticks_of
from patients.reports.rules.curves import curve_lane, shown_points
from patients.reports.rules.key import KeyEntry, key_of
from patients.reports.rules.marks import TREATMENT_LANES, Course, Curve, Lane, LineMark
from patients.reports.rules.shapes import SCREEN, Group, Pane, Shape, Size, d, rect, text_width, words
from patients.reports.rules.shapes import line as stroke
from patients.reports.rules.table import end_title

SWATCHES = ("ssa", "prrt", "tgt", "chem", "liv", "surg")


@dataclass(frozen=True)
class Drawing:
    """Two panes of one height (lane labels, plot), the patterns they need, and what they say in words.

    `prefix` makes ids unique in a page that holds several drawings.
    """

    prefix: str
    size: Size
    column: Pane
    plot: Pane
    hatches: tuple[str, ...]
    title: str
    summary: str
    head: str
    key: tuple[KeyEntry, ...]
    window: Window

    @property
    def pattern(self) -> str:
        """Edge length of a hatch."""
        return "11" if self.size.k > 1 else "5"

    @property
    def hatch(self) -> str:
        """Path data of one tile of a hatch, running over its corners."""
        return "M0 11L11 0M-2.2 2.2L2.2 -2.2M8.8 13.2L13.2 8.8" if self.size.k > 1 else "M0 5L5 0M-1 1L1 -1M4 6L6 4"


@dataclass(frozen=True)
class _Band:
    """One lane on its way into the drawing; `plot` and `column` are given its top edge."""

    label: str
    height: float
    plot: Callable[[float], tuple[Group, ...]]
    column: Callable[[float], tuple[Shape, ...]]
    starts_group: bool = False
    treats: bool = False


def draw(
    course: Course,
    today: date,
    *,
    window: Window = Window.ALL,
    around: LineMark | None = None,
    size: Size = SCREEN,
    prefix: str = "tl",
) -> Drawing | None:
    """The drawing of a course as of today, all of it, a year or one line; None when there is nothing to draw."""
    if course.is_empty:
        return None
    window = Window.LINE if around else window
    axis = axis_of(course, today, window, size, around)
    placed: list[tuple[_Band, float]] = []
    column: list[Shape] = []
    marks: list[Group] = []
    top: float = size.head
    for band in _bands(course, axis, size, prefix):
        placed.append((band, top))
        column.extend(band.column(top))
        marks.extend(band.plot(top))
        top += band.height
    rules = [(y + 0.5, "tl-g y" if band.starts_group else "tl-g") for band, y in placed]
    column.append(stroke("tl-g y", d("M", size.column - 0.5, 0, "V", top)))
    column.extend(stroke(css, d("M", 0, y, "H", size.column)) for y, css in rules)
    behind = [
        *_ground(axis, size, top, prefix),
        *(stroke(css, d("M", 0, y, "H", axis.width)) for y, css in rules),
        *_progressions(course, axis, size, placed),
        *([] if axis.cut else [stroke("tl-now", d("M", axis.x(axis.now), 18 if size.k == 1 else 39.6, "V", top))]),
    ]
    return Drawing(
        prefix=prefix,
        size=size,
        column=Pane(size.column, top, (Group(tuple(column)),)),
        plot=Pane(size.plot, top, (Group(tuple(behind)), *_top_row(course, axis, size, top), *marks)),
        hatches=SWATCHES,
        title=f"Timeline of {course.name}",
        summary=_summary(course, axis),
        head=head_words(course, min(today, course.died_on or today)),
        key=key_of(course, axis),
        window=window,
    )


def _bands(course: Course, axis: Axis, size: Size, prefix: str) -> list[_Band]:
    def named(label: str, height: float) -> Callable[[float], tuple[Shape, ...]]:
        return lambda y: (words("tl-lane", 12 * size.k, y + height / 2 + 4 * size.k, label),)

    def band(label: str, height: float, plot: Callable[[float], tuple[Group, ...]]) -> _Band:
        return _Band(label, height, plot, named(label, min(height, size.scan)))

    talks = [
        band("Goals", size.band, lambda y: bands.goals_groups(course.goals, y, axis, size)),
        band("Board", size.band, lambda y: bands.board_groups(course.board, y, axis, size)),
    ]
    if any(axis.overlaps(stay.start, stay.end) for stay in course.stays):
        talks.append(band(Lane.STAYS.value, size.band, lambda y: bands.stay_groups(course.stays, y, axis, size)))
    if any(axis.shows(mark.on) for mark in course.care):
        talks.append(band(Lane.CARE.value, size.band, lambda y: bands.care_groups(course.care, y, axis, size)))
    treated = []
    for lane in TREATMENT_LANES:
        laid = courses.laid_out([line for line in course.lines if line.lane == lane], axis, size)
        if laid:
            rows = max(each.row for each in laid) + 1
            plot = partial(courses.line_groups, laid, axis=axis, size=size, prefix=prefix)
            treated.append(_Band(lane.value, rows * size.line, plot, named(lane.value, size.line), treats=True))
    scanned = []
    for lane, height in ((Lane.SCANS, size.scan), (Lane.PET, size.pet), (Lane.OTHER_SCANS, size.pet)):
        scans = [scan for scan in course.scans if scan.lane == lane and axis.reaches(scan.on)]
        if scans:
            label = lane.value if lane != Lane.SCANS or any(scan.is_scan for scan in scans) else "Response"
            scanned.append(band(label, height, partial(bands.scan_groups, scans, height=height, axis=axis, size=size)))
    curves = [_curve_band(curve, axis, size) for curve in course.curves if shown_points(curve, axis)]
    for group in (treated, scanned, curves):
        if group:
            group[0] = replace(group[0], starts_group=True)
    return [*talks, *treated, *scanned, *curves]


def _curve_band(curve: Curve, axis: Axis, size: Size) -> _Band:
    return _Band(
        curve.label,
        size.curve,
        lambda y: curve_lane(curve, y, axis, size).plot,
        lambda y: curve_lane(curve, y, axis, size).column,
    )


def _ground(axis: Axis, size: Size, height: float, prefix: str) -> list[Shape]:
    """The hatched future and the time axis."""
    k, now = size.k, axis.x(axis.now)
    shapes: list[Shape] = []
    if not (axis.died or axis.cut):
        shapes.append(rect("", now, size.head, axis.width - now, height - size.head, fill=f"url(#{prefix}-future)"))
    for tick in ticks_of(axis, size):
        x = int(tick.x) + 0.5
        top, bottom = (size.head / 2, height) if tick.major else (size.head - 5 * k, size.head)
        shapes.append(stroke("tl-g y", d("M", x, top, "V", bottom)))
        if tick.strong or tick.words:
            css, said, strong = (
                ("tl-lane", tick.words, tick.strong) if tick.words else ("tl-lane tl-b", tick.strong, "")
            )
            shapes.append(words(css, tick.x + 5 * k, size.head - 10 * k, said, strong=strong))
    return shapes


def _progressions(course: Course, axis: Axis, size: Size, placed: list[tuple[_Band, float]]) -> list[Shape]:
    """A dotted line from each progression up through the treatments: it explains why a line ended."""
    scanned = next((top for band, top in placed if band.label in {Lane.SCANS.value, "Response"}), None)
    if scanned is None:
        return []
    top = min([*(y for band, y in placed if band.treats), scanned])
    bottom = scanned + 7.5 * size.k
    return [stroke("tl-pd", d("M", axis.x(on), top, "V", bottom)) for on in course.progressions if axis.shows(on)]


def _top_row(course: Course, axis: Axis, size: Size, height: float) -> list[Group]:
    """Today (or the death) in a pill and the diagnosis, side by side. Death and diagnosis are links."""
    k, now = size.k, axis.x(axis.now)
    high = 18.0 if k == 1 else 34.0
    pill_top = 1.0 if k == 1 else 2.2
    base = pill_top + high / 2 + size.sub_font * 0.36
    left, groups = axis.width, []
    if not axis.cut:
        said = f"Died {day(axis.now)}" if axis.died else f"Today {axis.now.day} {MONTHS[axis.now.month - 1]}"
        wide = text_width(said, size.sub_font, bold=True) + 18 * k
        left = min(max(0.0, now - wide / 2), axis.width - wide)
        pill = (
            rect("tl-pill", left, pill_top, wide, high, rx=high / 2),
            words("tl-pt", left + wide / 2, base, said, anchor="middle"),
        )
        hit = rect("hit", left, 0, wide, 24 * k)
        groups.append(Group((hit, *pill), end_title("Death", axis.now), course.url) if axis.died else Group(pill))
    on = course.diagnosed_on
    if on is None or not axis.first <= on <= axis.now:
        return groups
    x = axis.x(on)
    shapes: tuple[Shape, ...] = (stroke("tl-fh", d("M", x, 5 * k, "V", height), stroke_dasharray="1 3"),)
    title = end_title("Diagnosis", on)
    hit = rect("hit", max(0.0, min(x, left) - 24 * k), 0, 24 * k, 24 * k)
    for text in (title, "Diagnosis"):
        room = text_width(text, size.sub_font) + 4 * k
        if x + room <= left - 4:
            hit = rect("hit", x, 0, room, 24 * k)
            shapes = (*shapes, words("tl-sub", x + 4 * k, base, text))
            break
        if x - room >= 0 and x <= left:
            hit = rect("hit", x - room, 0, room, 24 * k)
            shapes = (*shapes, words("tl-sub", x - 4 * k, base, text, anchor="end"))
            break
    groups.append(Group((hit, *shapes), title, course.url))
    return groups


def span_words(first: date, last: date) -> str:
    """`9 years 7 months`, `7 months`, `3 weeks`, `5 days`."""
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    if months >= 12:
        years = count(months // 12, "year", "years")
        return f"{years} {count(months % 12, 'month', 'months')}" if months % 12 else years
    if months >= 2:
        return count(months, "month", "months")
    days = max((last - first).days, 0)
    return count(days // 7, "week", "weeks") if days >= 14 else count(days, "day", "days")


def head_words(course: Course, now: date) -> str:
    """The line beside the heading: `12 treatments (L), therapy line 7 · 9 years 7 months · 6 progressions`."""
    parts = []
    if course.treatments:
        treated = count(course.treatments, "treatment", "treatments") + " (L)"
        parts.append(f"{treated}, therapy line {course.therapy_line}" if course.therapy_line else treated)
    if course.diagnosed_on is not None and course.diagnosed_on <= now:
        died = course.died_on is not None and course.died_on <= now
        parts.append(
            f"{span_words(course.diagnosed_on, now)} {'from diagnosis to death' if died else 'since diagnosis'}"
        )
    if course.progressions:
        parts.append(count(len(course.progressions), "progression", "progressions"))
    return " · ".join(parts)


def _summary(course: Course, axis: Axis) -> str:
    numbers = [line.number for line in course.lines if line.number and not line.planned]
    since = f" since {day(course.diagnosed_on)}" if course.diagnosed_on else ""
    talks = sum(not mark.prompt for mark in course.goals)
    parts = [
        (
            count(len(numbers), "treatment", "treatments")
            + (f" ({numbers[0]} to {numbers[-1]})" if len(numbers) > 1 else "")
            + since
        ),
        count(len(course.progressions), "progression", "progressions"),
        count(talks, "goals conversation", "goals conversations"),
    ]
    drawn = "" if axis.first <= (course.diagnosed_on or axis.first) else f" Drawn from {day(axis.first)} on."
    if axis.cut:
        drawn = f" Drawn from {day(axis.first)} to {day(axis.last)}."
    ended = f" Died {day(course.died_on)}." if course.died_on is not None and (axis.died or axis.cut) else ""
    return f"{', '.join(parts)}.{ended}{drawn} The same data are in the table below."
