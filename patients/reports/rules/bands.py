"""The lanes of single marks: goals, board, admissions, care, scans. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from careteam.web.words import day
from patients.reports.rules.axis import Axis
from patients.reports.rules.labels import Row
from patients.reports.rules.marks import BoardMark, CareKind, CareMark, Carried, GoalsMark, ScanMark, StayMark, Uptake
from patients.reports.rules.shapes import Group, Shape, Size, circle, d, rect, text_width, words
from patients.reports.rules.shapes import line as stroke

Signed = TypeVar("Signed", GoalsMark, CareMark)
RESPONSE_CSS = {"PD": "pd", "PR": "pr", "CR": "cr", "SD": "sd", "NN": "sd", "NE": "ne"}


def hits(xs: Sequence[float], size: Size) -> list[tuple[float, float]]:
    """The horizontal targets of marks at these ascending places: 24 wide, parted in the middle where two are closer."""
    half = 12 * size.k
    edges = []
    for index, x in enumerate(xs):
        left = max(x - half, (xs[index - 1] + x) / 2) if index else x - half
        right = min(x + half, (xs[index + 1] + x) / 2) if index + 1 < len(xs) else x + half
        edges.append((left, max(right - left, 1.0)))
    return edges


def goals_groups(marks: Sequence[GoalsMark], top: float, axis: Axis, size: Size) -> tuple[Group, ...]:
    """Speech bubbles; an open prompt is dashed and has no words."""
    k = size.k
    shown = sorted((mark for mark in marks if axis.shows(mark.on)), key=lambda mark: (mark.on, mark.prompt))

    def draw(mark: GoalsMark, x: float, middle: float) -> Shape:
        return stroke("goal due" if mark.prompt else "goal", bubble(x, middle, k))

    return _signs(shown, draw, _Room(7, 8, 11), top, axis, size)


@dataclass(frozen=True)
class _Room:
    """What a sign takes to each side, in units of `k`: inside the plot's edge, among its neighbors, to its words."""

    edge: float
    taken: float
    gap: float


def _signs(
    shown: Sequence[Signed],
    draw: Callable[[Signed, float, float], Shape],
    room: _Room,
    top: float,
    axis: Axis,
    size: Size,
) -> tuple[Group, ...]:
    """Signs in one row with their labels, the latest words first when room is scarce."""
    k = size.k
    xs = [min(max(axis.x(mark.on), room.edge * k), axis.width - room.edge * k) for mark in shown]
    row = Row(axis.width, scale=k)
    row.claim((axis.x(axis.now), axis.x(axis.now)))
    for x in xs:
        row.claim((x - room.taken * k, x + room.taken * k))
    labels = {}
    for index in reversed(range(len(shown))):
        said = shown[index].label
        if said:
            width = text_width(said, size.sub_font)
            x = xs[index]
            labels[index] = row.first(
                (row.right_of(x + room.gap * k, said, width), row.left_of(x - room.gap * k, said, width))
            )
    groups = []
    middle = top + size.band / 2
    for index, (mark, x, hit) in enumerate(zip(shown, xs, hits(xs, size), strict=True)):
        shapes = [rect("hit", hit[0], middle - 12 * k, hit[1], 24 * k), draw(mark, x, middle)]
        place = labels.get(index)
        if place is not None:
            shapes.append(words("tl-sub halo", place.x, middle + 4 * k, place.words, anchor=place.anchor))
        groups.append(Group(tuple(shapes), mark.title, mark.url))
    return tuple(groups)


def bubble(x: float, y: float, k: float) -> str:
    """A speech bubble around the point."""
    return d(
        "M", x - 7 * k, y - 5.5 * k, "h", 14 * k, "v", 8.8 * k, "h", -7.4 * k, "l", -3.5 * k, 4.1 * k,
        "v", -4.1 * k, "h", -3.1 * k, "z",
    )  # fmt: skip


