"""Two people on one form: what a stale save shows, and how the answer to it is read.

A view that caught a stale save answers 409 with `conflict_context` and `components/conflict.html`: as opened, theirs,
yours, one choice per field that differs, everything typed kept in the page. The answer comes back as the same form with
`take_<field>` = `theirs` or `yours`; `resolved` puts the saved values where theirs was chosen.

Values of a row are given as a mapping of field name to the value the form would start with (`initial`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms

from careteam.web import words
from careteam.web.parts import Difference
from careteam.web.responses import conflict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict

_NOT_COMPARED = frozenset({"version", "opened"})


def in_words(field: forms.Field, value: Any) -> str:
    """A form's value as a person reads it: the label of a choice, yes and no, a date; empty for nothing."""
    if value is None or value in ("", []):
        return ""
    if isinstance(field, forms.ModelChoiceField):
        found = value if hasattr(value, "pk") else field.queryset.filter(pk=value).first() if field.queryset else None
        return str(found or value)
    if isinstance(field, forms.MultipleChoiceField):
        labels = _labels(field)
        return ", ".join(labels.get(str(each), str(each)) for each in value)
    if isinstance(field, forms.ChoiceField):
        return _labels(field).get(str(value), str(value))
    if isinstance(value, bool) or str(value).lower() in {"true", "false"}:
        return "Yes" if str(value).lower() == "true" else "No"
    if isinstance(value, datetime):
        return words.moment(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return words.day(value) if isinstance(value, date) else str(value)


def _labels(field: forms.ChoiceField) -> dict[str, str]:
    found: dict[str, str] = {}
    choices: Iterable[Any] = field.choices  # type: ignore[assignment]
    for value, label in choices:
        if isinstance(label, list | tuple):
            found |= {str(inner): str(text) for inner, text in label}
        else:
            found[str(value)] = str(label)
    return found


def _sent(field: forms.Field, value: Any) -> Any:
    """A starting value as the browser would send it back."""
    if hasattr(value, "pk"):
        return str(value.pk)
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if isinstance(field, forms.BooleanField) and not isinstance(field, forms.NullBooleanField):
        return "on" if value else ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def resolved(data: QueryDict, form: forms.BaseForm, theirs: Mapping[str, Any]) -> QueryDict:
    """What was sent; where `take_<field>` says theirs, with the saved value. `form` is any form of that class."""
    chosen = data.copy()
    for name, field in form.fields.items():
        if data.get(f"take_{name}") != "theirs":
            continue
        value = _sent(field, theirs.get(name))
        if isinstance(value, list):
            chosen.setlist(name, value)
        else:
            chosen[name] = value
    return chosen


def as_opened(form: forms.BaseForm, start: Mapping[str, Any]) -> str:
    """What a form starts with, as the browser would send it back: for a hidden field `opened`, by which a later save
    knows what this person changed."""
    return json.dumps({name: _listed(_sent(field, start.get(name))) for name, field in _compared(form)})


def joined(form: forms.BaseForm, data: QueryDict, theirs: Mapping[str, Any]) -> tuple[QueryDict, list[Difference]]:
    """Two people's changes of one row, field by field: what only they changed is taken from them, what this person
    changed stays. The fields that both changed, and differently, come back as rows; there this person's value stays
    in the data. Without a readable `opened` every field counts as this person's."""
    try:
        opened = json.loads(data.get("opened", ""))
    except ValueError:
        opened = None
    chosen, both = data.copy(), []
    for name, field in _compared(form):
        saved, typed = _listed(_sent(field, theirs.get(name))), _listed(data.getlist(name))
        before = _listed(opened.get(name)) if isinstance(opened, dict) else None
        if saved == typed:
            continue
        if before == typed:
            chosen.setlist(name, saved)
        elif before != saved:
            label = str(field.label or name.replace("_", " ").capitalize())
            base, yours = in_words(field, _value(field, before)), in_words(field, _value(field, typed))
            both.append(Difference(name, label, base, in_words(field, theirs.get(name)), yours))
    return chosen, both


def _compared(form: forms.BaseForm) -> Iterable[tuple[str, forms.Field]]:
    return ((name, field) for name, field in form.fields.items() if name not in _NOT_COMPARED)


def _listed(value: Any) -> list[str]:
    """A sent value as a list of what is in it; order and the line ends of a browser do not count."""
    values = value if isinstance(value, list) else [value]
    texts = (str(each).replace("\r\n", "\n").strip() for each in values if each is not None)
    return sorted(text for text in texts if text)


def _value(field: forms.Field, sent: list[str] | None) -> Any:
    if isinstance(field, forms.MultipleChoiceField):
        return sent or []
    return bool(sent) if isinstance(field, forms.BooleanField) else (sent or [""])[0]


def three_way(form: forms.BaseForm, base: Mapping[str, Any] | None, theirs: Mapping[str, Any]) -> list[Difference]:
    """One row for each field that this person typed otherwise than it was saved, or that was saved otherwise
    meanwhile, all in words. `base` None: what stood there when the form was opened is not known."""
    rows = []
    for name, field in form.fields.items():
        if name in _NOT_COMPARED or name not in theirs:
            continue
        saved = in_words(field, theirs[name])
        typed = in_words(field, form.cleaned_data.get(name))
        before = in_words(field, base.get(name)) if base is not None else saved
        if before == saved == typed:
            continue
        label = str(field.label or name.replace("_", " ").capitalize())
        rows.append(Difference(name, label, before, saved, typed))
    return rows


def conflict_context(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    base: Mapping[str, Any] | None,
    theirs: Mapping[str, Any],
    version: int,
    who: str = "",
    at: datetime | None = None,
) -> dict[str, Any]:
    """For `components/conflict.html`. `version` is the row's present one; `who` saved it `at`."""
    data: Any = form.data
    hidden = {
        name: values
        for name, values in data.lists()
        if name not in {"csrfmiddlewaretoken", "version"} and not name.startswith("take_")
    }
    when = f" at {words.moment(at)}" if at else ""
    return {
        "stale": True,
        "said": f"{who or 'Somebody'} saved this{when}, after you opened it. Nothing was overwritten.",
        "theirs_label": f"Saved by {who}" if who else "Saved meanwhile",
        "rows": three_way(form, base, theirs),
        "hidden_lists": hidden,
        "hidden": {"version": version},
        "action": request.path,
    }


@dataclass(frozen=True)
class Saved:
    """The last save of a row: by whom and when; and the row as it was in the version a form was opened with."""

    who: str
    at: datetime | None
    opened: Any


def stale_answer(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    form: Any,
    current: Any,
    meanwhile: Callable[[Any, int], Saved],
) -> HttpResponse:
    """409 of a form with `start_of(row)` and `version`: as opened, theirs and yours side by side, who saved meanwhile
    (`meanwhile(row, opened version)`); every typed value travels on in the page."""
    saved = meanwhile(current, form.cleaned_data.get("version") or 0)
    shown = conflict_context(
        request,
        form,
        base=form.start_of(saved.opened) if saved.opened is not None else None,
        theirs=form.start_of(current),
        version=current.version,
        who=saved.who,
        at=saved.at,
    )
    return conflict(request, template, {**context, **shown})
