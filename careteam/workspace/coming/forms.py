"""The coded filters of the coming weeks, kept in the URL; an unknown value filters nothing."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.people.models import User
from careteam.workspace.coming.queries import NOBODY
from careteam.workspace.coming.rules import DEFAULT_WEEKS, MAX_WEEKS, Kind
from patients.record.rules import PrimarySite
from patients.treatment.rules import Modality


class ComingFilter(forms.Form):
    weeks = forms.ChoiceField(
        required=False,
        choices=[(str(n), "1 week" if n == 1 else f"{n} weeks") for n in range(1, MAX_WEEKS + 1)],
        initial=str(DEFAULT_WEEKS),
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Everything"), *Kind.choices])
    owner = forms.ChoiceField(required=False)
    modality = forms.ChoiceField(required=False, label="Treatment", choices=[("", "Any"), *Modality.choices])
    site = forms.ChoiceField(required=False, label="Primary", choices=[("", "Any primary"), *PrimarySite.choices])

    def __init__(self, *args: Any, me: User, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(str(person.pk), str(person)) for person in people if person.pk != me.pk]
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ChoiceField)  # noqa: S101  # declared above
        owner.choices = [("", "Anybody"), (str(me.pk), "Me"), (NOBODY, "Nobody"), *others]

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that were understood; the others are left out."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class GivenForm(forms.Form):
    """A dose that was given, recorded from the list."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    on = forms.DateField(label="Given on", widget=forms.DateInput)