def diamond(x: float, y: float, k: float, state: Carried) -> tuple[Shape, ...]:
    """Filled: done. Half: partly. Hollow with a stroke: deviated. Hollow: open. Dashed: planned."""
    r = 6 * k
    whole = d("M", x, y - r, "l", r, r, "l", -r, r, "l", -r, -r, "z")
    if state == Carried.DONE:
        return (stroke("dec", whole),)
    if state == Carried.PLANNED:
        return (stroke("dec due", whole),)
    hollow = stroke("dec dev", whole)
    if state == Carried.PARTLY:
        return (hollow, stroke("dec", d("M", x, y - r, "v", 2 * r, "l", -r, -r, "z")))
    if state == Carried.DEVIATED:
        return (hollow, stroke("dec", d("M", x - 3.3 * k, y + 3.3 * k, "l", 6.6 * k, -6.6 * k)))
    return (hollow,)


def board_groups(marks: Sequence[BoardMark], top: float, axis: Axis, size: Size) -> tuple[Group, ...]:
    """Diamonds with their numbers; a meeting beyond the axis stands at its edge."""
    k = size.k
    middle = top + size.band / 2
    shown = sorted((mark for mark in marks if axis.shows(mark.on)), key=lambda mark: mark.on)
    xs = [min(max(axis.x(mark.on), 7 * k), axis.width - 7 * k) for mark in shown]
    row = Row(axis.width, scale=k)
    row.claim((axis.x(axis.now), axis.x(axis.now)))
    for x in xs:
        row.claim((x - 6 * k, x + 6 * k))
    groups = []
    beyond = min((mark for mark in marks if axis.beyond(mark.on)), key=lambda mark: mark.on, default=None)
    if beyond is not None:
        shapes, left = _edge("", beyond.on, middle, axis, size)
        row.claim((left, axis.width))
        sign = diamond(axis.width - 17 * k, middle, k, beyond.state)
        groups.append(Group((*shapes, *sign), beyond.title, beyond.url))
    for mark, x, hit in zip(shown, xs, hits(xs, size), strict=True):
        shapes = (rect("hit", hit[0], middle - 12 * k, hit[1], 24 * k), *diamond(x, middle, k, mark.state))
        width = text_width(mark.number, size.sub_font)
        place = row.first(
            (row.right_of(x + 9 * k, mark.number, width), row.left_of(x - 9 * k, mark.number, width))
            if mark.number
            else ()
        )
        if place is not None:
            shapes = (*shapes, words("tl-sub", place.x, middle + 4 * k, place.words, anchor=place.anchor))
        groups.append(Group(shapes, mark.title, mark.url))
    return tuple(groups)


def _edge(before: str, on: date, middle: float, axis: Axis, size: Size) -> tuple[tuple[Shape, ...], float]:
    """What lies beyond the axis: its date (with the year where it is far), room for its sign, a chevron. Also where it
    begins. The words give way to the line of today."""
    k = size.k
    short = f"{before}{day(on, on)}"
    forms = [short, ""] if (on - axis.now).days < 300 else [f"{before}{day(on)}", ""]
    right, room = axis.width - 26 * k, axis.x(axis.now) + 3
    said = next((form for form in forms if right - text_width(form, size.sub_font) >= room), "")
    left = right - text_width(said, size.sub_font)
    tip = axis.width - 8 * k
    text = (words("tl-sub halo", right, middle + 4 * k, said, anchor="end"),) if said else ()
    return (
        rect("hit", left, middle - 12 * k, axis.width - left, 24 * k),
        *text,
        stroke("tl-now", d("M", tip, middle - 4 * k, "l", 4 * k, 4 * k, "l", -4 * k, 4 * k), fill="none"),
    ), left


