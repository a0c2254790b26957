"""Writing a letter about a decision, saying that it was sent or not."""

from __future__ import annotations

from typing import Any

from django import forms

from tumorboard.decisions.rules import ToldWhom
from tumorboard.letters.rules import SentHow


class WriteForm(forms.Form):
    """The one paragraph that somebody writes; more where the letter asks for it."""

    own_words = forms.CharField(
        label="Your own paragraph", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 6})
    )
    recipient = forms.CharField(
        label="To",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="As in the window of the envelope",
    )
    despite = forms.CharField(label="Why all the same", required=False, max_length=250)
    reason = forms.CharField(label="Why another version", required=False, max_length=250)

    def __init__(self, *args: Any, whom: ToldWhom, language: str, asks_why: str, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.fields["own_words"]
        if whom is ToldWhom.PATIENT:
            own.help_text = (
                f"In {language}, short sentences, no figures about prognosis. Stands after what is recommended."
            )
            del self.fields["recipient"]
        else:
            own.help_text = "What the colleague should watch, or do."
        if asks_why:
            self.fields["despite"].help_text = asks_why
        else:
            del self.fields["despite"]
        if is_first:
            del self.fields["reason"]


class SentForm(forms.Form):
    sent_on = forms.DateField(label="On")
    how = forms.ChoiceField(choices=SentHow, label="How", widget=forms.RadioSelect, initial=SentHow.POST)


class NotSentForm(forms.Form):
    reason = forms.CharField(label="Why it was not sent", max_length=250)
