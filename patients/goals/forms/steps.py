"""What is done about goals before a treatment line; planning a conversation; a wish to talk."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms

from careteam.people.queries import people_with_role
from careteam.people.rules import ROLE_PERMISSIONS, Permission
from patients.goals.forms.fields import LongText
from patients.goals.rules import STEP_REASONS, Voice

if TYPE_CHECKING:
    from careteam.people.models import Team, User

_SIGNERS = [role for role, held in ROLE_PERMISSIONS.items() if Permission.GOALS_SIGN in held]


class PlanForm(forms.Form):
    """Who talks with the patient, and when. `people` are those of the team who sign conversations."""

    with_whom = forms.TypedChoiceField(label="Who", coerce=int, error_messages={"required": "Choose who talks."})
    on = forms.DateField(label="When", error_messages={"required": "Choose the day."})
    note = forms.CharField(label="Note", required=False, max_length=400)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, team: Team, me: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people_with_role(team, *_SIGNERS)}
        choices = [(str(pk), f"{person} (you)" if pk == me.pk else str(person)) for pk, person in self.people.items()]
        self.fields["with_whom"].choices = [("", "Choose"), *choices]  # type: ignore[attr-defined]
        if me.pk in self.people:
            self.initial.setdefault("with_whom", me.pk)

    @property
    def person(self) -> User | None:
        return self.people.get(self.cleaned_data["with_whom"])


class NotNowForm(forms.Form):
    """Why the conversation waits, and when it is asked for again."""

    reason = forms.ChoiceField(
        label="Why not now",
        choices=[(str(reason), reason.label) for reason in STEP_REASONS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason."},
    )
    ask_again_on = forms.DateField(label="Ask again on", error_messages={"required": "Choose the date to ask again."})
    note = forms.CharField(label="Note", required=False, max_length=400)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, first: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "ask_again_on"
        ].help_text = f"A patient who declined is asked from {first.day} {first:%b %Y} at the earliest."


class CountForm(forms.Form):
    """The conversation that counts for the line."""

    conversation = forms.IntegerField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class WishForm(forms.Form):
    """Who wishes to talk, since when, in which words."""

    voice = forms.ChoiceField(
        label="Who wishes to talk", choices=Voice, widget=forms.RadioSelect, initial=Voice.PATIENT
    )
    said_on = forms.DateField(label="Said on")
    words = LongText("In their words", rows=3, required=True)
