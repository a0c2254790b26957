"""Recording a decision while it is spoken: everything but the options has a default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from careteam.people.models import User
from careteam.web.parts import Difference
from patients.treatment.rules import Intent
from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.commands import Said
from tumorboard.decisions.rules import Option, option_choices
from tumorboard.live.commands import ActionAsked
from tumorboard.referrals.rules import DEFERRED_BY_HAND

_HIDDEN = ("version", "opened")
_INTENTS = [(value, label) for value, label in Intent.choices if value]


class DecisionForm(forms.Form):
    options = forms.MultipleChoiceField(
        choices=option_choices, label="Recommended, one or more", widget=forms.CheckboxSelectMultiple, required=False
    )
    intent = forms.ChoiceField(choices=_INTENTS, label="Intent", widget=forms.RadioSelect, required=False)
    text = forms.CharField(
        label="Wording",
        help_text="Left empty, it is made of what is recommended.",
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    rationale = forms.CharField(label="Reasoning, alternatives", widget=forms.Textarea, max_length=4000, required=False)
    dissent = forms.CharField(label="Dissent", max_length=1000, required=False)
    goals_conflict_note = forms.CharField(
        label="How the plan answers what the patient wants", max_length=1000, required=False
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Owner", empty_label=None, required=False)
    due_on = forms.DateField(label="Due", required=False)
    action_what = forms.CharField(
        label="Action", help_text="Left empty, it is made of what is recommended.", max_length=200, required=False
    )
    action_kind = forms.ChoiceField(
        label="Kind of action", choices=[("", "By what is recommended"), *ActionKind.choices], required=False
    )
    no_action = forms.BooleanField(label="No action follows", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    both: Sequence[Difference] = ()  # fields that somebody else changed meanwhile, and this person too
    joined_with = ""  # who recorded meanwhile, when the two could be joined

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101  # declared above
        owner.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("owner", "due_on"):
            if not cleaned.get("no_action") and name not in self.errors and not cleaned.get(name):
                self.add_error(name, "An action needs an owner and a due date.")
        if not cleaned.get("options") and not str(cleaned.get("text", "")).strip():
            self.add_error("options", "Choose what is recommended, or write the decision below.")
        return cleaned

    def said(self, *, goals_seen: bool) -> Said:
        """The cleaned form as what was decided; only after `is_valid()`."""
        values = self.cleaned_data
        return Said(
            options=tuple(Option(value) for value in values["options"]),
            text=values["text"],
            intent=values["intent"],
            rationale=values["rationale"],
            dissent=values["dissent"],
            goals_seen=goals_seen,
            goals_conflict_note=values["goals_conflict_note"],
        )

    def action(self) -> ActionAsked | None:
        values = self.cleaned_data
        if values["no_action"]:
            return None
        return ActionAsked(
            owner=values["owner"], due_on=values["due_on"], what=values["action_what"], kind=values["action_kind"]
        )


class TypingForm(forms.Form):
    """In which field of the decision somebody is writing."""

    field = forms.CharField(max_length=40)

    def clean_field(self) -> str:
        """The label of the field: what the others read."""
        name = self.cleaned_data["field"]
        if name not in DecisionForm.base_fields or name in _HIDDEN:
            raise forms.ValidationError("There is no such field.")
        return str(DecisionForm.base_fields[name].label)


class DeferForm(forms.Form):
    reason = forms.ChoiceField(choices=DEFERRED_BY_HAND, label="Why", widget=forms.RadioSelect)
