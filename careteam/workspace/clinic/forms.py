"""Booking a visit."""

from __future__ import annotations

from django import forms

from patients.record.rules.visits import VisitKind, VisitStatus


class BookForm(forms.Form):
    kind = forms.ChoiceField(label="What", choices=VisitKind.choices, widget=forms.RadioSelect, initial=VisitKind.VISIT)
    at = forms.DateTimeField(label="Day and time", widget=forms.DateTimeInput, help_text="In the team's time zone")
    with_whom = forms.CharField(label="With whom", max_length=160, required=False)
    reason = forms.CharField(label="What for", max_length=250, required=False)


class CloseVisitForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.ChoiceField(choices=[choice for choice in VisitStatus.choices if choice[0] != VisitStatus.BOOKED])
