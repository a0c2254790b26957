"""What an agenda asks: reasons, functions, minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from careteam.people.models import User
from tumorboard.meetings.commands import Missing
from tumorboard.readiness.queries import ItemRow
from tumorboard.readiness.rules import Item
from tumorboard.referrals.rules import DEFERRED_BY_HAND, DeferReason
from tumorboard.suggestions.rules import QUESTION_LENGTH, DeclineReason


class ListForm(forms.Form):
    meeting = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(max_length=200, required=False, label="Why this case cannot wait")


class AcceptForm(forms.Form):
    """Which agenda is wanted, and why a case cannot wait once its cut-off has passed. Both may be empty."""

    meeting = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=200, required=False, label="Why this case cannot wait")


class DeclineForm(forms.Form):
    meeting = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    reason = forms.ChoiceField(choices=DeclineReason, label="Why not", widget=forms.RadioSelect)
    note = forms.CharField(max_length=250, required=False, label="Note", help_text="Needed for another reason.")


class RewordForm(forms.Form):
    question = forms.CharField(
        max_length=QUESTION_LENGTH, label="Question for the board", widget=forms.Textarea(attrs={"rows": 5})
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=250, label="Why it is withdrawn")


_SAYS_MISSING = (DeferReason.MISSING_IMAGING, DeferReason.MISSING_PATHOLOGY, DeferReason.MISSING_LABS)


class DeferForm(forms.Form):
    """`rows`: what the readiness of the case finds open; what the board cannot decide without is ticked. Only what is
    ticked or written is asked for."""

    reason = forms.ChoiceField(choices=DEFERRED_BY_HAND, label="Why it is deferred", widget=forms.RadioSelect)
    missing = forms.MultipleChoiceField(
        label="What is missing",
        help_text="Somebody is asked for each, and the case shows it when it is listed again.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    named = forms.CharField(
        label="What else is missing",
        help_text="One thing a line, in your words.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Who sees to what else is missing", empty_label=None, required=False
    )
    due_on = forms.DateField(label="Needed by")

    def __init__(self, *args: Any, rows: Sequence[ItemRow] = (), people: Sequence[User] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        missing, owner = self.fields["missing"], self.fields["owner"]
        assert isinstance(missing, forms.MultipleChoiceField)  # noqa: S101  # declared above
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101  # declared above
        missing.choices = [(row.item, f"{row.found.name}: {row.found.word.lower()}") for row in rows]
        if not rows:
            del self.fields["missing"]
        owner.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        named = [line.strip() for line in str(cleaned.get("named", "")).splitlines() if line.strip()]
        if any(len(line) > 200 for line in named):
            self.add_error("named", "One of these is longer than 200 characters. Say it shorter.")
        if cleaned.get("reason") in _SAYS_MISSING and not named and not cleaned.get("missing"):
            self.add_error("missing" if "missing" in self.fields else "named", "Say what is missing.")
        return cleaned | {"named": named}

    def asked(self) -> Missing:
        """For `meetings.commands.defer_item`."""
        values = self.cleaned_data
        return Missing(
            due_on=values["due_on"],
            items=tuple(Item(code) for code in values.get("missing", ())),
            texts=tuple(values["named"]),
            owner=values["owner"],
        )


class CancelForm(forms.Form):
    """Why, and what becomes of the cases. `to` names the meeting that they would go to."""

    reason = forms.CharField(max_length=200, label="Why the meeting is canceled")
    carry_over = forms.BooleanField(required=False, initial=True)

    def __init__(self, *args: Any, cases: str, to: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if cases and to:
            self.fields["carry_over"].label = f"Put {cases} on the agenda of {to}"
        else:
            del self.fields["carry_over"]


class WhenForm(forms.Form):
    """A date of its own: local day and time of the team, and why."""

    on = forms.DateField(label="Day")
    at = forms.TimeField(label="Starts at", help_text="Local time of the team.")
    reason = forms.CharField(max_length=200, label="Why", help_text="Stands on the meeting’s page; no mail carries it.")


class MoveForm(WhenForm):
    """Another day, time or room for one meeting."""

    room = forms.CharField(max_length=160, required=False, label="Room")
    link = forms.URLField(required=False, label="Video link", assume_scheme="https")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    field_order = ("on", "at", "room", "link", "reason")


class FunctionsForm(forms.Form):
    """Chair (may sign) and scribe of one meeting."""

    chair = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Not named", label="Chair")
    scribe = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, empty_label="Not named", label="Scribe"
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("chair", "scribe"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared above
            field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


class AvailabilityForm(forms.Form):
    """Times of the meeting's day where the team is; empty: from its start, to its end."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), label="Who", empty_label=None)
    comes = forms.TimeField(required=False, label="Comes at", widget=forms.TimeInput(attrs={"type": "time"}))
    leaves = forms.TimeField(required=False, label="Leaves at", widget=forms.TimeInput(attrs={"type": "time"}))

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared above
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")
