"""Asking the palliative team and its answer; the filter of its list."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.goals.forms.fields import LongText
from patients.goals.rules import PromptReason
from patients.palliative.rules import PalliativeReferralStatus


class ReferForm(forms.Form):
    question = LongText(
        "What can the palliative team help with",
        "Symptoms, the conversation, the family, planning ahead.",
        rows=3,
        required=True,
    )
    answers_prompt = forms.BooleanField(
        label="This answers the open goals prompt: the palliative team leads the conversation",
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, has_prompt: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_prompt:
            del self.fields["answers_prompt"]


class ReferralAnswerForm(forms.Form):
    status = forms.ChoiceField(label="Answer", widget=forms.RadioSelect)
    visit_on = forms.DateField(label="Date of the visit", required=False)
    answer = LongText("Answer to who asked")
    version = forms.IntegerField(widget=forms.HiddenInput)

    _WORDS = {
        PalliativeReferralStatus.ACCEPTED: "We see the patient",
        PalliativeReferralStatus.DECLINED: "We decline, because …",
        PalliativeReferralStatus.SEEN: "Seen",
    }

    def __init__(self, *args: Any, possible: frozenset[PalliativeReferralStatus], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            (str(status), words) for status, words in self._WORDS.items() if status in possible
        ]


class PromptFilter(forms.Form):
    """Coded filters of the palliative workspace."""

    reason = forms.ChoiceField(label="Reason", required=False)
    mine = forms.BooleanField(label="Mine only", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", "All"), *PromptReason.choices]  # type: ignore[attr-defined]
