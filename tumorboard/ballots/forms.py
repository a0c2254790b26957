"""Opening an e-vote, voting, closing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from careteam.people.models import User
from careteam.web.signing import PasswordForm
from patients.treatment.rules import Intent
from tumorboard.ballots.commands import Proposed
from tumorboard.ballots.models import Proposal
from tumorboard.ballots.rules import VoteChoice
from tumorboard.decisions.rules import Option, option_choices
from tumorboard.live.commands import ActionAsked

_INTENTS = [(value, label) for value, label in Intent.choices if value]
_TIME = forms.TimeInput(attrs={"type": "time"})


def _people(field: forms.Field, people: Sequence[User]) -> None:
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared below
    field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


class EndForm(forms.Form):
    """When voting ends, in the team's time."""

    closes_on = forms.DateField(label="Voting ends on")
    closes_at = forms.TimeField(label="At", widget=_TIME, help_text="Local time of the team.")


class OpenForm(EndForm):
    question = forms.CharField(label="Question", widget=forms.Textarea, max_length=2000)
    why_urgent = forms.CharField(label="Why it cannot wait for the next meeting", max_length=300)
    chair = forms.ModelChoiceField(queryset=User.objects.none(), label="Closes the vote and signs", empty_label=None)

    field_order = ("question", "why_urgent", "closes_on", "closes_at", "chair")

    def __init__(self, *args: Any, deciders: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _people(self.fields["chair"], deciders)


class ProposalForm(forms.Form):
    """One proposal; an empty one beyond the first is none."""

    options = forms.MultipleChoiceField(
        choices=option_choices, label="Recommended, one or more", widget=forms.CheckboxSelectMultiple, required=False
    )
    intent = forms.ChoiceField(choices=_INTENTS, label="Intent", widget=forms.RadioSelect, required=False)
    detail = forms.CharField(label="Detail", help_text="Drug, dose, site, cycles.", max_length=200, required=False)
    text = forms.CharField(
        label="Wording",
        help_text="Left empty, it is made of what is recommended.",
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    rationale = forms.CharField(label="Reasoning, alternatives", widget=forms.Textarea, max_length=4000, required=False)

    @property
    def is_blank(self) -> bool:
        """Nothing was entered; only after `is_valid()`."""
        return not any(self.cleaned_data.values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        said = cleaned.get("options") or str(cleaned.get("text", "")).strip()
        if not said and (self.prefix == "p1" or any(cleaned.values())):
            self.add_error("options", "Choose what is recommended, or write it below.")
        return cleaned

    def proposed(self) -> Proposed:
        values = self.cleaned_data
        return Proposed(
            options=tuple(Option(value) for value in values["options"]),
            intent=values["intent"],
            detail=values["detail"],
            text=values["text"],
            rationale=values["rationale"],
        )


class VoteForm(forms.Form):
    """One choice: a proposal to agree with, or one of the others."""

    vote = forms.ChoiceField(label="Your vote", widget=forms.RadioSelect)
    comment = forms.CharField(
        label="Reason or comment",
        widget=forms.Textarea,
        max_length=2000,
        required=False,
        help_text="Everybody reads it.",
    )

    def __init__(self, *args: Any, proposals: Sequence[Proposal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agree = [
            (f"agree:{each.number}", f"Agree with proposal {each.number}" if len(proposals) > 1 else "Agree")
            for each in proposals
        ]
        others = [(str(choice), choice.label) for choice in VoteChoice if choice is not VoteChoice.AGREE]
        self.fields["vote"].choices = [*agree, *others]  # type: ignore[attr-defined]

    def chosen(self) -> tuple[VoteChoice, int]:
        choice, _, proposal = self.cleaned_data["vote"].partition(":")
        return VoteChoice(choice), int(proposal or 0)

    @staticmethod
    def value_of(choice: str, proposal: int) -> str:
        """How the form names a vote that was cast."""
        return f"agree:{proposal}" if choice == VoteChoice.AGREE else choice


class AcceptForm(PasswordForm):
    proposal = forms.TypedChoiceField(label="Accepted", widget=forms.RadioSelect, coerce=int)
    note = forms.CharField(
        label="How the reasons against it were answered",
        widget=forms.Textarea,
        max_length=2000,
        required=False,
        help_text="Needed when somebody disagrees or wants to discuss it.",
    )
    goals_conflict_note = forms.CharField(
        label="How the plan answers what the patient wants", max_length=1000, required=False
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Owner", empty_label=None, required=False)
    due_on = forms.DateField(label="Due", required=False)
    no_action = forms.BooleanField(label="No action follows", required=False)

    field_order = ("proposal", "note", "goals_conflict_note", "owner", "due_on", "no_action", "password")

    def __init__(self, *args: Any, proposals: Sequence[Proposal], people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _people(self.fields["owner"], people)
        self.fields["proposal"].choices = [  # type: ignore[attr-defined]
            (each.number, f"{each.number}. {each.text}" if len(proposals) > 1 else each.text) for each in proposals
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("owner", "due_on"):
            if not cleaned.get("no_action") and name not in self.errors and not cleaned.get(name):
                self.add_error(name, "An action needs an owner and a due date.")
        return cleaned

    def action(self) -> ActionAsked | None:
        values = self.cleaned_data
        return None if values["no_action"] else ActionAsked(owner=values["owner"], due_on=values["due_on"])


class ReturnForm(forms.Form):
    note = forms.CharField(label="Why it is discussed in a meeting", widget=forms.Textarea, max_length=2000)


class ExtendForm(EndForm):
    reason = forms.CharField(label="Why the vote needs longer", max_length=300)
