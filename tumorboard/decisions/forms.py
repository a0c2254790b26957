"""Addendum, told, what became of a recommendation, signature."""

from __future__ import annotations

from typing import Any

from django import forms

from tumorboard.decisions.rules import DeviationReason, RecommendationStatus, ToldHow

_SETTLED = [
    (str(status), status.label)
    for status in (
        RecommendationStatus.IMPLEMENTED,
        RecommendationStatus.PARTLY,
        RecommendationStatus.NOT_IMPLEMENTED,
        RecommendationStatus.SUPERSEDED,
    )
]


class AddendumForm(forms.Form):
    """`differs`: somebody is to talk again because decision and goals differ; the addendum may settle that."""

    text = forms.CharField(label="What is added", widget=forms.Textarea, max_length=4000)
    settles_goals = forms.BooleanField(
        label="With this the plan no longer differs from what the patient wants", required=False
    )

    def __init__(self, *args: Any, differs: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not differs:
            del self.fields["settles_goals"]


class ToldForm(forms.Form):
    told_on = forms.DateField(label="On")
    how = forms.ChoiceField(choices=ToldHow, label="How", widget=forms.RadioSelect, initial=ToldHow.VISIT)


class ToldGpForm(ToldForm):
    override_reason = forms.CharField(
        max_length=250,
        required=False,
        label="Why before the patient",
        help_text="Only when the GP has to know before the patient does.",
    )


class TakeBackForm(forms.Form):
    reason = forms.CharField(max_length=250, label="What was wrong")


class ProposeForm(forms.Form):
    despite = forms.CharField(max_length=250, label="Why before the patient is told")


class SettleForm(forms.Form):
    to = forms.ChoiceField(choices=_SETTLED, label="What became of it", widget=forms.RadioSelect)
    reason = forms.ChoiceField(
        choices=[("", "–"), *DeviationReason.choices],
        required=False,
        label="Reason",
        help_text="Needed for partly and not implemented.",
    )
    note = forms.CharField(max_length=2000, required=False, label="Note", widget=forms.Textarea)
