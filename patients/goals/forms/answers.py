"""Signing, and answering a prompt without a conversation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

from careteam.web.signing import PasswordForm
from patients.goals.forms.fields import LongText
from patients.goals.rules import (
    BY_THE_PRODUCT,
    NOT_TODAY,
    CloseReason,
)


class SignForm(PasswordForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    submission = forms.UUIDField(widget=forms.HiddenInput)


class AddendumForm(PasswordForm):
    text = LongText("Addendum", "What is to be added or corrected. The signed text stays as it is.", required=True)
    field_order = ("text", "password")


class RetractForm(PasswordForm):
    reason = LongText(
        "Why it belongs to another patient",
        "How it came here and where it belongs. For a mere mistake in the text, write an addendum instead.",
        required=True,
    )
    field_order = ("reason", "password")


class AnswerForm(forms.Form):
    """Answering a prompt without a conversation: one coded reason, and a date where it only holds for today."""

    DECLINED = "declined"
    CHOICES = (
        *((str(reason), reason.label) for reason in CloseReason if reason in NOT_TODAY),
        (DECLINED, CloseReason.PATIENT_DECLINED.label),
        *((str(reason), reason.label) for reason in CloseReason if reason not in NOT_TODAY | BY_THE_PRODUCT),
    )
    reason = forms.ChoiceField(
        label="Why not now", choices=CHOICES, widget=forms.RadioSelect, error_messages={"required": "Choose a reason."}
    )
    ask_again_on = forms.DateField(label="Ask again on", required=False)
    note = LongText("Note")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, today: date, ask_again_days: int, has_prompt: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        first = today + timedelta(days=ask_again_days)
        if not has_prompt:
            self.fields["reason"].choices = [  # type: ignore[attr-defined]
                (self.DECLINED, CloseReason.PATIENT_DECLINED.label)
            ]
            self.initial.setdefault("reason", self.DECLINED)
        self.fields["ask_again_on"].help_text = (
            f"Needed for a reason that holds today only. A patient who declined is asked from {first.day} "
            f"{first:%b %Y} at the earliest ({ask_again_days} days)."
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        reason, on = data.get("reason"), data.get("ask_again_on")
        if reason in {*NOT_TODAY, self.DECLINED} and on is None and "ask_again_on" not in self.errors:
            self.add_error("ask_again_on", "Choose the date to ask again.")
        return data
