"""`{% open_link "line-start" "Treatment line" patient.pk team=patient.team_id %}`: only for whom its page lets in."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.urls import reverse
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


@register.simple_tag(takes_context=True)
def open_link(
    context: dict[str, Any], name: str, label: str, *args: Any, team: int | None = None, css: str = "", icon: str = ""
) -> SafeString:
    """The link to the page of that URL name; nothing where its gate refuses the person in the team.

    What the page then allows is for its policy; this spares people a link that can only answer 403.
    """
    needed = _gates()[name]
    access = access_of(context["request"].user)
    if needed and not any(access.may(permission, team) for permission in needed):
        return SafeString("")
    attribute = format_html(' class="{}"', css) if css else ""
    picture = ui.icon(icon) if icon else ""
    return format_html('<a href="{}"{}>{}{}</a>', reverse(name, args=args), attribute, picture, label)
