"""Booking a visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from careteam.workspace.clinic.rules import Clinic
from patients.record.rules.visits import VisitKind, VisitStatus
from patients.treatment.models import TreatmentSite


class ClinicFilter(forms.Form):
    """The coded filters of a day, kept in the URL; an unknown value filters nothing."""

    clinic = forms.ChoiceField(required=False, choices=[("", "All clinics"), *Clinic.choices])
    site = forms.ChoiceField(required=False, label="Doses at")

    def __init__(self, *args: Any, sites: Iterable[TreatmentSite], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(site.pk), site.name) for site in sites]
        if choices:
            self.fields["site"].choices = [("", "Any site"), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["site"]

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that were understood; the others are left out."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class BookForm(forms.Form):
    kind = forms.ChoiceField(label="What", choices=VisitKind.choices, widget=forms.RadioSelect, initial=VisitKind.VISIT)
    at = forms.DateTimeField(label="Day and time", widget=forms.DateTimeInput, help_text="In the team's time zone")
    with_whom = forms.CharField(label="With whom", max_length=160, required=False)
    reason = forms.CharField(label="What for", max_length=250, required=False)


class CloseVisitForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.ChoiceField(choices=[choice for choice in VisitStatus.choices if choice[0] != VisitStatus.BOOKED])
