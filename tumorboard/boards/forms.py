"""Setting up a board: its rhythm, its times, who has to be there, who belongs to it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from careteam.people.models import User
from careteam.people.rules import Specialty
from tumorboard.boards.commands import BoardSettings
from tumorboard.boards.rules import (
    DEFAULT_QUORUM,
    QuorumCondition,
    Rhythm,
    Weekday,
    default_quorum_when,
    rhythm_of,
    rule_of,
    why_not_rule,
)

if TYPE_CHECKING:
    from tumorboard.boards.models import Board

_PLAIN = (
    "name", "starts_on", "local_time", "duration_minutes", "cutoff_hours", "minutes_full", "minutes_routine",
    "minutes_information", "minutes_rediscussion", "place", "link", "quorum", "skip_holidays", "is_active", "version",
)  # fmt: skip


def _minutes(label: str, most: int, **options: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"data-unit": "min"})
    return forms.IntegerField(min_value=1, max_value=most, label=label, widget=widget, **options)


class BoardForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    rhythm = forms.ChoiceField(choices=Rhythm, label="Meets", widget=forms.RadioSelect, initial=Rhythm.WEEKLY)
    weekday = forms.ChoiceField(choices=Weekday, label="Day", widget=forms.RadioSelect, initial=Weekday.TH)
    custom_rule = forms.CharField(
        max_length=200, required=False, label="RRULE", help_text="Only for “Other”: FREQ=MONTHLY;BYDAY=2TH,4TH"
    )
    starts_on = forms.DateField(label="Counts from", help_text="“Every second week” counts from here.")
    local_time = forms.TimeField(label="Starts at", help_text="Local time of the team; the clock change moves nothing.")
    duration_minutes = forms.IntegerField(
        min_value=5, max_value=480, initial=60, label="Length", widget=forms.NumberInput(attrs={"data-unit": "min"})
    )
    cutoff_hours = forms.IntegerField(
        min_value=0,
        max_value=336,
        initial=26,
        label="Cut-off before the start",
        help_text="Later referrals go to the next meeting, unless the chair takes them with a reason.",
        widget=forms.NumberInput(attrs={"data-unit": "h"}),
    )
    minutes_full = _minutes("Full discussion", 120, initial=10)
    minutes_rediscussion = _minutes("Re-discussion", 120, required=False, help_text="Empty: as full discussion.")
    minutes_routine = _minutes("Protocol", 60, initial=4)
    minutes_information = _minutes("Information", 60, required=False, help_text="Empty: as protocol.")
    place = forms.CharField(max_length=160, required=False, label="Room")
    link = forms.URLField(required=False, label="Video link", assume_scheme="https")
    quorum = forms.MultipleChoiceField(
        choices=Specialty,
        required=False,
        label="Quorum",
        help_text="Missing is shown with the decision; it never blocks one.",
        widget=forms.CheckboxSelectMultiple,
        initial=list(DEFAULT_QUORUM),
    )
    skip_holidays = forms.BooleanField(required=False, initial=True, label="No meeting on public holidays")
    exceptions = forms.CharField(
        required=False, label="No meeting on", help_text="Dates, one a line: 2026-12-24", widget=forms.Textarea
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Meetings go on")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usual = default_quorum_when()
        for condition in QuorumCondition:
            self.fields[_when(condition)] = forms.MultipleChoiceField(
                choices=Specialty,
                required=False,
                label=condition.label[:1].upper() + condition.label[1:],
                widget=forms.CheckboxSelectMultiple,
                initial=usual.get(condition, []),
            )

    @property
    def conditions(self) -> list[tuple[str, Any]]:
        """Each condition's field with whom it asks for now, in words."""
        shown = []
        for condition in QuorumCondition:
            bound = self[_when(condition)]
            chosen = [str(value) for value in bound.value() or []]
            shown.append((", ".join(each.label for each in Specialty if each in chosen), bound))
        return shown

    @classmethod
    def initial_of(cls, board: Board) -> dict[str, Any]:
        """What the form shows for a board that exists."""
        rhythm, weekday = rhythm_of(board.rrule)
        return (
            {name: getattr(board, name) for name in _PLAIN}
            | {
                "rhythm": rhythm,
                "weekday": weekday or Weekday.TH,
                "custom_rule": board.rrule if weekday is None else "",
                "exceptions": "\n".join(day.isoformat() for day in sorted(board.exceptions)),
            }
            | {_when(condition): board.quorum_when.get(condition, []) for condition in QuorumCondition}
        )

    def clean_exceptions(self) -> list[date]:
        days: list[date] = []
        for line in self.cleaned_data["exceptions"].replace(",", "\n").split():
            try:
                days.append(date.fromisoformat(line))
            except ValueError:
                raise ValidationError(f"“{line}” is no date. Write it like 2026-12-24.") from None
        return sorted(set(days))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("rhythm") == Rhythm.CUSTOM:
            rule = cleaned.get("custom_rule", "")
            for reason in why_not_rule(rule) if rule else ["Write the RRULE."]:
                self.add_error("custom_rule", reason)
        return cleaned

    def settings(self) -> BoardSettings:
        """The cleaned form as settings; only after `is_valid()`."""
        values = dict(self.cleaned_data)
        rhythm, weekday = Rhythm(values.pop("rhythm")), Weekday(values.pop("weekday"))
        custom = values.pop("custom_rule")
        values.pop("version")
        asked = {str(condition): values.pop(_when(condition)) for condition in QuorumCondition}
        rule = custom if rhythm is Rhythm.CUSTOM else rule_of(rhythm, weekday)
        return BoardSettings(rrule=rule, quorum_when={key: chosen for key, chosen in asked.items() if chosen}, **values)


def _when(condition: QuorumCondition) -> str:
    return f"when_{condition}"


class MemberForm(forms.Form):
    """A standing member, the specialty they stand for, and who takes the seat while they are away."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), label="Person", empty_label="Choose")
    specialty = forms.ChoiceField(
        choices=[("", "As in the team"), *Specialty.choices], label="Stands for", required=False
    )
    deputy = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Deputy for this seat", required=False, empty_label="As in the team"
    )

    def __init__(self, *args: Any, people: list[User], specialties: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._specialties = specialties
        everybody = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")
        for name in ("person", "deputy"):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ModelChoiceField)  # noqa: S101  # declared above
            chosen.queryset = everybody

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        person = cleaned.get("person")
        if person is not None and not cleaned.get("specialty"):
            cleaned["specialty"] = self._specialties.get(person.pk, "")
            if not cleaned["specialty"]:
                self.add_error("specialty", "The team has no specialty of this person. Choose one.")
        return cleaned
