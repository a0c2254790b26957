"""The drawing as a whole: what is in it, where, and what it looks like (a file that a reviewer can open)."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string

from patients.reports.rules import (
    PAPER,
    PROJECTOR,
    SCREEN,
    SIZES,
    Course,
    Curve,
    Drawing,
    GoalsMark,
    Lane,
    Point,
    ScanMark,
    Style,
    Window,
    draw,
    rows_of,
    values_of,
)
from patients.reports.rules.axis import axis_of
from tests.patients.reports.courses import CONCURRENT, DIED, FIFTEEN, LONG, NOTHING, SHORT, TODAY, line, scan

GOLDEN = Path(__file__).parent / "golden"


def drawn(course: Course = LONG, **how: object) -> Drawing:
    drawing = draw(course, TODAY, **how)  # type: ignore[arg-type]
    assert drawing is not None
    return drawing


def lanes(drawing: Drawing) -> list[str]:
    return [s.words for s in drawing.column.groups[0].shapes if s.tag == "text" and s.css == "tl-lane"]


def titles(drawing: Drawing) -> list[str]:
    return [group.title for group in drawing.plot.groups if group.title]


GOLDENS: dict[str, tuple[Course, dict[str, object]]] = {
    "nine-years": (LONG, {}),
    "fifteen-years": (FIFTEEN, {}),
    "fifteen-years-one-line": (FIFTEEN, {"around": FIFTEEN.line(5)}),
    "fifteen-years-paper": (FIFTEEN, {"size": PAPER}),
    "concurrent-lines": (CONCURRENT, {}),
    "death": (DIED, {}),
    "three-weeks": (SHORT, {}),
}


def document(drawing: Drawing) -> str:
    """Both panes as one file that any browser opens."""
    markup = render_to_string("patients/reports/_drawing.html", {"drawing": drawing, "paper": True})
    column, plot = re.findall(r"<svg.*?</svg>", markup, re.DOTALL)
    left, wide, high = drawing.column.width, drawing.column.width + drawing.plot.width, drawing.plot.height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}"><rect width="100%" height="100%"'
    return f'{head} fill="#fff"/>{column}{plot.replace("<svg ", f"<svg x={chr(34)}{left:g}{chr(34)} ", 1)}</svg>\n'


@pytest.mark.parametrize("name", GOLDENS)
def test_drawing_equals_the_golden_file(name: str) -> None:
    """After a wanted change: `GOLDEN=write pytest tests/patients/reports` and look at the files in a browser."""
    course, how = GOLDENS[name]
    found = document(drawn(course, **how))
    ElementTree.fromstring(found)  # noqa: S314  # ours
    path = GOLDEN / f"{name}.svg"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text()


def test_lanes_stand_in_the_order_of_the_grammar_and_empty_ones_are_left_out() -> None:
    assert lanes(drawn()) == [
        "Goals", "Board", "Admissions", "Surgery", "Liver-directed", "SSA", "PRRT", "Targeted", "Chemo", "CT / MRI",
        "PET", "CgA", "Weight",
    ]  # fmt: skip
    assert lanes(drawn(SHORT)) == ["Goals", "Board", "Admissions", "Chemo", "CT / MRI", "PET", "NSE", "Weight"]


def test_goals_and_board_stay_without_marks() -> None:
    assert lanes(drawn(Course("X", lines=(LONG.lines[1],)))) == ["Goals", "Board", "SSA"]


def test_nothing_to_draw_gives_no_drawing() -> None:
    assert draw(NOTHING, TODAY) is None


def test_every_mark_is_a_link_with_a_title_and_a_target_of_24_units() -> None:
    for group in drawn().plot.groups[1:]:
        if group.title.startswith(("CgA", "Weight")) or group.is_plain:
            continue
        assert group.url
        assert group.title
        hit = next(dict(shape.attrs) for shape in group.shapes if shape.css == "hit")
        assert float(hit["height"]) >= 24


def test_targets_of_one_lane_never_overlap() -> None:
    crowded = Course("X", scans=tuple(scan(TODAY - timedelta(days=30 * n), "SD") for n in range(180)))
    hits = []
    for group in drawn(crowded).plot.groups:
        if not group.url:
            continue
        attrs = next(dict(shape.attrs) for shape in group.shapes if shape.css == "hit")
        hits.append((float(attrs["x"]), float(attrs["x"]) + float(attrs["width"])))
    assert all(left[1] <= right[0] + 0.11 for left, right in pairwise(hits))


def test_both_panes_have_one_height_and_the_widths_of_the_size() -> None:
    for size in SIZES.values():
        drawing = drawn(size=size)
        assert drawing.column.height == drawing.plot.height
        assert (drawing.column.width, drawing.plot.width) == (size.column, size.plot)


def test_ids_carry_the_prefix_of_the_drawing() -> None:
    markup = render_to_string("patients/reports/_drawing.html", {"drawing": drawn(prefix="a7")})
    ids = re.findall(r' id="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    assert all(each.startswith("a7-") for each in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", markup)) <= set(ids)


def test_markup_has_no_style_attribute_and_escapes_what_people_wrote() -> None:
    evil = Course("<b>&\"'", lines=(line(1, Lane.SSA, Style.TICKS, "ssa", "<script>", "", date(2026, 1, 1), None),))
    markup = render_to_string("patients/reports/_drawing.html", {"drawing": drawn(evil)})
    assert "style=" not in markup
    assert "<script" not in markup
    assert "<b>" not in markup
    ElementTree.fromstring(f"<div>{markup}</div>")  # noqa: S314  # ours


def test_head_says_treatments_line_span_and_progressions() -> None:
    assert drawn().head == "12 treatments (L), therapy line 7 · 9 years 7 months since diagnosis · 6 progressions"
    assert drawn(SHORT).head == "1 treatment (L), therapy line 1 · 2 weeks since diagnosis"


def test_summary_says_what_a_blind_reader_needs_first() -> None:
    assert drawn().summary == (
        "12 treatments (L1 to L12) since 11 Apr 2017, 6 progressions, 4 goals conversations. "
        "The same data are in the table below."
    )


def test_one_dotted_line_leads_from_each_progression() -> None:
    shapes = drawn().plot.groups[0].shapes
    assert sum(shape.css == "tl-pd" for shape in shapes) == 6


def test_year_window_shows_what_reaches_into_it() -> None:
    shown = titles(drawn(window=Window.YEAR))
    assert [title for title in shown if title.startswith("L")] == ["L12: Cabozantinib"]
    assert "Board decision 10, 2025-12-17: deviated" in shown
    assert "Board decision 9, 2025-02-26: done" not in shown


def test_projector_writes_letters_only_for_progression() -> None:
    def letters(drawing: Drawing) -> set[str]:
        texts = [s for group in drawing.plot.groups for s in group.shapes if s.tag == "text"]
        return {shape.words for shape in texts} & {"PD", "SD", "PR", "CR", "BL", "NE"}

    assert letters(drawn(size=PROJECTOR)) == {"PD"}
    assert letters(drawn(size=SCREEN)) == {"PD", "SD", "PR", "CR", "BL", "NE"}


def test_key_lists_only_what_is_drawn() -> None:
    assert [entry.words for entry in drawn(SHORT).key] == [
        "baseline", "planned", "board: done", "goals", "one dose", "ongoing",
    ]  # fmt: skip


def test_concurrent_lines_take_rows_of_their_own() -> None:
    both = Course(
        "X",
        lines=tuple(
            line(n, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "", date(2024, 1, n), date(2025, 6, n)) for n in (1, 2)
        ),
    )
    bars = [dict(s.attrs)["y"] for g in drawn(both).plot.groups for s in g.shapes if s.css == "bar"]
    assert bars == ["100", "130"]


def test_line_that_starts_when_another_ends_stays_on_its_row() -> None:
    switch = Course(
        "X",
        lines=(
            line(1, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "", date(2023, 1, 1), date(2024, 6, 1)),
            line(2, Lane.SSA, Style.TICKS, "ssa", "Octreotide", "", date(2024, 6, 1), date(2026, 1, 1)),
        ),
    )
    bars = [dict(s.attrs)["y"] for g in drawn(switch).plot.groups for s in g.shapes if s.css == "bar"]
    assert bars == ["100", "100"]


def test_scan_due_beyond_the_axis_stands_at_the_edge_with_its_date() -> None:
    texts = [s.words for g in drawn(SHORT).plot.groups for s in g.shapes if s.tag == "text"]
    assert "due 4 Jan" in texts


def test_death_ends_the_axis() -> None:
    died = replace(DIED, diagnosed_on=date(2020, 1, 7), lines=LONG.lines[:4])
    drawing = drawn(died)
    texts = [s.words for g in drawing.plot.groups for s in g.shapes if s.tag == "text"]
    assert "Died 3 Feb 2024" in texts
    assert "2026" not in texts
    assert ("Died 3 Feb 2024", "/record/") in [(group.title, group.url) for group in drawing.plot.groups]
    assert not any("future" in dict(s.attrs).get("fill", "") for g in drawing.plot.groups for s in g.shapes)


def test_values_before_the_first_mark_do_not_stretch_the_axis() -> None:
    childhood = Curve("Weight", "kg", (Point(date(1962, 1, 1), 12), Point(date(2026, 6, 1), 70)), "/r/")
    drawing = drawn(Course("X", lines=(LONG.lines[11],), curves=(childhood,)))
    years = {s.strong or s.words for s in drawing.plot.groups[0].shapes if s.tag == "text"}
    assert "1962" not in years


def test_course_of_one_day_and_of_forty_years_are_drawn() -> None:
    for start in (TODAY, date(1986, 3, 1)):
        drawing = drawn(Course("X", goals=(GoalsMark(start, "first", "t", "/g/"),)))
        assert drawing.plot.height == 96


def test_forty_years_label_only_years_that_have_room() -> None:
    drawing = drawn(Course("X", goals=(GoalsMark(date(1970, 3, 1), "first", "t", "/g/"),)))
    years = [s.words for s in drawing.plot.groups[0].shapes if s.css == "tl-lane tl-b"]
    assert years[:3] == ["1970", "1975", "1980"]


def test_only_future_scans_are_drawn_too() -> None:
    due = ScanMark(Lane.SCANS, TODAY + timedelta(days=3), "", "CT due", "/s/", planned=True, letters="due")
    assert "CT due" in titles(drawn(Course("X", scans=(due,))))


def test_judgment_without_a_scan_names_its_lane_response() -> None:
    course = Course("X", scans=(scan(date(2026, 3, 1), "PD", is_scan=False),))
    assert lanes(drawn(course)) == ["Goals", "Board", "Response"]


def test_daily_drug_has_a_foot_as_high_as_its_dose() -> None:
    everolimus = next(g for g in drawn().plot.groups if g.title == "L4: Everolimus")
    heights = [dict(s.attrs)["height"] for s in everolimus.shapes if "-tgt)" in dict(s.attrs).get("fill", "")]
    assert heights == ["5.9", "3"]


def test_table_has_a_row_for_every_mark_latest_first() -> None:
    rows = rows_of(LONG)
    assert len(rows) == 12 + len(LONG.scans) + 5 + 11 + 2 + 1
    assert [row.on for row in rows] == sorted((row.on for row in rows), reverse=True)
    assert values_of(SHORT)[0].values == ("198", "78.1")


@pytest.mark.parametrize("course", [LONG, FIFTEEN, CONCURRENT, DIED, SHORT], ids=lambda course: course.name)
def test_drawing_and_table_say_the_same(course: Course) -> None:
    """Every mark is a row and every row a mark."""
    drawing = drawn(course)
    curves = tuple(f"{curve.label}, {curve.unit}:" for curve in course.curves)
    links = [group for group in drawing.plot.groups if group.url]
    marks = [(group.title, group.url) for group in links if not group.title.startswith(curves)]
    rows = [(row.title, row.url) for row in rows_of(course)]
    assert Counter(marks) == Counter(rows)
    assert [len(row.values) for row in values_of(course)] == [len(course.curves)] * len(values_of(course))


def test_line_without_a_number_is_a_thin_bar_with_its_words_above() -> None:
    group = next(group for group in drawn(FIFTEEN).plot.groups if group.title == "Lanreotide, for symptoms")
    bar = next(shape for shape in group.shapes if shape.css == "bar")
    full = next(group for group in drawn(FIFTEEN).plot.groups if group.title == "L6: Lanreotide")
    assert dict(next(s for s in full.shapes if s.css == "bar").attrs)["height"] == "22"
    assert re.search(r"v([\d.]+)q", dict(bar.attrs)["d"])[1] == "2.3"  # type: ignore[index]  # 8.3 less two corners
    assert "beside, no L number" in [entry.words for entry in drawn(FIFTEEN).key]


def test_values_on_a_ppi_are_squares_and_another_assay_breaks_the_line() -> None:
    drawing = drawn(FIFTEEN)
    assert "value on a PPI" in [entry.words for entry in drawing.key]
    assert "value on a PPI" not in [entry.words for entry in drawn().key]
    cga = next(group for group in drawing.plot.groups if group.title.startswith("CgA"))
    line_of_values = dict(next(s for s in cga.shapes if s.css == "crv").attrs)["d"]
    assert line_of_values.count("M") == 2
    assert cga.title == "CgA, ng/mL: latest 1,024 (on a PPI) on 18 Jul 2026"
    said = {row.values[0] for row in values_of(FIFTEEN)}
    assert {"90 (other assay)", "1,024 (on a PPI)"} <= said


def test_around_a_line_the_axis_holds_it_and_a_quarter_of_its_length_on_both_sides() -> None:
    prrt = FIFTEEN.line(5)
    assert prrt is not None
    drawing = drawn(FIFTEEN, around=prrt)
    axis = axis_of(FIFTEEN, TODAY, Window.ALL, SCREEN, prrt)
    assert (axis.first, axis.last, axis.cut) == (date(2015, 3, 1), date(2016, 2, 6), True)
    assert drawing.window == Window.LINE
    shown = [title for title in titles(drawing) if re.match(r"L\d|Board|Goals", title)]
    assert shown == [
        "Goals conversation 20 Mar 2015", "Board decision 3, 2015-04-22: done", "L2: Octreotide LAR", "L6: Lanreotide",
        "L5: PRRT ×4",
    ]  # fmt: skip
    texts = [s.words for g in drawing.plot.groups for s in g.shapes if s.tag == "text"]
    assert not any("Today" in said or "due" in said for said in texts)


def test_around_a_running_line_today_is_shown() -> None:
    drawing = drawn(FIFTEEN, around=FIFTEEN.line(12))
    assert "Today 23 Nov" in [s.words for g in drawing.plot.groups for s in g.shapes if s.tag == "text"]
    planned = drawn(CONCURRENT, around=CONCURRENT.line(6))
    assert "L6: PRRT" in titles(planned)


def test_paper_draws_in_literal_colors() -> None:
    markup = render_to_string("patients/reports/_drawing.html", {"drawing": drawn(size=PAPER), "paper": True})
    assert markup.count("<style>") == 2
    assert "var(" not in markup


def test_paper_colors_are_those_of_the_screen_in_light() -> None:
    """Every color of the paper's stylesheet is one of tokens.css (the dotted progression line is a mixed red)."""
    root = Path(__file__).resolve().parents[3]
    tokens = (root / "static/css/tokens.css").read_text().lower()
    paper = (root / "templates/patients/reports/paper.css").read_text().lower()
    assert {color for color in re.findall(r"#[0-9a-f]{3,6}\b", paper) if color not in tokens} == {"#d58f8b"}


def test_number_moves_aside_for_the_next_line_of_its_row() -> None:
    """A short line and a long one right after it share a row: the number of the first stands at its left."""
    course = Course(
        "X",
        diagnosed_on=date(2016, 1, 1),
        lines=(
            line(1, Lane.TARGETED, Style.DAILY, "tgt", "Sunitinib", "Sun", date(2022, 1, 3), date(2022, 3, 1)),
            line(2, Lane.TARGETED, Style.DAILY, "tgt", "Everolimus", "Eve", date(2022, 3, 8), date(2025, 1, 1)),
        ),
    )
    groups = [group for group in drawn(course).plot.groups if group.title and group.css]
    bars = [dict(s.attrs)["y"] for g in groups for s in g.shapes if s.css == "bar"]
    first = next(s for s in groups[0].shapes if s.tag == "text")
    assert bars == ["100", "100"]
    assert (first.strong, first.words, dict(first.attrs)["text-anchor"]) == ("L1", "Sunitinib", "end")
