"""`{% shapes pane %}`: the elements of a drawing as SVG, escaped. Plain Python: a course has a thousand of them."""

from html import escape  # a course has ten thousand attributes: Django's escape asks each for being lazy or safe

from django import template
from django.utils.safestring import SafeString, mark_safe

from patients.reports.rules.shapes import Group, Pane, Shape

register = template.Library()


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"'


def _element(shape: Shape) -> str:
    attributes = _attribute("class", shape.css) if shape.css else ""
    attributes += "".join(_attribute(name, value) for name, value in shape.attrs)
    if shape.tag != "text":
        return f"<{shape.tag}{attributes}/>"
    strong = ""
    if shape.strong:
        css = _attribute("class", shape.strong_css) if shape.strong_css else ""
        strong = f"<tspan{css}>{escape(shape.strong)}</tspan>{' ' if shape.words else ''}"
    return f"<text{attributes}>{strong}{escape(shape.words)}</text>"


def _group(group: Group) -> str:
    inner = "".join(_element(shape) for shape in group.shapes)
    if group.is_plain:
        return inner
    tag = "a" if group.url else "g"
    attributes = (_attribute("href", group.url) if group.url else "") + (
        _attribute("class", group.css) if group.css else ""
    )
    title = f"<title>{escape(group.title)}</title>" if group.title else ""
    return f"<{tag}{attributes}>{title}{inner}</{tag}>\n"


@register.simple_tag
def shapes(pane: Pane) -> SafeString:
    """What stands inside the svg element of the pane. Every word and attribute is escaped here."""
    return mark_safe("".join(_group(group) for group in pane.groups))
