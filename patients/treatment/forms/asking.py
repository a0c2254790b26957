"""How the fields of a plan are asked: one form field for each answer of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from patients.protocol.queries import TeamNumber
from patients.treatment.rules import Ask, Kind, Plan

AS_TYPED = "The dose is meant as typed"
PREFIX = "plan_"


class Suggesting(forms.TextInput):
    """A text field with a list of what is usual; anything else may be typed."""

    def __init__(self, options: Sequence[str] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.options = tuple(options)

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        attrs = dict(attrs or {})
        if not self.options:
            return super().render(name, value, attrs, renderer)
        list_id = f"{attrs.get('id', name)}-list"
        box = super().render(name, value, {**attrs, "list": list_id, "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((option,) for option in self.options))
        return format_html('{}<datalist id="{}">{}</datalist>', box, list_id, options)


def _bounds(ask: Ask, number: TeamNumber | None) -> str:
    parts = [ask.hint] if ask.hint else []
    if number is not None:
        parts.append(f"Usually {number.value.normalize():f} {number.definition.unit}")
    return " ".join(parts)


def plan_field(ask: Ask, number: TeamNumber | None) -> forms.Field:
    """The form field of one answer. Never required here: the plan's own rules say what is missing, in a sentence."""
    common: dict[str, Any] = {"label": ask.label, "required": False, "help_text": _bounds(ask, number)}
    attrs = {"data-unit": ask.unit} if ask.unit else {}
    match ask.kind:
        case Kind.CHOICE:
            return forms.ChoiceField(choices=[("", "Not stated"), *ask.choices], **common)
        case Kind.SEVERAL:
            return forms.MultipleChoiceField(choices=ask.choices, widget=forms.CheckboxSelectMultiple, **common)
        case Kind.WHOLE:
            return forms.IntegerField(widget=forms.NumberInput(attrs=attrs), **common)
        case Kind.NUMBER:
            widget = forms.NumberInput(attrs={**attrs, "step": "any"})
            return forms.DecimalField(max_digits=10, decimal_places=3, widget=widget, **common)
        case Kind.YES:
            return forms.BooleanField(**common)
        case Kind.DAY:
            return forms.DateField(widget=forms.DateInput, **common)
        case _:
            return forms.CharField(max_length=250, **common)


def plan_fields(plan: type[Plan], protocol: Mapping[str, TeamNumber]) -> dict[str, forms.Field]:
    """{`plan_…`: field} for every answer of the plan, in its order."""
    return {f"{PREFIX}{name}": plan_field(ask, protocol.get(ask.number)) for name, ask in plan.asks().items()}


def answers_in(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of the plan among the cleaned data of a form."""
    return {name.removeprefix(PREFIX): value for name, value in cleaned.items() if name.startswith(PREFIX)}