def stay_groups(marks: Sequence[StayMark], top: float, axis: Axis, size: Size) -> tuple[Group, ...]:
    """Blocks as long as the stay, at least 4 wide; how many nights, where there is room."""
    k = size.k
    middle = top + size.band / 2
    row = Row(axis.width, scale=k)
    row.claim((axis.x(axis.now), axis.x(axis.now)))
    shown = []
    for mark in sorted(marks, key=lambda each: each.start):
        end = mark.end or axis.now
        if end < axis.first or mark.start > axis.last:
            continue
        x0 = min(max(axis.x(mark.start), 0.0), axis.width - 4 * k)
        x1 = min(max(axis.x(end), x0 + 4 * k), axis.width)
        shown.append((mark, x0, x1))
        row.claim((x0, x1))
    groups = []
    targets = hits([(x0 + x1) / 2 for _, x0, x1 in shown], size)
    for (mark, x0, x1), target in zip(shown, targets, strict=True):
        left, right = min(target[0], x0), max(target[0] + target[1], x1)
        shapes = [
            rect("hit", left, middle - 12 * k, right - left, 24 * k),
            rect("adm", x0, middle - 6 * k, x1 - x0, 12 * k),
        ]
        width = text_width(mark.label, size.sub_font)
        place = row.first((row.right_of(x1 + 4 * k, mark.label, width), row.left_of(x0 - 4 * k, mark.label, width)))
        if place is not None:
            shapes.append(words("tl-sub halo", place.x, middle + 4 * k, place.words, anchor=place.anchor))
        groups.append(Group(tuple(shapes), mark.title, mark.url))
    return tuple(groups)


def care_sign(kind: CareKind, x: float, y: float, k: float) -> Shape:
    """A drop: drainage. A ring: a symptom call, filled when a clinician was asked the same day."""
    if kind == CareKind.DRAINAGE:
        right = ("c", 2 * k, 3 * k, 4 * k, 5.5 * k, 4 * k, 8 * k, "a", 4 * k, 4 * k, 0, 1, 1, -8 * k, 0)
        left = ("c", 0, -2.5 * k, 2 * k, -5 * k, 4 * k, -8 * k, "z")
        return stroke("adm", d("M", x, y - 7 * k, *right, *left))
    return circle("dec" if kind == CareKind.URGENT else "rs bl", x, y, 4 * k)


def care_groups(marks: Sequence[CareMark], top: float, axis: Axis, size: Size) -> tuple[Group, ...]:
    """Drops with their volume, and rings."""
    shown = sorted((mark for mark in marks if axis.shows(mark.on)), key=lambda mark: (mark.on, mark.kind))

    def draw(mark: CareMark, x: float, middle: float) -> Shape:
        return care_sign(mark.kind, x, middle, size.k)

    return _signs(shown, draw, _Room(5, 5, 7), top, axis, size)


def sign(mark: ScanMark, x: float, y: float, k: float) -> tuple[Shape, ...]:
    """The sign of a scan of one of the lanes around a point."""
    if mark.planned:
        return (circle("rs due", x, y, 5.5 * k),)
    if mark.uptake == Uptake.RECEPTOR:
        return (circle("rs bl", x, y, 8 * k), _letter(mark.uptake, x, y, k))
    if mark.uptake == Uptake.GLUCOSE:
        return (rect("rs bl", x - 7.5 * k, y - 7.5 * k, 15 * k, 15 * k, rx=2 * k), _letter(mark.uptake, x, y, k))
    return (response_sign(mark.response, x, y, k, baseline=mark.letters == "BL"),)


def _letter(letter: str, x: float, y: float, k: float) -> Shape:
    return words("tl-sub tl-b t10", x, y + 3.8 * k, letter, anchor="middle")


def response_sign(response: str, x: float, y: float, k: float, *, baseline: bool = False) -> Shape:
    """▲ progression, ▼ partial response, bar stable, ● complete response, × not evaluable; ring: none recorded."""
    css = f"rs {RESPONSE_CSS.get(response, 'bl')}"
    if response == "PD":
        return stroke(css, d("M", x, y - 5.5 * k, "l", 5.8 * k, 10 * k, "h", -11.5 * k, "z"))
    if response == "PR":
        return stroke(css, d("M", x, y + 5.5 * k, "l", 5.8 * k, -10 * k, "h", -11.5 * k, "z"))
    if response in {"SD", "NN"}:
        return rect(css, x - 5 * k, y - 3.1 * k, 10 * k, 6.2 * k, rx=k)
    if response == "CR":
        return circle(css, x, y, 5 * k)
    if response == "NE":
        arm = d("M", x - 5 * k, y - 3 * k, "l", 2 * k, -2 * k, "l", 3 * k, 3 * k, "l", 3 * k, -3 * k, "l", 2 * k, 2 * k)
        return stroke(
            "rs ne",
            arm
            + d("l", -3 * k, 3 * k, "l", 3 * k, 3 * k, "l", -2 * k, 2 * k, "l", -3 * k, -3 * k)
            + d("l", -3 * k, 3 * k, "l", -2 * k, -2 * k, "l", 3 * k, -3 * k, "z"),
        )
    return circle(css, x, y, (4.5 if baseline else 3) * k)


