"""Links only where their reader may go.

`{% open_link "line-start" "Treatment line" patient.pk team=patient.team_id %}` is nothing for whom the page refuses;
`{% way_to step.url row.url team=team_id %}` is the second address then.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from careteam.access.matrix import addresses
from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.web.templatetags import ui

register = template.Library()


@cache
def _gates() -> dict[str, tuple[Permission, ...]]:
    return {address.name: address.permissions for address in addresses()}


def _lets_in(context: dict[str, Any], name: str, team: int | None) -> bool:
    needed = _gates().get(name, ())
    access = access_of(context["request"].user)
    return not needed or any(access.may(permission, team) for permission in needed)


@register.simple_tag(takes_context=True)
def way_to(context: dict[str, Any], url: str, otherwise: str, team: int | None = None) -> str:
    """The stored address of a piece of work where its gate lets the reader in, else `otherwise`.

    Steps are read by everybody in the team, and name the page on which their owner does the work.
    """
    try:
        name = resolve(url.partition("?")[0].partition("#")[0]).url_name or ""
    except Resolver404:
        return otherwise
    return url if _lets_in(context, name, team) else otherwise


@register.simple_tag(takes_context=True)
def open_link(
    context: dict[str, Any], name: str, label: str, *args: Any, team: int | None = None, css: str = "", icon: str = ""
) -> SafeString:
    """The link to the page of that URL name; nothing where its gate refuses the person in the team.

    What the page then allows is for its policy; this spares people a link that can only answer 403.
    """
    if not _lets_in(context, name, team):
        return SafeString("")
    attribute = format_html(' class="{}"', css) if css else ""
    picture = ui.icon(icon) if icon else ""
    return format_html('<a href="{}"{}>{}{}</a>', reverse(name, args=args), attribute, picture, label)
