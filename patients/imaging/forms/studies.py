"""One study from the order to the act that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms

from patients.imaging.rules import (
    ContactKind,
    ContactOutcome,
)
from patients.imaging.rules.preparation import Claustrophobia, Interpreting, Transport, asks
from patients.record.rules import ResponseCategory

if TYPE_CHECKING:
    from careteam.people.models import User
from patients.imaging.forms.lists import CLOSE_CHOICES, BulkSnoozeForm
from patients.imaging.forms.plans import offer

RESPONSES = [("", "None stated"), *ResponseCategory.choices]


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class OrderForm(VersionForm):
    """Orders a study. `again`: the result is new, so a sentence is asked for. `together`: other labs of the patient
    that one sample serves, as (id, words)."""

    early_reason = forms.CharField(label="Why again", max_length=250)
    together = forms.MultipleChoiceField(
        label="Ordered with it, one sample", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, again: bool, together: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not again:
            del self.fields["early_reason"]
        offer(self, "together", together)


class PreparationForm(VersionForm):
    """What is asked at booking; only what this kind of scan asks for. Empty: not asked."""

    contrast = forms.ChoiceField(
        choices=[("", "Not said"), ("yes", "With"), ("no", "Without")], required=False, widget=forms.RadioSelect
    )
    reaction_settled = forms.BooleanField(label="Contrast reactions asked: none, or settled", required=False)
    metformin_told = forms.BooleanField(label="Metformin asked, instruction given where needed", required=False)
    implant_settled = forms.BooleanField(label="Implants asked: none, or cleared for the magnet", required=False)
    claustrophobia = forms.ChoiceField(
        choices=[("", "Not asked"), *Claustrophobia.choices], required=False, widget=forms.RadioSelect
    )
    diabetes_told = forms.BooleanField(label="Diabetes asked, told how to prepare", required=False)
    ppi_told = forms.BooleanField(label="PPI and other acid drugs asked, pause agreed or noted", required=False)
    diet_told = forms.BooleanField(label="Diet explained", required=False)
    pregnancy_asked_on = forms.DateField(
        label="Not pregnant, asked on", required=False, widget=forms.DateInput, help_text="A yes belongs in the record"
    )
    interpreter = forms.ChoiceField(
        choices=[("", "Not asked"), *Interpreting.choices], required=False, widget=forms.RadioSelect
    )
    language = forms.CharField(required=False, max_length=40)
    transport = forms.ChoiceField(
        choices=[("", "Not asked"), *Transport.choices], required=False, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Note for the department",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, modality: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(PREPARATION) - asks(modality):
            del self.fields[name]


PREPARATION = tuple(name for name in PreparationForm.base_fields if name != "version")


class ScheduleForm(PreparationForm):
    """The slot, and what is asked with it. `again` and `together` as in `OrderForm`."""

    at = forms.DateTimeField(label="Day and time", widget=forms.DateTimeInput, help_text="In the team's time zone")
    place = forms.CharField(max_length=160, required=False)
    early_reason = forms.CharField(label="Why again", max_length=250)
    together = forms.MultipleChoiceField(
        label="Booked with it, one sample", required=False, widget=forms.CheckboxSelectMultiple
    )

    field_order = ("at", "place", "early_reason", "together")

    def __init__(
        self, *args: Any, modality: str, again: bool = False, together: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, modality=modality, **kwargs)
        if not again:
            del self.fields["early_reason"]
        offer(self, "together", together)


class SlotForm(VersionForm):
    what = forms.ChoiceField(
        label="What happened",
        choices=[("no_show", "The patient did not come"), ("cancelled", "The slot was canceled")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="Why", max_length=250)


class PerformedForm(VersionForm):
    on = forms.DateField(label="Day of the scan", widget=forms.DateInput)
    center = forms.CharField(label="Where, if not here", required=False, max_length=160)
    accession_number = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, is_lab: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_lab:
            self.fields["on"].label = "Day of the sample"


class ReportForm(VersionForm):
    performed_on = forms.DateField(label="Day of the scan", required=False, widget=forms.DateInput)
    conclusion = forms.CharField(max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    report = forms.CharField(required=False, max_length=100_000, widget=forms.Textarea(attrs={"rows": 8}))
    response = forms.ChoiceField(
        label="Response, RECIST 1.1", choices=RESPONSES, required=False, help_text="The reader confirms"
    )
    is_urgent = forms.BooleanField(label="Discordant or new lesion: review within 2 working days", required=False)

    def __init__(self, *args: Any, performed_on: date | None = None, is_lab: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_lab:
            del self.fields["response"]
            self.fields["performed_on"].label = "Day of the sample"
            self.fields["conclusion"].label = "Result"
            self.fields["report"].label = "Comment of the laboratory"
            self.fields["is_urgent"].label = "Critical value: review within 2 working days"
        if performed_on is not None:
            del self.fields["performed_on"]
        else:
            self.fields["performed_on"].required = True


class ReviewForm(VersionForm):
    seen = forms.CharField(widget=forms.HiddenInput)
    response = forms.ChoiceField(label="Response", choices=RESPONSES, required=False, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    nothing_to_do = forms.BooleanField(label="Nothing changes; surveillance goes on", required=False)

    def __init__(self, *args: Any, is_lab: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_lab:
            del self.fields["response"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("response") == ResponseCategory.PD and cleaned.get("nothing_to_do"):
            self.add_error("nothing_to_do", "Progression asks for a decision: say what follows when it is made.")
        return cleaned


class ActForm(VersionForm):
    note = forms.CharField(label="What was done", max_length=250)


class SnoozeForm(VersionForm, BulkSnoozeForm):
    pass


class CloseForm(VersionForm):
    reason = forms.ChoiceField(label="Why it is closed", choices=CLOSE_CHOICES, widget=forms.RadioSelect)


class CorrectForm(VersionForm):
    """Takes back the last state, or opens a closed study again."""

    reason = forms.CharField(label="What was wrong", max_length=250)


class LinksForm(VersionForm):
    accession_number = forms.CharField(required=False, max_length=64)
    pacs_url = forms.URLField(
        label="Link to the images",
        required=False,
        max_length=250,
        assume_scheme="https",
        help_text="Of the picture archive; begins with https:// or http://",
    )
    center = forms.CharField(label="Where, if not here", required=False, max_length=160)

    def clean_pacs_url(self) -> str:
        url = str(self.cleaned_data["pacs_url"])
        if url and not url.lower().startswith(("http://", "https://")):
            raise forms.ValidationError("Enter a link that begins with https:// or http://.")
        return url


class ImagesForm(VersionForm):
    """Outside images are asked for."""

    center = forms.CharField(label="From", max_length=160, help_text="Hospital or practice")
    contact = forms.CharField(
        required=False, max_length=200, help_text="Whom to ask; empty keeps what is known of the center"
    )
    phone = forms.CharField(required=False, max_length=60)
    on = forms.DateField(label="Asked on", widget=forms.DateInput)


class AcknowledgeForm(forms.Form):
    note = forms.CharField(label="Note", required=False, max_length=250)


class HandOverForm(VersionForm):
    to = forms.ChoiceField(label="To")

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = forms.TypedChoiceField(
            label="To", coerce=int, choices=[(person.pk, str(person)) for person in people]
        )


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label="How", choices=ContactKind.choices, widget=forms.RadioSelect, initial="phone")
    outcome = forms.ChoiceField(
        label="Result", choices=ContactOutcome.choices, widget=forms.RadioSelect, initial="no_answer"
    )
    note = forms.CharField(required=False, max_length=1000)
    next_try_on = forms.DateField(label="Next try", required=False, widget=forms.DateInput)
