"""Fields of the goals forms: what is typed comes back whole, however long."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.goals.rules import FIELD_LIMIT


def too_long(label: str, limit: int) -> dict[str, str]:
    message = f"{label} is too long to sign: %(show_value)d characters, {limit:,} fit. Shorten it; the draft keeps it."
    return {"max_length": message}


class LongText(forms.CharField):
    """Several lines in own words."""

    def __init__(self, label: str, hint: str = "", *, rows: int = 2, required: bool = False) -> None:
        super().__init__(
            label=label,
            required=required,
            help_text=hint,
            max_length=FIELD_LIMIT,
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages=too_long(label, FIELD_LIMIT),
        )
        self.widget.attrs.pop("maxlength", None)  # the browser would cut what is pasted, in silence


class Line(forms.CharField):
    """One line."""

    def __init__(self, label: str, hint: str = "", *, limit: int = 160) -> None:
        super().__init__(
            label=label, required=False, help_text=hint, max_length=limit, error_messages=too_long(label, limit)
        )
        self.widget.attrs.pop("maxlength", None)


class Pills(forms.ChoiceField):
    """One of a few, as pills; nothing chosen is an answer too."""

    def __init__(self, label: str, choices: Any, hint: str = "") -> None:
        super().__init__(label=label, choices=choices, required=False, help_text=hint, widget=forms.RadioSelect)
