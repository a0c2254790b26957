"""Forms of sites, preparation steps, prior authorization."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from patients.protocol.queries import TeamNumber
from patients.treatment import policies
from patients.treatment.forms.acts import VersionForm
from patients.treatment.models import PreparationStep, TreatmentSite
from patients.treatment.rules import AuthorizationStatus, LeadTimes, PreparationKind, PreparationOutcome

_DAYS = {"data-unit": "days"}
LEADS = ("labs_days", "go_days", "order_days", "room_days")
SITE_FIELDS = ("name", *LEADS, "nadir_days", "per_day", "per_week", "is_active")
MOST_DAYS = 180


def _days(label: str, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=MOST_DAYS, widget=forms.NumberInput(attrs=dict(_DAYS)), **more
    )


class SiteForm(forms.Form):
    """A site's lead times before the dose, its nadir labs, its places."""

    name = forms.CharField(label="Site", max_length=120)
    labs_days = _days("Labs, before the dose")
    go_days = _days("Go / no-go, before the dose")
    order_days = _days("Isotope ordered, before the dose")
    room_days = _days("Room booked, before the dose")
    nadir_days = forms.CharField(
        label="Nadir labs, after the dose", required=False, max_length=60, help_text="Days, several with commas: 28, 42"
    )
    per_day = forms.IntegerField(label="Doses a day", min_value=0, max_value=50, help_text="0: no limit", initial=0)
    per_week = forms.IntegerField(label="Doses a week", min_value=0, max_value=250, help_text="0: no limit", initial=0)
    is_active = forms.BooleanField(label="In use", required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        team_id: int,
        protocol: Mapping[str, TeamNumber],
        site: TreatmentSite | None = None,
        **kwargs: Any,
    ) -> None:
        if site is not None:
            kwargs.setdefault("initial", self.start_of(site))
        else:
            values = {name: protocol[f"site.{name.removesuffix('_days')}"].days for name in LEADS}
            kwargs.setdefault("initial", values | {"nadir_days": protocol["site.nadir"].days})
        super().__init__(*args, **kwargs)
        self.team_id, self.site = team_id, site

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a site, or for one version of it in its history."""
        values = {name: getattr(row, name) for name in (*SITE_FIELDS, "version")}
        return values | {"nadir_days": ", ".join(map(str, row.nadir_days))}

    def values(self) -> dict[str, Any]:
        """What the command writes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def clean_nadir_days(self) -> list[int]:
        typed = self.cleaned_data["nadir_days"]
        try:
            days = sorted({int(part) for part in typed.replace(";", ",").split(",") if part.strip()})
        except ValueError:
            raise forms.ValidationError("Type days as numbers, separated by commas.") from None
        if any(not 3 <= day <= MOST_DAYS for day in days):
            raise forms.ValidationError(f"Nadir labs lie 3 to {MOST_DAYS} days after the dose.")
        return days

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if all(name in cleaned for name in LEADS):
            for name, sentence in LeadTimes(*(cleaned[name] for name in LEADS)).problems.items():
                self.add_error(name, sentence)
        twin = TreatmentSite.objects.filter(team_id=self.team_id, name=cleaned.get("name", ""))
        if (twin.exclude(pk=self.site.pk) if self.site else twin).exists():
            self.add_error("name", "There is a site of this name already.")
        return cleaned


class StepForm(VersionForm):
    """What became of one step."""

    outcome = forms.ChoiceField(label="What happened", choices=PreparationOutcome.choices, widget=forms.RadioSelect)
    on = forms.DateField(label="Day", widget=forms.DateInput)
    note = forms.CharField(label="Note", required=False, max_length=250, help_text="Needed for no-go and not needed")

    def __init__(self, *args: Any, step: PreparationStep, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        names = {PreparationOutcome.DONE: "Go"} if step.kind == PreparationKind.GO else {}
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]
            (value, names.get(PreparationOutcome(value), label))
            for value, label in PreparationOutcome.choices
            if value != PreparationOutcome.NO_GO or step.kind == PreparationKind.GO
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("outcome") not in {None, PreparationOutcome.DONE} and not cleaned.get("note", "").strip():
            self.add_error("note", "Say why.")
        if cleaned.get("on") and cleaned["on"] > self.today:
            self.add_error("on", "The day lies in the future.")
        return cleaned


class AuthorizationForm(VersionForm):
    """Where prior authorization stands."""

    status = forms.ChoiceField(
        label="Prior authorization", choices=AuthorizationStatus.choices, widget=forms.RadioSelect
    )
    status_on = forms.DateField(label="Since", widget=forms.DateInput)
    reference = forms.CharField(required=False, max_length=80)
    valid_until = forms.DateField(required=False, widget=forms.DateInput)
    note = forms.CharField(required=False, max_length=250)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for an authorization, or for one version of it in its history."""
        names = ("status", "status_on", "reference", "valid_until", "note", "version")
        return {name: getattr(row, name) for name in names}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"status", "status_on"} <= set(cleaned) and not self.errors:
            problems = policies.authorization_problems(
                status=cleaned["status"],
                reference=cleaned["reference"],
                status_on=cleaned["status_on"],
                valid_until=cleaned["valid_until"],
                today=self.today,
            )
            for name, sentence in problems.items():
                self.add_error(name, sentence)
        return cleaned
