"""The shapes that stand beside every red, amber or green: state is never carried by color alone."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

RING = '<circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="2"/>'
BAR = '<rect x="1" y="3.5" width="10" height="5" rx="1"/>'
UP = '<path d="M6 .5l6 11H0z"/>'
DOWN = '<path d="M6 11.5l6-11H0z"/>'
DISC = '<circle cx="6" cy="6" r="5.5"/>'
SHAPES = {
    "red": UP,  # late or harmful
    "amb": '<path d="M6 0l6 6l-6 6l-6-6z"/>',  # needs attention
    "grn": DISC,  # met, done
    "acc": RING,  # planned
    "bar": BAR,  # stopped, neutral
    "pd": UP,  # RECIST: progression
    "pr": DOWN,  # partial response
    "cr": DISC,  # complete response
    "sd": BAR,  # stable
    "ne": '<path d="M2 2l8 8M10 2l-8 8" fill="none" stroke="currentColor" stroke-width="2"/>',  # not evaluable
}
COLORS = {"red": "red", "amb": "amb", "grn": "grn", "acc": "acc", "pd": "red", "pr": "grn", "cr": "grn"}


def mark(kind: str) -> SafeString:
    """The shape of a kind as an SVG of text height, hidden from screen readers: the word beside it speaks.

    Raises KeyError for a kind that has no shape.
    """
    # Constant markup from the table above, nothing from outside.
    shape = mark_safe(SHAPES[kind])
    return format_html('<svg class="mk" viewBox="0 0 12 12" aria-hidden="true">{}</svg>', shape)


def tag(kind: str, text: object) -> SafeString:
    """A badge: shape and word. `plain` (or an empty kind) has neither color nor shape. Raises KeyError if unknown."""
    if kind in ("", "plain"):
        return format_html('<span class="tag plain">{}</span>', text)
    if kind == "count":
        return format_html('<span class="tag acc plain">{}</span>', text)
    color = COLORS.get(kind)
    return format_html('<span class="{}">{}{}</span>', f"tag {color}" if color else "tag", mark(kind), text)
