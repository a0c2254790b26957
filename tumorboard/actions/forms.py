"""Closing an action, adding one."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.people.models import User
from tumorboard.actions.rules import ActionKind, ActionStatus

_ENDS = [(str(status), status.label) for status in (ActionStatus.DONE, ActionStatus.DECLINED, ActionStatus.CANCELLED)]


class CloseForm(forms.Form):
    to = forms.ChoiceField(choices=_ENDS, label="What became of it", widget=forms.RadioSelect, initial="done")
    outcome = forms.CharField(
        max_length=250, required=False, label="Outcome or reason", help_text="Needed for declined and cancelled."
    )


class OwnerForm(forms.Form):
    """Who does it, out of the people of the team."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Owner", empty_label=None)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101  # declared above
        owner.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


class ActionForm(OwnerForm):
    field_order = ("kind", "what", "owner", "due_on")
    kind = forms.ChoiceField(choices=ActionKind, label="Kind")
    what = forms.CharField(max_length=200, label="What is to be done")
    due_on = forms.DateField(label="Due")


class ActionFilter(forms.Form):
    """Coded filters of the list, kept in the URL."""

    whose = forms.ChoiceField(
        choices=[("mine", "Mine"), ("away", "Of people who are away"), ("team", "My teams")],
        required=False,
        label="Whose",
    )
    state = forms.ChoiceField(
        choices=[("open", "Open"), ("overdue", "Overdue"), ("closed", "Closed")], required=False, label="State"
    )
    kind = forms.ChoiceField(choices=[("", "Any"), *ActionKind.choices], required=False, label="Kind")
