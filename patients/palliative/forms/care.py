"""Notes, caregiver strain, bereavement, the filters of the list of whom to see."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from careteam.people.rules import Role
from patients.goals.forms.fields import Line, LongText
from patients.palliative.rules import REASONS, STRAIN_QUESTION, BereavementStatus


def day_field(label: str, hint: str = "", *, required: bool = True) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=hint, required=required, widget=widget)


class NoteForm(forms.Form):
    text = LongText("What the others should know", rows=5, required=True)
    discipline = forms.ChoiceField(label="As")
    said_by = Line(
        "Said by somebody without an account", "Social worker, home nurse, pastor: name and role.", limit=120
    )
    is_confidential = forms.BooleanField(
        label="Confidential: read by palliative and psycho-oncology only, and by you",
        required=False,
        help_text="Everybody else sees that there is one, from whom and when.",
    )

    def __init__(self, *args: Any, disciplines: tuple[str, ...], supplement: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role, str(Role(role).label)) for role in disciplines if role in Role.values]
        self.fields["discipline"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["discipline"].widget = forms.HiddenInput()
            self.initial.setdefault("discipline", choices[0][0])
        if supplement:  # as confidential as the note
            del self.fields["is_confidential"]


class NoteErrorForm(forms.Form):
    reason = LongText("What was wrong", "The note stays in the history, struck through.", required=True)
    version = forms.IntegerField(widget=forms.HiddenInput)


class StrainForm(forms.Form):
    score = forms.TypedChoiceField(
        label=STRAIN_QUESTION,
        choices=[(str(n), str(n)) for n in range(11)],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a number from 0 to 10."},
    )
    who = forms.CharField(label="Who answered", max_length=120, help_text="Name and relation.")
    asked_on = day_field("Asked on")
    note = LongText("Note", "What would help: respite, home nursing, somebody to talk to.")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("asked_on", today)


class BereavementForm(forms.Form):
    status = forms.ChoiceField(
        label="What became of it",
        choices=[
            (str(BereavementStatus.DONE), "Done"),
            (str(BereavementStatus.DECLINED), "Not done, because…"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one."},
    )
    note = LongText("Note", "How they are, what was agreed; or why it is not done.", rows=3)
    version = forms.IntegerField(widget=forms.HiddenInput)


class SeeFilter(forms.Form):
    """Coded filters of whom to see."""

    why = forms.ChoiceField(label="Reason", required=False, choices=[("", "All"), *REASONS.items()])
    mine = forms.BooleanField(label="Mine only", required=False)

    def __init__(self, *args: Any, batch: tuple[str, str], **kwargs: Any) -> None:
        """`batch`: code and words of what raised many prompts at once, where the list is narrowed to them."""
        super().__init__(*args, **kwargs)
        code, words = batch
        if words:
            choices = [("", "Anything"), (code, words)]
            self.fields["batch"] = forms.ChoiceField(label="Asked because of", required=False, choices=choices)
