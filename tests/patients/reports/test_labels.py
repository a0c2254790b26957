"""Labels of one lane never overlap, whatever the course (property tests)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from patients.reports.rules import SIZES, Course, GoalsMark, Lane, LineMark, StayMark, Style, Window
from patients.reports.rules.axis import axis_of, ticks_of
from patients.reports.rules.bands import goals_groups, scan_groups, stay_groups
from patients.reports.rules.courses import Laid, laid_out, place_label
from patients.reports.rules.labels import Place, Row, overlaps
from patients.reports.rules.shapes import Group, Size, text_width
from tests.patients.reports.courses import TODAY, scan

FIRST = date(2011, 11, 23)
days = st.integers(0, (TODAY - FIRST).days).map(lambda n: FIRST + timedelta(days=n))
names = st.sampled_from(
    ("Lanreotide", "Cabozantinib", "PRRT ×4", "Distal pancreatectomy", "Wide MMMM WWWW", "TAE", "Octreotide LAR")
)
sizes = st.sampled_from(sorted(SIZES)).map(SIZES.__getitem__)


@st.composite
def lines(draw: st.DrawFn) -> LineMark:
    start = draw(days)
    length = draw(st.one_of(st.integers(0, 30), st.integers(0, 2000)))
    ongoing = draw(st.booleans()) and draw(st.booleans())
    planned = not ongoing and draw(st.integers(0, 9)) == 0
    number = draw(st.integers(1, 30))
    return LineMark(
        lane=Lane.SSA,
        style=draw(st.sampled_from(Style)),
        swatch="ssa",
        number=f"L{number}" if draw(st.booleans()) else "",
        label=draw(names),
        short=draw(st.sampled_from(("", "Lan"))),
        start=start,
        end=None if ongoing or planned else min(start + timedelta(days=length), TODAY),
        ongoing=ongoing,
        planned=planned,
        title="t",
        url="/u/",
    )


def placed(found: list[LineMark], size: Size, window: Window) -> list[list[tuple[Laid, Place | None]]]:
    axis = axis_of(Course("X", lines=tuple(found)), TODAY, window, size)
    laid = laid_out(found, axis, size)
    rows = []
    for number in range(max((each.row for each in laid), default=-1) + 1):
        row = Row(axis.width, scale=size.k)
        on_row = [each for each in laid if each.row == number]
        for each in on_row:
            row.claim(each.reserved)
        rows.append([(each, place_label(each, row, axis, size)) for each in on_row])
    return rows


def test_of_two_marks_at_one_place_neither_is_written_over() -> None:
    row = Row(100)
    row.claim((0, 50))
    assert row.is_free((10, 20), beside=((0, 50),))
    row.claim((0, 50))
    assert not row.is_free((10, 20), beside=((0, 50),))


@settings(max_examples=80, deadline=None)
@given(st.lists(lines(), max_size=14), sizes, st.sampled_from(Window))
def test_labels_of_a_row_never_overlap_each_other_nor_another_bar(
    found: list[LineMark], size: Size, window: Window
) -> None:
    for row in placed(found, size, window):
        words = [(each, place) for each, place in row if place is not None]
        for index, (each, place) in enumerate(words):
            assert 0 <= place.extent[0] <= place.extent[1] <= size.plot
            assert not any(overlaps(place.extent, other.extent) for _, other in words[index + 1 :])
            assert not any(overlaps(place.extent, (other.x0, other.x1)) for other, _ in row if other is not each)
            if place.inside:
                assert each.x0 <= place.extent[0] <= place.extent[1] <= each.x1


@settings(max_examples=80, deadline=None)
@given(st.lists(lines(), max_size=8), sizes)
def test_every_numbered_line_shows_at_least_its_number(found: list[LineMark], size: Size) -> None:
    """Up to eight lines of one lane, wherever they lie: each number has room, on a row of its own if need be."""
    for row in placed(found, size, Window.ALL):
        for each, place in row:
            at_the_left_edge = each.reserved[0] < 0
            assert place is not None or not each.mark.number or at_the_left_edge


@settings(max_examples=60, deadline=None)
@given(st.lists(lines(), max_size=12), sizes)
def test_bars_of_a_row_never_overlap(found: list[LineMark], size: Size) -> None:
    axis = axis_of(Course("X", lines=tuple(found)), TODAY, Window.ALL, size)
    laid = laid_out(found, axis, size)
    rows = {each.row for each in laid}
    if len(rows) == 8:
        return  # the last of eight rows is shared, as promised
    for number in rows:
        bars = sorted((each.x0, each.x1) for each in laid if each.row == number)
        assert all(a[1] <= b[0] for a, b in pairwise(bars))


def extents(groups: tuple[Group, ...], size: Size, css: str) -> list[tuple[float, float, str]]:
    """Stretch and height of each text whose class begins so."""
    found = []
    for group in groups:
        for shape in group.shapes:
            if shape.tag != "text" or not shape.css.startswith(css) or "tl-b" in shape.css:
                continue
            attrs = dict(shape.attrs)
            x = float(attrs["x"])
            font = size.letter_font if "t10" in shape.css or css == "pd-t" else size.sub_font
            width = text_width(shape.words, font)
            left = {"end": x - width, "middle": x - width / 2}.get(attrs.get("text-anchor", ""), x)
            found.append((left, left + width, attrs["y"]))
    return found


def apart(texts: list[tuple[float, float, str]]) -> bool:
    return not any(overlaps(a[:2], b[:2], -0.2) and a[2] == b[2] for i, a in enumerate(texts) for b in texts[i + 1 :])


@settings(max_examples=60, deadline=None)
@given(st.lists(days, max_size=30), sizes)
def test_words_of_goals_scans_and_admissions_never_overlap(found: list[date], size: Size) -> None:
    goals = tuple(GoalsMark(on, "Being at home", "t", "/g/") for on in found)
    stays = tuple(StayMark(on, on + timedelta(days=4), "4 nights", "t", "/s/") for on in found)
    scans = tuple(scan(on, "PD" if on.day % 3 else "SD") for on in found)
    axis = axis_of(Course("X", goals=goals, stays=stays, scans=scans), TODAY, Window.ALL, size)
    assert apart(extents(goals_groups(goals, 0, axis, size), size, "tl-sub"))
    assert apart(extents(stay_groups(stays, 0, axis, size), size, "tl-sub"))
    groups = scan_groups(scans, 0, size.scan, axis, size)
    assert apart([*extents(groups, size, "tl-sub"), *extents(groups, size, "pd-t")])


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1960, 1, 1), TODAY), sizes, st.sampled_from(Window))
def test_labels_of_the_axis_never_overlap(start: date, size: Size, window: Window) -> None:
    axis = axis_of(Course("X", goals=(GoalsMark(start, "", "t", "/"),)), TODAY, window, size)
    spans = [
        (tick.x, tick.x + text_width(f"{tick.strong} {tick.words}".strip(), size.lane_font))
        for tick in ticks_of(axis, size)
        if tick.strong or tick.words
    ]
    assert spans
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@given(st.dates(date(1960, 1, 1), TODAY), sizes)
def test_axis_begins_at_or_before_the_first_mark_and_ends_after_today(start: date, size: Size) -> None:
    axis = axis_of(Course("X", goals=(GoalsMark(start, "", "t", "/"),)), TODAY, Window.ALL, size)
    assert axis.first <= start
    ahead = (axis.last - TODAY).days
    assert ahead == 5 or 0.059 <= ahead / max((TODAY - axis.first).days, 1) <= 0.151