def scan_groups(marks: Sequence[ScanMark], top: float, height: float, axis: Axis, size: Size) -> tuple[Group, ...]:
    """Signs with letters below (CT / MRI) or a note beside (PET); what is due beyond the axis stands at its edge."""
    k = size.k
    below = height == size.scan
    middle = top + 13 * k if below else top + height / 2
    row = Row(axis.width, scale=0.5 * k)
    groups = []
    beyond = min((mark for mark in marks if axis.beyond(mark.on)), key=lambda mark: mark.on, default=None)
    edge = axis.width
    if beyond is not None:
        shapes, edge = _edge("due ", beyond.on, top + height / 2, axis, size)
        row.claim((edge, axis.width))
        groups.append(
            Group((*shapes, circle("rs due", axis.width - 17 * k, top + height / 2, 5.5 * k)), beyond.title, beyond.url)
        )
    shown = sorted((mark for mark in marks if axis.shows(mark.on)), key=lambda mark: (mark.on, mark.title))
    xs = [min(max(axis.x(mark.on), 8 * k), axis.width - 8 * k) for mark in shown]
    said = _scan_words(shown, xs, row, below=below, size=size)
    for index, (mark, x, hit) in enumerate(zip(shown, xs, hits(xs, size), strict=True)):
        shapes = (rect("hit", hit[0], top + 2, hit[1], max(24 * k, height - 4)), *sign(mark, x, middle, k))
        if index in said:
            shapes = (*shapes, said[index](top, middle))
        groups.append(Group(shapes, mark.title, mark.url))
    return tuple(groups)


class _Words:
    """The letters or the note of one scan, drawn once its lane is placed."""

    def __init__(self, css: str, x: float, anchor: str, said: str, *, below: bool, size: Size) -> None:
        self.css, self.x, self.anchor, self.said, self.below, self.size = css, x, anchor, said, below, size

    def __call__(self, top: float, middle: float) -> Shape:
        y = top + self.size.scan - 6 if self.below else middle + 4 * self.size.k
        return words(self.css, self.x, y, self.said, anchor=self.anchor)


def _scan_words(
    shown: Sequence[ScanMark], xs: Sequence[float], row: Row, *, below: bool, size: Size
) -> dict[int, _Words]:
    """Which scans get words: progression first, then what is planned, then the latest; none over another."""
    k = size.k
    found: dict[int, _Words] = {}
    if not below:
        for mark, x in zip(shown, xs, strict=True):
            half = (5.5 if mark.planned or mark.uptake is None else 8.5) * k
            row.claim((x - half, x + half))
    order = sorted(range(len(shown)), key=lambda i: (shown[i].response != "PD", not shown[i].planned, -xs[i]))
    for index in order:
        mark, x = shown[index], xs[index]
        said = mark.note if not below else (mark.response or mark.letters)
        if not said or not (size.letters or not below or mark.response == "PD"):
            continue
        bold = mark.response == "PD" and below
        width = text_width(said, size.letter_font if below else size.sub_font, bold=bold)
        if below:
            extent = (x - width / 2, x + width / 2)
            if row.is_free(extent):
                row.claim(extent)
                css = "pd-t" if bold else "tl-sub t10"
                found[index] = _Words(css, x, "middle", said, below=True, size=size)
            continue
        place = row.first((row.right_of(x + 12 * k, said, width), row.left_of(x - 12 * k, said, width)))
        if place is not None:
            found[index] = _Words("tl-sub halo", place.x, place.anchor, said, below=False, size=size)
    return found
