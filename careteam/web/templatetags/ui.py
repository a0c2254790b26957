"""The interface's parts as template tags and filters. `docs/architecture.md` says where each is used;
`templates/components/states.html` shows every one of them once.

A builtin library: no `{% load %}` needed. Tags raise at once when they are used wrongly (an unknown kind is a bug).
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, widgets
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from careteam.web import marks, responses, svg, words
from careteam.web.paging import Page, with_params
from careteam.web.svg import Sparkline

register = template.Library()

register.filter("day_of_week", words.weekday)
register.filter("since", words.since)
register.filter("ago", words.ago)
register.filter("clock", words.clock)
register.filter("num", words.num)
register.filter("pct", words.pct)
register.filter("plural", words.plural)
register.filter("in_words", words.in_words)
register.filter("language", words.language_name)


@register.filter
def day(value: object, near: object = None) -> str:
    """`{{ d|day }}` 3 Oct 2026; `{{ d|day:today }}` 3 Oct in the year of today; `{{ d|day:"short" }}` 3 Oct ’26."""
    if near == "short":
        return words.short_day(value)
    if near == "weekday":
        return words.weekday(value)
    return words.day(value, near)


@register.filter
def moment(value: object, near: object = None) -> str:
    """`{{ at|moment:today }}`: 14:05 today, else 3 Oct, 14:05, with the year when it is another."""
    return words.moment(value, near)


@register.filter
def age(person: object, today: object) -> str:
    """Whole years of a person (anything with `birth_date`) or a birth date; empty when unknown.

    Someone who has died keeps the age at death where the object knows it (`deceased_on`).
    """
    born = getattr(person, "birth_date", person)
    years = words.age(born, getattr(person, "deceased_on", None) or today)
    return "" if years is None else str(years)


@register.filter
def inline_svg(document: str) -> SafeString:
    """An SVG document of a library of ours without its XML prolog, ready to stand in the page.

    Never for uploads. Raises ValueError if it is anything but one svg element.
    """
    start = document.find("<svg")
    if start < 0 or not document.rstrip().endswith("</svg>"):
        raise ValueError("not an SVG document")
    return SafeString(document[start:])


@register.filter
def shortcut(nav_key: str) -> str:
    """The second key of `g …` for an entry of the rail; empty when it has none."""
    return {"inbox": "n"}.get(nav_key, nav_key[:1] if nav_key in NAV_KEYS else "")


NAV_KEYS = frozenset({"workspace", "patients", "imaging", "goals", "boards", "inbox", "reports"})


# --- shapes and words -------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of `static/img/icons.svg`, hidden from screen readers: a word stands beside it, or an aria-label."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("img/icons.svg"), name)


@register.simple_tag
def mark(kind: str) -> SafeString:
    """The bare shape of a kind (`red amb grn acc bar pd pr cr sd ne`)."""
    return marks.mark(kind)


@register.simple_tag
def tag(kind: str, text: object) -> SafeString:
    """A badge of shape and word; `plain` for a neutral word, `count` for "3 new"."""
    return marks.tag(kind, text)


@register.simple_tag
def progress(value: int, maximum: int, label: str) -> SafeString:
    """A progress bar with its words for those who do not see it."""
    return format_html(
        '<progress value="{}" max="{}" aria-label="{}">{} of {}</progress>', value, maximum, label, value, maximum
    )


@register.simple_tag
def kv(pairs: Iterable[tuple[object, object]]) -> SafeString:
    """A summary list of (label, value) pairs; an empty value is written as a dash."""
    rows = ((label, "–" if value is None or value == "" else value) for label, value in pairs)
    return format_html('<dl class="kv">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))


@register.simple_tag
def changes(before: str, after: str) -> SafeString:
    """What turns `before` into `after`, word by word: `<del>` and `<ins>`. An empty `after` is written as "empty"."""
    old, new = before.split(), after.split()
    parts: list[SafeString] = []
    for step, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if step == "equal":
            parts.append(format_html("{}", " ".join(old[a:b])))
            continue
        if a < b:
            parts.append(format_html("<del>{}</del>", " ".join(old[a:b])))
        if c < d:
            parts.append(format_html("<ins>{}</ins>", " ".join(new[c:d])))
    if not new:
        parts.append(format_html("<ins>{}</ins>", "empty"))
    return format_html_join(" ", "{}", ((part,) for part in parts))


@register.inclusion_tag("components/empty.html")
def empty(icon_name: str, heading: str, body: str = "", action_url: str = "", action: str = "") -> dict[str, object]:
    """What belongs here and the first action. `action_url` empty: no button."""
    return {"icon_name": icon_name, "heading": heading, "body": body, "action_url": action_url, "action": action}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[object], label: str = "Sections") -> dict[str, object]:
    """Tabs as links (`parts.Tab` or mappings with label, url, current, count)."""
    return {"items": items, "label": label}


@register.simple_tag
def spark(line: Sparkline) -> SafeString:
    """A sparkline for a table cell, with its course in words for those who do not see it."""
    dot = format_html('<circle cx="{}" cy="{}" r="2"/>', *map(svg.text, line.last)) if line.last else ""
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><path d="{}"/>{}</svg>',
        line.width,
        line.height,
        line.label,
        line.d,
        dot,
    )


# --- forms ------------------------------------------------------------------------------------------------------------


def _prepare(bound: BoundField) -> None:
    """Choose input types that help and that can show back whatever was typed, however wrong."""
    widget = bound.field.widget
    # What stands inside a control vanishes while typing; hints stand above it.
    widget.attrs.pop("placeholder", None)
    if isinstance(widget, widgets.NumberInput):
        # type=number drops text it cannot read, so a typing error would be lost.
        widget.input_type = "text"
        widget.attrs.setdefault("inputmode", "numeric" if "step" not in widget.attrs else "decimal")
        for limit in ("step", "min", "max"):  # the server checks them; a text input has none
            widget.attrs.pop(limit, None)
        return
    native = {
        widgets.DateInput: ("date", "%Y-%m-%d"),
        widgets.DateTimeInput: ("datetime-local", "%Y-%m-%dT%H:%M"),
        widgets.TimeInput: ("time", "%H:%M"),
    }.get(type(widget))
    # A date that could not be read stays a text field: a date picker would show it empty.
    if native and widget.input_type == "text" and not bound.errors:
        widget.input_type, widget.format = native
        if isinstance(widget, widgets.DateTimeInput):
            widget.supports_microseconds = False


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, unit: str = "", hint: str | None = None, label: str = "", rows: int = 0
) -> dict[str, object]:
    """Label, hint, error, control.

    `hint` replaces the help text ("" leaves it out), `unit` (or `widget.attrs["data-unit"]`) is glued to the control,
    `rows` is for textareas.
    Radio buttons and several checkboxes become pills in a fieldset, one checkbox a line of its own.
    """
    if not isinstance(bound, BoundField):
        raise TypeError(f"field wants a form's field, got {type(bound).__name__}")
    _prepare(bound)
    widget = bound.field.widget
    unit = unit or str(widget.attrs.pop("data-unit", ""))
    name = bound.auto_id or bound.html_name
    if hint is None:
        hint = str(bound.help_text)
    elif not hint:
        bound.help_text = ""  # otherwise Django describes the control by an element that is not there
    notes = ((f"{name}-h", hint), (f"{name}-e", bound.errors), (f"{name}-u", unit))
    described = " ".join(note for note, there in notes if there)
    attrs: dict[str, Any] = {"aria-describedby": described} if described else {}
    if rows:
        attrs["rows"] = rows
    grouped = isinstance(widget, (widgets.RadioSelect, widgets.CheckboxSelectMultiple))
    return {
        "bound": bound,
        "label": label or bound.label,
        "unit": unit,
        "hint": hint,
        "name": name,
        "described": described,
        "layout": "group" if grouped else "check" if isinstance(widget, widgets.CheckboxInput) else "line",
        "control": "" if grouped else bound.as_widget(attrs=attrs),
        "optional": not bound.field.required and any(other.field.required for other in bound.form.visible_fields()),
    }


@register.simple_tag
def form_fields(form: BaseForm) -> SafeString:
    """Every field of a form, hidden ones first, one below the other."""
    parts = [str(hidden) for hidden in form.hidden_fields()]
    parts += [render_to_string("components/field.html", field(bound)) for bound in form.visible_fields()]
    return format_html_join("", "{}", ((SafeString(part),) for part in parts))


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm) -> dict[str, object]:
    """All errors of one or more forms in one box that takes focus; nothing when there are none."""
    problems: list[tuple[str, str]] = []
    for form in forms:
        problems += [("", str(message)) for message in form.non_field_errors()]
        for bound in [*form.hidden_fields(), *form.visible_fields()]:
            target = bound.id_for_label or f"{bound.auto_id}_0"
            problems += [(target, f"{bound.label}: {message}") for message in bound.errors]
    noun = "thing needs" if len(problems) == 1 else "things need"
    return {"problems": problems, "heading": f"{words.in_words(len(problems))} {noun} a look"}


@register.simple_block_tag
def dialog(content: str, name: str, title: str, lead: str = "") -> SafeString:
    """A native dialog, opened by any button with `data-opens="name"`, closed by Escape or `data-closes`."""
    return SafeString(
        render_to_string("components/dialog.html", {"name": name, "title": title, "lead": lead, "content": content})
    )


@register.inclusion_tag("components/filters.html")
def filters(form: BaseForm, keep: Mapping[str, str] | None = None) -> dict[str, object]:
    """A bar of coded filters kept in the URL (GET). Only choices and ticks belong here: no names, no free text. Many
    fold up on a small screen, where their heading says what is chosen."""
    fields = form.visible_fields()
    return {"form": form, "keep": keep or {}, "folds": len(fields) > 3, "chosen": [*_chosen(fields)]}


def _chosen(fields: Iterable[BoundField]) -> Iterator[str]:
    """`Owner: Nobody, or absent` for each choice that filters."""
    for bound in fields:
        choices = dict(getattr(bound.field, "choices", ()))
        value = bound.value() or ""
        if value and value in choices:
            yield f"{bound.label}: {choices[value]}"


# --- lists ------------------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/pager.html")
def pager(page: Page[Any], label: str = "Pages") -> dict[str, object]:
    """Links to the next and the previous page; nothing when everything fits."""
    return {"page": page, "label": label}


@register.simple_tag
def sort_th(page: Page[Any], key: str, label: str = "", css: str = "") -> SafeString:
    """A header cell that sorts on the server. The link keeps the filters and starts at the first page again."""
    sort = next(option for option in page.sorts if option.key == key)
    current = page.sort.key == key
    # The current column offers the other direction, every other column its own first direction.
    descending = not page.descending if current else sort.descending
    url = with_params(page.params, sort=f"{'-' if descending else ''}{key}")
    arrow = ("\u00a0▾" if page.descending else "\u00a0▴") if current else ""
    state = "descending" if page.descending else "ascending"
    return format_html(
        '<th scope="col"{}{}><a href="{}">{}{}</a></th>',
        format_html(' class="{}"', css) if css else "",
        format_html(' aria-sort="{}"', state) if current else "",
        url,
        label or sort.label,
        arrow,
    )


@register.inclusion_tag("components/toasts.html")
def toast_list(messages: Iterable[Any] | None) -> dict[str, object]:
    """The messages of the last answer as toasts, with the undo button of `responses.toast`."""
    shown = [
        {"text": str(item), "undo": responses.undo_url(item), "kind": responses.kind(item)} for item in messages or ()
    ]
    return {"toasts": shown}
