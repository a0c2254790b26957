"""What somebody types in the form of a decision and has not recorded: kept as a draft, told to the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import forms
from django.http import QueryDict

from careteam.web.stale import in_words
from tumorboard.decisions.rules import Option
from tumorboard.live.forms.decision import DecisionForm
from tumorboard.live.forms.shape import ROW, TERMS, Shape

_HIDDEN = ("version", "opened")


def typed_in(data: QueryDict) -> dict[str, list[str]]:
    """What a form sent, as a draft keeps it: every field of the decision, none of the page's own."""
    shape = Shape.of({}, data)
    names = {*DecisionForm.base_fields, "owner", "trial"}
    names |= {f"{name}_{option}" for option in shape.options for name in TERMS}
    names |= {f"why_{option}" for option in shape.considered}
    names |= {f"{name}_{row}" for row in shape.rows for name in ("what", "kind", "owner", "due")}
    return {name: data.getlist(name) for name in data if name in names}


def as_data(content: Mapping[str, Sequence[str]]) -> QueryDict:
    """A draft as the browser would send it."""
    data = QueryDict(mutable=True)
    for name, values in content.items():
        data.setlist(name, list(values))
    return data


class TypingForm(forms.Form):
    """In which field of the decision somebody is writing."""

    field = forms.CharField(max_length=40)

    def clean_field(self) -> str:
        """The label of the field: what the others read."""
        name = self.cleaned_data["field"]
        if name in DecisionForm.base_fields and name not in _HIDDEN:
            return str(DecisionForm.base_fields[name].label)
        kind, _, of = name.partition("_")
        if kind in TERMS and of in Option.values:
            return f"the terms of {Option(of).label}"
        if kind == "why" and of in Option.values:
            return f"why not {Option(of).label}"
        if name in {"owner", "trial"} or ROW.fullmatch(name):
            return {"owner": "Owner", "trial": "Which trial"}.get(name, "Another action")
        raise forms.ValidationError("There is no such field.")


def typed_words(content: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Label and words of what somebody typed or chose and could not record any more: nothing of it is lost."""
    data = as_data(content)
    form = DecisionForm(people=(), shape=Shape.of({}, data))
    found = []
    for name, field in form.fields.items():
        value = data.getlist(name) if isinstance(field, forms.MultipleChoiceField) else data.get(name, "").strip()
        is_said = isinstance(field, forms.CharField | forms.MultipleChoiceField) and name not in _HIDDEN
        if value and is_said:
            found.append((str(field.label), in_words(field, value)))
    return found
