"""The answer to a guidance prompt."""

from __future__ import annotations

from django import forms

from patients.guidance.policies import MINIMUM_REASON


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label="Answer",
        choices=[
            ("acknowledged", "Acknowledge"),
            ("discuss", "Discuss at board"),
            ("not_applicable", "Not applicable, because …"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose an answer."},
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=2000,
        help_text="Needed when it does not apply.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    fingerprint = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("answer") == "not_applicable" and len(str(data.get("reason", "")).strip()) < MINIMUM_REASON:
            self.add_error("reason", "Say why it does not apply.")
        return data
