"""Where words go: never over another word or mark of the same row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Extent = tuple[float, float]
GAP = 2.0


def overlaps(one: Extent, other: Extent, gap: float = 0.0) -> bool:
    """Whether two spans on a row touch each other (closer than `gap` counts)."""
    return one[0] < other[1] + gap and other[0] < one[1] + gap


@dataclass(frozen=True)
class Place:
    """A text that fits: where it is anchored and which stretch of the row it takes."""

    words: str
    x: float
    anchor: str
    extent: Extent
    inside: bool = False


class Row:
    """One row of a lane while it is filled. Marks are claimed first, then words ask for room."""

    def __init__(self, width: float, *, scale: float = 1.0) -> None:
        self.width = width
        self.gap = GAP * scale
        self.taken: list[Extent] = []

    def claim(self, extent: Extent) -> None:
        self.taken.append(extent)

    def is_free(self, extent: Extent, *, beside: Sequence[Extent] = ()) -> bool:
        """Inside the drawing and clear of everything claimed; `beside` names spans that do not count, each once: what
        another mark claims at the same place counts."""
        if extent[0] < 0 or extent[1] > self.width:
            return False
        others = list(self.taken)
        for own in beside:
            if own in others:
                others.remove(own)
        return not any(overlaps(extent, other, self.gap) for other in others)

    def right_of(self, x: float, words: str, width: float) -> Place:
        return Place(words, x, "", (x, x + width))

    def left_of(self, x: float, words: str, width: float) -> Place:
        return Place(words, x, "end", (x - width, x))

    def first(self, places: Sequence[Place], *, beside: Sequence[Extent] = ()) -> Place | None:
        """The first place that is free, claimed at once; None when there is none."""
        for place in places:
            if self.is_free(place.extent, beside=beside):
                self.claim(place.extent)
                return place
        return None
