"""Signing the minutes."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.web.signing import PasswordForm


class SignMinutesForm(PasswordForm):
    """The password; and why, where there is a version already."""

    reason = forms.CharField(
        label="Why there is another version",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why there is another version."},
    )
    field_order = ("reason", "password")

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_first:
            del self.fields["reason"]
