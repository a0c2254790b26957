"""Filters of the safety net; setting a next step; saying what came of one."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.people.models import Membership, Team, User
from careteam.people.rules import ROLE_PERMISSIONS, Permission
from careteam.workspace.safety.rules import Where, Whose


class NetFilter(forms.Form):
    """Coded filters, kept in the URL; an unknown value filters nothing."""

    owner = forms.ChoiceField(required=False, label="Responsible", choices=[("", "Anybody"), *Whose.choices])
    clinic = forms.ChoiceField(required=False, choices=[("", "All clinics"), *Where.choices])

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that were understood; the others are left out."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class StepForm(forms.Form):
    """What comes next for a patient, who does it, by when."""

    what = forms.CharField(label="What comes next", max_length=200)
    owner = forms.ModelChoiceField(User.objects.none(), label="Who", empty_label="Choose a person")
    due_on = forms.DateField(label="By")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seeing = [role for role, held in ROLE_PERMISSIONS.items() if Permission.PATIENT_VIEW in held]
        people = Membership.objects.current().filter(team=team).with_role(*seeing).values("user_id")
        self.fields["owner"].queryset = User.objects.filter(pk__in=people).order_by("name", "pk")  # type: ignore[attr-defined]


class DoneForm(forms.Form):
    note = forms.CharField(label="What came of it", max_length=120, required=False)
