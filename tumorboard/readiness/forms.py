"""Waive a value; say who is asked; complete what a referral says itself."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.people.models import User
from tumorboard.referrals.models import Referral


class WaiverForm(forms.Form):
    reason = forms.CharField(
        label="Why the board can decide without it",
        max_length=250,
        help_text="Stands on the case, with your name.",
        error_messages={"required": "Say why the board can decide without it."},
    )


class InputForm(forms.Form):
    """`nothing` is the button "nothing to add"; else words are wanted."""

    text = forms.CharField(label="What you add", max_length=500, required=False, strip=True)
    nothing = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("nothing"):
            return values | {"text": ""}
        if not values.get("text") and not self.errors:
            self.add_error("text", "Write what you add, or choose “nothing to add”.")
        return values


class ChaserForm(forms.Form):
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        label="Who is asked",
        empty_label=None,
        error_messages={"required": "Choose who is asked."},
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101  # declared above
        owner.queryset = User.objects.filter(pk__in=[row.pk for row in people]).order_by("name", "pk")


_CONSENT = (("", "Not asked"), ("yes", "Yes"), ("no", "No"))


class ReferralCompleteForm(forms.Form):
    """`version` is that of the opened referral."""

    question = forms.CharField(
        label="Question for the board",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": "Write what the board is asked."},
    )
    consent = forms.ChoiceField(
        choices=_CONSENT, label="Patient agrees to the discussion", widget=forms.RadioSelect, required=False
    )
    hoped_for = forms.CharField(label="What is hoped for", max_length=250, required=False)
    external_referrer = forms.CharField(label="Referred from outside by", max_length=160, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    @staticmethod
    def start_of(referral: Referral) -> dict[str, Any]:
        consent = {True: "yes", False: "no", None: ""}[referral.consent]
        return {
            "question": referral.question,
            "consent": consent,
            "hoped_for": referral.hoped_for,
            "external_referrer": referral.external_referrer,
            "version": referral.version,
        }

    def values(self) -> dict[str, Any]:
        """For `referrals.commands.complete`."""
        consent = {"yes": True, "no": False}.get(self.cleaned_data["consent"])
        return self.cleaned_data | {"consent": consent}
