"""Forms of letters: what to write, why not sent, the team's head and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from patients.letters.models import LetterHead
from patients.letters.rules import TO_GP, LetterKind, languages

_LONG = forms.Textarea(attrs={"rows": 22})


class ChooseForm(forms.Form):
    """Kind and language of a letter, coded, in the URL."""

    kind = forms.ChoiceField(label="Letter", choices=LetterKind.choices)
    language = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, own: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101  # declared above
        language.choices = [("", "The patient’s"), *own]


class WriteForm(forms.Form):
    """Writes the letter that is shown; two more fields for the GP's."""

    gp_address = forms.CharField(
        label="To",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="As in the window of the envelope",
    )
    despite = forms.CharField(
        label="Why the GP before the patient",
        required=False,
        max_length=250,
        help_text="Only where nobody has reached the patient",
    )

    def __init__(self, *args: Any, kind: LetterKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind not in TO_GP:
            del self.fields["gp_address"], self.fields["despite"]


class TakeBackForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Why it was not sent", max_length=250)


class HeadForm(forms.Form):
    """The letterhead. It stands in the window of the envelope: no word of the disease."""

    name = forms.CharField(
        label="Who writes", max_length=120, help_text="Stands in the window too: without a word of the disease"
    )
    address = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
    phone = forms.CharField(label="Phone for patients", max_length=60)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def start_of(row: LetterHead | Any) -> dict[str, Any]:
        """What the form starts with for a letterhead, or for one version of it in its history."""
        return {name: getattr(row, name) for name in ("name", "address", "phone", "version")}


class TextForm(forms.Form):
    """One text. What is wrong with it, the command says."""

    subject = forms.CharField(max_length=160)
    body = forms.CharField(
        label="Text",
        max_length=6000,
        widget=_LONG,
        help_text="An empty line begins a paragraph; lines that begin with “- ” make a list",
    )
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)


class NewTextForm(forms.Form):
    """Which text a lead wants to write."""

    kind = forms.ChoiceField(label="Letter", choices=LetterKind.choices)
    language = forms.ChoiceField(choices=languages)
