"""What a drawing is made of: shapes in groups in panes, sizes, the width of words. Pure; a template writes the SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from careteam.web.svg import text as number

Attrs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shape:
    """One SVG element. `strong` is a bold beginning of a text (the number of a line)."""

    tag: str
    css: str
    attrs: Attrs
    words: str = ""
    strong: str = ""
    strong_css: str = ""


@dataclass(frozen=True)
class Group:
    """Shapes that belong together: a link with a title, a titled group, or (neither) just shapes."""

    shapes: tuple[Shape, ...]
    title: str = ""
    url: str = ""
    css: str = ""

    @property
    def is_plain(self) -> bool:
        return not (self.title or self.url or self.css)


@dataclass(frozen=True)
class Pane:
    """One svg element with its own coordinates."""

    width: float
    height: float
    groups: tuple[Group, ...]

    @property
    def box(self) -> str:
        return f"0 0 {number(self.width)} {number(self.height)}"

    @property
    def wide(self) -> str:
        return number(self.width)

    @property
    def high(self) -> str:
        return number(self.height)


@dataclass(frozen=True)
class Size:
    """A presentation: `k` scales marks, the rest are lengths and letter sizes in units of the drawing.

    `letters`: every response is written below its mark (else only progression is). `pad` lies above and below a bar,
    `inside` is the baseline of a label in a bar, from the bar's top.
    """

    name: str
    k: float
    column: int
    plot: int
    head: int
    band: int
    line: int
    scan: int
    pet: int
    curve: int
    lane_font: float
    sub_font: float
    letter_font: float
    letters: bool
    inside: float
    pad: float


SCREEN = Size("screen", 1, 104, 1060, 44, 26, 30, 38, 28, 70, 12, 11, 10.5, letters=True, inside=11.5, pad=4)
PROJECTOR = Size("projector", 2.2, 222, 1612, 82, 34, 54, 62, 38, 70, 24, 24, 24, letters=False, inside=22.5, pad=5.7)
PAPER = Size("paper", 1, 104, 700, 44, 26, 30, 38, 28, 62, 12, 11, 10.5, letters=True, inside=11.5, pad=4)
SIZES = {size.name: size for size in (SCREEN, PROJECTOR, PAPER)}

# Advance widths in thousandths of the letter size, of Noto Sans: the widest face of the stylesheet's stack.
_WIDE = {
    **dict.fromkeys("ijlI|!.,:;'’‘ ", 270),
    **dict.fromkeys("frt()[]-/", 385),
    **dict.fromkeys("csxz“”", 480),
    **dict.fromkeys("aevykJ?", 545),
    **dict.fromkeys("bdghnopqu0123456789EFLPRSTYZ×–+", 618),
    **dict.fromkeys("ABCDKVXGHNUOQ&", 760),
    **dict.fromkeys("mwMW%@…—", 935),
}
_OTHER_LETTER = 720  # accents, other scripts: on the wide side
RESERVE = 1.05
_BOLD = 1.08


def text_width(words: str, size: float, *, bold: bool = False) -> float:
    """How wide the words may get at this letter size, with 5 % to spare; bold faces are wider."""
    thousandths = sum(_WIDE.get(letter, _OTHER_LETTER) for letter in words)
    return thousandths / 1000 * size * RESERVE * (_BOLD if bold else 1)


def rect(css: str, x: float, y: float, width: float, height: float, *, rx: float = 0, **extra: str) -> Shape:
    attrs = [("x", number(x)), ("y", number(y)), ("width", number(width)), ("height", number(height))]
    if rx:
        attrs.append(("rx", number(rx)))
    return Shape("rect", css, (*attrs, *_extra(extra)))


def circle(css: str, x: float, y: float, r: float) -> Shape:
    return Shape("circle", css, (("cx", number(x)), ("cy", number(y)), ("r", number(r))))


def line(css: str, d: str, **extra: str) -> Shape:
    """Any path; `d` is path data."""
    return Shape("path", css, (("d", d), *_extra(extra)))


def words(
    css: str, x: float, y: float, said: str, *, anchor: str = "", strong: str = "", strong_css: str = "tl-b"
) -> Shape:
    """A text that starts at x (or ends, or has its middle there)."""
    attrs = [("x", number(x)), ("y", number(y))]
    if anchor:
        attrs.append(("text-anchor", anchor))
    return Shape("text", css, tuple(attrs), said, strong, strong_css if strong else "")


def dots(points: Iterable[tuple[float, float]], r: float) -> str:
    """Path data of one small circle for each point: one element however long the series is."""
    n = number
    return "".join(
        f"M{n(x - r)} {n(y)}a{n(r)} {n(r)} 0 1 0 {n(2 * r)} 0a{n(r)} {n(r)} 0 1 0 {n(-2 * r)} 0" for x, y in points
    )


def squares(points: Iterable[tuple[float, float]], half: float) -> str:
    """Path data of one small square around each point."""
    n = number
    return "".join(f"M{n(x - half)} {n(y - half)}h{n(2 * half)}v{n(2 * half)}h{n(-2 * half)}z" for x, y in points)


def d(*parts: str | float) -> str:
    """Path data from commands and lengths: `d("M", 3, 4, "h", 10)` is `M3 4h10`."""
    written = ""
    after_command = True
    for part in parts:
        if isinstance(part, str):
            written += part
            after_command = True
        else:
            written += number(part) if after_command else f" {number(part)}"
            after_command = False
    return written


def _extra(extra: dict[str, str]) -> Attrs:
    return tuple((name.replace("_", "-"), value) for name, value in extra.items())
