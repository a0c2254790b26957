"""The answer to a guidance prompt, and the filters of the catalog and the list of answers."""

from __future__ import annotations

from django import forms

from patients.guidance.policies import MINIMUM_REASON
from patients.guidance.rules import RULES
from patients.guidance.rules.answers import Answer


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label="Answer",
        choices=[
            (Answer.ACKNOWLEDGED, "Acknowledge"),
            (Answer.DISCUSS, "Discuss at board"),
            (Answer.NOT_APPLICABLE, "Not applicable, because …"),
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
        if data.get("answer") == Answer.NOT_APPLICABLE and len(str(data.get("reason", "")).strip()) < MINIMUM_REASON:
            self.add_error("reason", "Say why it does not apply.")
        return data


class CatalogFilter(forms.Form):
    """Which rules the catalog shows; an unknown value filters nothing."""

    tag = forms.ChoiceField(
        required=False,
        label="Source",
        choices=[
            ("", "Any"),
            ("V", "V, primary"),
            ("V2", "V2, secondary"),
            ("P", "P, prior knowledge"),
            ("D", "D, design"),
        ],
    )
    signed = forms.ChoiceField(
        required=False,
        label="Signatures",
        choices=[("", "Any"), ("open", "Something local, unsigned"), ("settled", "Everything settled")],
    )
    used = forms.ChoiceField(
        required=False, label="In this team", choices=[("", "Any"), ("raised", "Raised"), ("dismissed", "Dismissed")]
    )


class AnswersFilter(forms.Form):
    rule = forms.ChoiceField(
        required=False,
        label="Rule",
        choices=[("", "Any"), *((rule.rule, f"{rule.rule} {rule.title}") for rule in RULES)],
    )
    answer = forms.ChoiceField(required=False, label="Answer", choices=[("", "Any"), *Answer.choices])
