"""Setting up a board."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from careteam.people.rules import Specialty
from tumorboard.boards.commands import BoardSettings
from tumorboard.boards.rules import DEFAULT_QUORUM, Rhythm, Weekday, rhythm_of, rule_of, why_not_rule

if TYPE_CHECKING:
    from tumorboard.boards.models import Board


class BoardForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    rhythm = forms.ChoiceField(choices=Rhythm, label="Meets", widget=forms.RadioSelect, initial=Rhythm.WEEKLY)
    weekday = forms.ChoiceField(choices=Weekday, label="Day", widget=forms.RadioSelect, initial=Weekday.TH)
    custom_rule = forms.CharField(
        max_length=200, required=False, label="RRULE", help_text="Only for “Other”: FREQ=MONTHLY;BYDAY=2TH,4TH"
    )
    starts_on = forms.DateField(label="Counts from")
    local_time = forms.TimeField(label="Starts at", help_text="Local time of the team; the clock change moves nothing.")
    duration_minutes = forms.IntegerField(
        min_value=5, max_value=480, initial=60, label="Length", widget=forms.NumberInput(attrs={"data-unit": "min"})
    )
    cutoff_hours = forms.IntegerField(
        min_value=0,
        max_value=336,
        initial=26,
        label="Cut-off before the start",
        help_text="Later referrals go to the next meeting, unless the coordinator takes them with a reason.",
        widget=forms.NumberInput(attrs={"data-unit": "h"}),
    )
    minutes_full = forms.IntegerField(
        min_value=1,
        max_value=120,
        initial=10,
        label="Full discussion",
        widget=forms.NumberInput(attrs={"data-unit": "min"}),
    )
    minutes_routine = forms.IntegerField(
        min_value=1,
        max_value=60,
        initial=4,
        label="Protocol and information",
        widget=forms.NumberInput(attrs={"data-unit": "min"}),
    )
    place = forms.CharField(max_length=160, required=False, label="Room")
    link = forms.URLField(required=False, label="Video link", assume_scheme="https")
    quorum = forms.MultipleChoiceField(
        choices=Specialty,
        required=False,
        label="Quorum",
        help_text="Interventional radiology and palliative medicine are added where a case asks for them.",
        widget=forms.CheckboxSelectMultiple,
        initial=list(DEFAULT_QUORUM),
    )
    skip_holidays = forms.BooleanField(required=False, initial=True, label="No meeting on public holidays")
    exceptions = forms.CharField(
        required=False, label="No meeting on", help_text="Dates, one a line: 2026-12-24", widget=forms.Textarea
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Meetings go on")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def initial_of(cls, board: Board) -> dict[str, Any]:
        """What the form shows for a board that exists."""
        rhythm, weekday = rhythm_of(board.rrule)
        plain = (
            "name", "starts_on", "local_time", "duration_minutes", "cutoff_hours", "minutes_full", "minutes_routine",
            "place", "link", "quorum", "skip_holidays", "is_active", "version",
        )  # fmt: skip
        return {name: getattr(board, name) for name in plain} | {
            "rhythm": rhythm,
            "weekday": weekday or Weekday.TH,
            "custom_rule": board.rrule if weekday is None else "",
            "exceptions": "\n".join(day.isoformat() for day in sorted(board.exceptions)),
        }

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
            reasons = (
                why_not_rule(cleaned.get("custom_rule", "")) if cleaned.get("custom_rule") else ["Write the RRULE."]
            )
            for reason in reasons:
                self.add_error("custom_rule", reason)
        return cleaned

    def settings(self) -> BoardSettings:
        """The cleaned form as settings; only after `is_valid()`."""
        values = dict(self.cleaned_data)
        rhythm, weekday = Rhythm(values.pop("rhythm")), Weekday(values.pop("weekday"))
        custom = values.pop("custom_rule")
        values.pop("version")
        rule = custom if rhythm is Rhythm.CUSTOM else rule_of(rhythm, weekday)
        return BoardSettings(rrule=rule, **values)
