"""Places for one kind of scan through the week."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.capacity.models import ImagingCapacity
from patients.capacity.rules import MOST, WEEKDAYS
from patients.imaging.rules import SCAN_CHOICES

DAYS = tuple(f"day_{n}" for n in range(7))


class SlotRowForm(forms.Form):
    """One study of several that are booked at once, with its own prefix; empty is left out."""

    at = forms.DateTimeField(label="Day and time", required=False, widget=forms.DateTimeInput)
    place = forms.CharField(max_length=160, required=False)


class PlaceForm(forms.Form):
    place_all = forms.CharField(
        label="Place of all", max_length=160, required=False, help_text="Where a row says nothing else"
    )


class CapacityForm(forms.Form):
    modality = forms.ChoiceField(label="Scan", choices=SCAN_CHOICES)
    place = forms.CharField(max_length=160, help_text="Written as in the slots that are booked there")
    valid_from = forms.DateField(label="From", widget=forms.DateInput)
    valid_until = forms.DateField(label="Until", required=False, widget=forms.DateInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in zip(DAYS, WEEKDAYS, strict=True):
            self.fields[name] = forms.IntegerField(label=label, min_value=0, max_value=MOST)
        self.order_fields(["modality", "place", *DAYS, "valid_from", "valid_until", "version"])

    @staticmethod
    def start_of(row: ImagingCapacity | Any) -> dict[str, Any]:
        """What the form starts with for a row, or for one version of it in its history."""
        names = ("modality", "place", "valid_from", "valid_until", "version")
        return {name: getattr(row, name) for name in names} | dict(zip(DAYS, row.slots, strict=True))

    @property
    def slots(self) -> list[int]:
        """Places by weekday, Monday first."""
        return [self.cleaned_data[name] for name in DAYS]
