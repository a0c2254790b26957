"""Treatment lanes: rows of concurrent lines, bars and procedures, doses at the foot, labels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from patients.reports.rules.axis import Axis
from patients.reports.rules.labels import Extent, Place, Row, overlaps
from patients.reports.rules.marks import LineMark, Style
from patients.reports.rules.shapes import Group, Shape, Size, circle, d, rect, text_width, words
from patients.reports.rules.shapes import line as stroke

MOST_ROWS = 8
BESIDE = 6.0  # between a bar and the words beside it
INSET = 5.0  # between the edge of a bar and the words in it


@dataclass(frozen=True)
class Laid:
    """A line on its row: `x0`…`x1` is what is drawn, `reserved` also holds room for its number."""

    mark: LineMark
    row: int
    x0: float
    x1: float
    reserved: Extent


def laid_out(lines: Sequence[LineMark], axis: Axis, size: Size) -> tuple[Laid, ...]:
    """The lines that reach into the axis, each on the first row where it (and its number) overlaps no other.

    Where only an earlier number is in the way, that number moves to the other side of its bar. Beyond `MOST_ROWS`
    concurrent lines the last row is shared: the table still names every one.
    """
    rows: list[list[Laid]] = []
    for mark in sorted(lines, key=lambda each: (each.start, each.number, each.label)):
        span = _span(mark, axis, size)
        if span is None:
            continue
        choices = _reserved(mark, span, axis, size)
        for row in rows:
            if _settled(row, mark, span, choices, axis, size):
                break
        else:
            if len(rows) < MOST_ROWS:
                rows.append([])
            rows[-1].append(Laid(mark, len(rows) - 1, *span, choices[0]))
    return tuple(each for row in rows for each in row)


def _settled(
    row: list[Laid], mark: LineMark, span: Extent, choices: tuple[Extent, ...], axis: Axis, size: Size
) -> bool:
    """Puts the line on the row if there is room, moving numbers of earlier lines where that makes some."""
    for reserved in choices:
        moved: dict[int, Laid] = {}
        for index, other in enumerate(row):
            if not overlaps(reserved, other.reserved):
                continue
            rest = [each.reserved for i, each in enumerate(row) if i != index] + [reserved]
            rest += [each.reserved for each in moved.values()]
            others = _reserved(other.mark, (other.x0, other.x1), axis, size)
            free = next((each for each in others if not any(overlaps(each, taken) for taken in rest)), None)
            if free is None:
                break
            moved[index] = replace(other, reserved=free)
        else:
            for index, other in moved.items():
                row[index] = other
            row.append(Laid(mark, row[0].row, *span, reserved))
            return True
    return False


def _days(mark: LineMark) -> tuple[date, ...]:
    """The days of a procedure: what was done, else its start and its end."""
    if mark.doses:
        return mark.doses
    return (mark.start, mark.end) if mark.end and mark.end != mark.start else (mark.start,)


def _span(mark: LineMark, axis: Axis, size: Size) -> Extent | None:
    if mark.planned:
        if axis.cut:
            return None
        start = max(mark.start, axis.now)
        return (min(axis.x(start), axis.width - 12 * size.k), axis.width)
    if mark.start > (axis.now if axis.died else axis.last):
        return None
    end = mark.end or (axis.now if mark.ongoing else max((mark.start, *mark.doses)))
    end = max(min(end, axis.now) if axis.died else end, mark.start)
    if end < axis.first:
        return None
    left, right = max(axis.x(mark.start), 0.0), min(axis.x(end), axis.width)
    if mark.style == Style.BLOCKS:
        half = 2 * size.k
        days = [day for day in _days(mark) if axis.shows(day)]
        if not days:
            return None
        return (max(0.0, axis.x(days[0]) - half), min(axis.width, axis.x(days[-1]) + half))
    least = 4 * size.k
    if right - left < least:
        right = min(axis.width, left + least)
        left = min(left, right - least)
    return (left, right)


def _width(mark: LineMark, said: str, size: Size) -> float:
    whole = " ".join(part for part in (mark.number, said) if part)
    return text_width(whole, size.sub_font, bold=True)


def _reserved(mark: LineMark, span: Extent, axis: Axis, size: Size) -> tuple[Extent, ...]:
    """The span; where the number does not fit into the bar, with room for it at the right, else at the left."""
    if not mark.number:
        return (span,)
    width = _width(mark, "", size)
    if mark.style != Style.BLOCKS and width + 2 * INSET * size.k <= span[1] - span[0]:
        return (span,)
    beside = BESIDE * size.k + width + 3 * size.k
    right, left = (span[0], span[1] + beside), (span[0] - beside, span[1])
    if _open_right(mark) or not _clear_of_now(span[1], right[1], axis) or right[1] > axis.width:
        return (left,)
    return (right, left) if left[0] >= 0 else (right,)


def _open_right(mark: LineMark) -> bool:
    return mark.ongoing or mark.planned


def _clear_of_now(left: float, right: float, axis: Axis) -> bool:
    """Words do not run over the line of today."""
    now = axis.x(axis.now)
    return right <= now - 2 or left >= now


def line_groups(laid: Sequence[Laid], top: float, axis: Axis, size: Size, prefix: str) -> tuple[Group, ...]:
    """The links of a lane whose first row begins at `top`, row by row, each in order of start."""
    groups: list[Group] = []
    for number in range(max((each.row for each in laid), default=-1) + 1):
        on_row = sorted((each for each in laid if each.row == number), key=lambda each: each.x0)
        row = Row(axis.width, scale=size.k)
        for each in on_row:
            row.claim(each.reserved)
        y = top + number * size.line + size.pad
        groups += [_group(each, row, y, axis, size, prefix) for each in on_row]
    return tuple(groups)


def place_label(each: Laid, row: Row, axis: Axis, size: Size) -> Place | None:
    """Inside if it fits, else right, else left; else the short form, else the number; never over anything."""
    mark, k = each.mark, size.k
    places = []
    for said in dict.fromkeys((mark.label, mark.short, "")):
        if not (said or mark.number):
            continue
        width = _width(mark, said, size)
        if mark.style != Style.BLOCKS and width + 2 * INSET * k <= each.x1 - each.x0:
            x = each.x0 + INSET * k
            places.append(Place(said, x, "", (x, x + width), inside=True))
        right = row.right_of(each.x1 + BESIDE * k, said, width)
        if not _open_right(mark) and _clear_of_now(*right.extent, axis):
            places.append(right)
        places.append(row.left_of(each.x0 - BESIDE * k, said, width))
    return row.first(places, beside=(each.reserved,))


def _group(each: Laid, row: Row, y: float, axis: Axis, size: Size, prefix: str) -> Group:
    mark, k = each.mark, size.k
    height = size.line - 2 * size.pad
    if mark.style == Style.BLOCKS:
        shapes = _blocks(each, y, height, axis, size)
    else:
        shapes = _bar(each, y, height, axis, size, prefix)
    wide = max(24 * k, each.x1 - each.x0)
    left = min(max(0.0, (each.x0 + each.x1 - wide) / 2), axis.width - wide)
    shapes.append(rect("hit", left, y - size.pad + 2, wide, max(24 * k, size.line - 4)))
    place = place_label(each, row, axis, size)
    if place is not None:
        marked = place.inside and not mark.planned and (mark.beside or mark.style not in {Style.PLAIN, Style.BLOCKS})
        baseline = y + size.inside if marked else y + height / 2 + 4 * k
        css = "lbl" if place.inside else "lbl halo"
        shapes.append(
            words(css, place.x, baseline, place.words, anchor=place.anchor, strong=mark.number, strong_css="")
        )
    return Group(tuple(shapes), mark.title, mark.url, f"mo {mark.swatch}")


def _blocks(each: Laid, y: float, height: float, axis: Axis, size: Size) -> list[Shape]:
    """One full-height block for each session; a thread between the first and the last."""
    half = 2 * size.k
    if each.mark.planned:
        return [stroke("bar", d("M", each.x0, y, "v", height), stroke_dasharray="3 2"), _chevron(each, y, height, size)]
    days = [day for day in _days(each.mark) if axis.shows(day)]
    xs = [min(max(axis.x(day), half), axis.width - half) for day in days]
    shapes = [rect("fill", x - half, y, 2 * half, height, rx=size.k) for x in dict.fromkeys(xs)]
    if xs[-1] > xs[0]:
        shapes.append(stroke("tick", d("M", xs[0], y + height / 2, "H", xs[-1])))
    return shapes


def _chevron(each: Laid, y: float, height: float, size: Size) -> Shape:
    k = size.k
    x = each.x1 - 6 * k if each.mark.planned else each.x1 + 3 * k
    return stroke("open", d("M", x, y + height / 2 - 4 * k, "l", 4 * k, 4 * k, "l", -4 * k, 4 * k))


def _bar(each: Laid, y: float, height: float, axis: Axis, size: Size, prefix: str) -> list[Shape]:
    mark, k = each.mark, size.k
    bottom = y + height
    starts_before = not mark.planned and mark.start < axis.first
    x0 = -6 * k if starts_before else each.x0
    if mark.beside and not mark.planned:
        y += size.inside + 2.2 * k
        height = bottom - y
    shapes: list[Shape] = []
    if _open_right(mark):
        r = 3 * k
        edge = d("M", each.x1, y, "H", x0 + r, "q", -r, 0, -r, r, "v", height - 2 * r, "q", 0, r, r, r, "H", each.x1)
        shapes.append(stroke("bar", edge, **({"stroke_dasharray": "3 2"} if mark.planned else {})))
    else:
        goes_on = mark.end is not None and mark.end > axis.last
        shapes.append(rect("bar", x0, y, each.x1 + (6 * k if goes_on else 0) - x0, height, rx=3 * k))
    if not mark.planned:
        shapes += _given(each, y, bottom, axis, size, prefix)
    if _open_right(mark):
        shapes.append(_chevron(each, y, height, size))
    return shapes


def _given(each: Laid, y: float, bottom: float, axis: Axis, size: Size, prefix: str) -> list[Shape]:
    """What was given: one tick or lollipop for each dose, or a hatched foot as high as the daily dose."""
    mark, k = each.mark, size.k
    foot = (bottom - y) * (1 if mark.beside else 0.27)
    xs = [min(max(axis.x(day), each.x0), each.x1) for day in mark.doses if axis.shows(day)]
    if mark.style == Style.DAILY:
        return _hatched(each, bottom, foot, axis, prefix)
    if mark.style == Style.TICKS and xs:
        return [stroke("tick", "".join(d("M", x, bottom - foot, "V", bottom) for x in dict.fromkeys(xs)))]
    if mark.style == Style.LOLLIPOPS:
        shapes = []
        inner = [min(max(x, each.x0 + 1.5 * k), each.x1 - 1.5 * k) for x in xs]
        for x in dict.fromkeys(inner):
            shapes.append(stroke("tick", d("M", x, y + 5 * k, "V", bottom)))
            shapes.append(circle("fill", x, y + 5 * k, 2.6 * k))
        return shapes
    return []


def _hatched(each: Laid, bottom: float, foot: float, axis: Axis, prefix: str) -> list[Shape]:
    levels = each.mark.levels or ((each.mark.start, 1.0),)
    steps = [(max(axis.x(day), each.x0), level) for day, level in levels]
    shapes = []
    for index, (x, level) in enumerate(steps):
        until = min(steps[index + 1][0] if index + 1 < len(steps) else each.x1, each.x1)
        if until <= x:
            continue
        high = foot * min(max(level, 0.2), 1.5)
        shapes.append(rect("", x, bottom - high, until - x, high, fill=f"url(#{prefix}-{each.mark.swatch})"))
        shapes.append(stroke("tick", d("M", x, bottom - high, "H", until)))
    return shapes
