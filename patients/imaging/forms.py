"""Forms of surveillance imaging."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse

from careteam.people.queries import team_people
from patients.imaging.queries import Place, places_of
from patients.imaging.queries.places import NO_SLOT, OUTSIDE
from patients.imaging.queries.worklist import STOPPED, TABS
from patients.imaging.rules import (
    LAB_CHOICES,
    CloseReason,
    ContactKind,
    ContactOutcome,
    SnoozeReason,
    Stake,
    StopReason,
    StudyModality,
    is_lab,
)
from patients.imaging.rules.preparation import Claustrophobia, Interpreting, Transport, asks
from patients.record.rules import PrimarySite, ResponseCategory

if TYPE_CHECKING:
    from careteam.people.models import User

CLOSE_CHOICES = [
    (value, label)
    for value, label in CloseReason.choices
    if value not in {CloseReason.DECEASED, CloseReason.NOT_ENROLLED}  # these follow from the record by themselves
]
STOP_CHOICES = [
    (value, label)
    for value, label in StopReason.choices
    if value in {StopReason.DECLINED, StopReason.SYMPTOM_LED, StopReason.HOSPICE}
]
LAB_STOP_CHOICES = [
    (StopReason.NOT_NEEDED.value, StopReason.NOT_NEEDED.label),
    (StopReason.DECLINED.value, "Patient declined the test"),
]
RESPONSES = [("", "None stated"), *ResponseCategory.choices]


LATE_CHOICES = [("", "All"), ("red", "Red"), ("late", "Amber and red"), ("over", "Over"), ("coming", "Not yet due")]
TRY_CHOICES = [
    ("", "All"),
    ("due", "Next try due"),
    ("none", "Nobody has tried"),
    ("letter", "Letter is next"),
]


class FilterForm(forms.Form):
    """Coded filters of the worklist, kept in the URL and in saved views. A value that is unknown filters nothing."""

    owner = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Scans and labs"), ("scans", "Scans"), ("labs", "Labs")]
    )
    modality = forms.ChoiceField(label="Scan or lab", required=False, choices=[("", "All"), *StudyModality.choices])
    late = forms.ChoiceField(label="Lateness", required=False, choices=LATE_CHOICES)
    stake = forms.ChoiceField(
        label="At stake", required=False, choices=[("", "All"), ("any", "Anything"), *Stake.choices]
    )
    tried = forms.ChoiceField(label="Contact", required=False, choices=TRY_CHOICES)
    place = forms.ChoiceField(required=False)
    site = forms.ChoiceField(label="Primary", required=False, choices=[("", "All"), *PrimarySite.choices])

    def __init__(
        self, *args: Any, people: Sequence[User] = (), places: Mapping[str, Place] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"] = forms.ChoiceField(
            required=False,
            choices=[
                ("", "All"),
                (NO_SLOT, "No slot"),
                *((code, place.name) for code, place in (places or {}).items()),
                (OUTSIDE, "Made elsewhere"),
            ],
        )
        self.fields["owner"] = forms.ChoiceField(
            required=False,
            choices=[
                ("", "Anyone"),
                ("nobody", "Nobody, or absent"),
                ("mine", "Mine"),
                *((str(person.pk), str(person)) for person in people),
            ],
        )


def coded(
    params: Mapping[str, Any], form: FilterForm, *, tabs: Collection[str], sorts: Collection[str]
) -> dict[str, str]:
    """What of an address may be kept: the stage, the order, every filter whose value the page knows. `form` is the
    bound form of these parameters."""
    form.is_valid()
    kept = {name: str(value) for name, value in form.cleaned_data.items() if value}
    tab, sort = str(params.get("tab", "")), str(params.get("sort", ""))
    if tab in tabs and tab != "act":
        kept["tab"] = tab
    if sort.removeprefix("-") in sorts:
        kept["sort"] = sort
    return kept


TAB_KEYS = (*dict(TABS), STOPPED)
SORT_KEYS = ("risk", "due", "name", "try", "back")


def filter_form(params: QueryDict, teams: frozenset[int]) -> FilterForm:
    """The filters with the people and places of these teams, bound to the parameters."""
    return FilterForm(params, auto_id="f_%s", people=team_people(teams), places=places_of(teams))


def list_address(back: str, teams: frozenset[int]) -> str:
    """The worklist with the filters of `back` (the query that a page came with) that it knows."""
    before = QueryDict(back[:500])
    query = coded(before, filter_form(before, teams), tabs=TAB_KEYS, sorts=SORT_KEYS)
    return f"{reverse('imaging-worklist')}?{urlencode(query)}" if query else reverse("imaging-worklist")


class ViewForm(forms.Form):
    """Name of a saved view and how it is used."""

    name = forms.CharField(max_length=60)
    is_default = forms.BooleanField(label="Open my worklist with it", required=False)
    is_shared = forms.BooleanField(label="Share with the team", required=False)

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["is_shared"]


class BulkCloseForm(forms.Form):
    reason = forms.ChoiceField(label="Why they are closed", choices=CLOSE_CHOICES, widget=forms.RadioSelect)


class BulkAssignForm(forms.Form):
    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = forms.TypedChoiceField(
            label="To", coerce=int, choices=[(person.pk, str(person)) for person in people]
        )


def offer(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Fills a list of check boxes, all ticked; without choices it leaves the form."""
    field = form.fields[name]
    if not choices or not isinstance(field, forms.MultipleChoiceField):
        del form.fields[name]
        return
    field.choices = list(choices)
    field.initial = [value for value, _ in choices]


class LabsForm(forms.Form):
    """Which of the labs that the record asks for run from now on; the others are not needed, because."""

    labs = forms.MultipleChoiceField(label="Start", required=False, widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label="Not needed, because", required=False, max_length=250, help_text="Of those without a tick"
    )

    def __init__(self, *args: Any, labs: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [value for value, _ in labs]
        offer(self, "labs", labs)

    @property
    def not_needed(self) -> list[str]:
        return [value for value in self.asked if value not in self.cleaned_data["labs"]]


class PlanForm(forms.Form):
    """Starts surveillance; interval and date come from the protocol unless something else is said."""

    modality = forms.ChoiceField(
        label="Scan or lab",
        choices=[
            (StudyModality.CT.value, "CT"),
            (StudyModality.MRI.value, "MRI"),
            (StudyModality.SSTR_PET.value, "SSTR PET"),
            (StudyModality.ULTRASOUND.value, "Ultrasound"),
            *LAB_CHOICES,
        ],
        widget=forms.RadioSelect,
    )
    region = forms.CharField(required=False, max_length=120)
    interval_days = forms.IntegerField(
        label="Own interval",
        required=False,
        min_value=7,
        max_value=730,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
        help_text="Empty: the interval of the protocol",
    )
    override_reason = forms.CharField(label="Why it differs", required=False, max_length=250)
    anchor_on = forms.DateField(
        label="Count from",
        required=False,
        widget=forms.DateInput,
        help_text="Empty: the last qualifying scan, else the start of treatment",
    )

    labs = forms.MultipleChoiceField(
        label="Labs that the record asks for, started with it", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, labs: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "labs", labs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if is_lab(cleaned.get("modality", "")):
            cleaned["region"] = ""
        if cleaned.get("interval_days") and not cleaned.get("override_reason"):
            self.add_error("override_reason", "Say why this patient's interval differs.")
        return cleaned


class StopForm(forms.Form):
    reason = forms.ChoiceField(label="Why surveillance stops", choices=STOP_CHOICES, widget=forms.RadioSelect)
    ask_again_on = forms.DateField(
        label="Ask again on", required=False, widget=forms.DateInput, help_text="When the patient declined"
    )

    def __init__(self, *args: Any, is_lab: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        if is_lab and isinstance(reason, forms.ChoiceField):
            reason.choices = LAB_STOP_CHOICES


class StudyForm(forms.Form):
    """A study outside the plan."""

    modality = forms.ChoiceField(label="Scan or lab", choices=StudyModality.choices)
    region = forms.CharField(label="Region, protocol", required=False, max_length=160)
    due_on = forms.DateField(label="Due", widget=forms.DateInput)
    early_reason = forms.CharField(
        label="Why again",
        required=False,
        max_length=250,
        help_text="Where the last result is new; asked for labs, kept for scans",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if is_lab(cleaned.get("modality", "")):
            cleaned["region"] = ""
        return cleaned


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


class NotNeededForm(forms.Form):
    reason = forms.CharField(label="No early scan, because", max_length=250)


class PetNotNeededForm(forms.Form):
    reason = forms.CharField(label="Not needed, because", max_length=250)


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


class BulkSnoozeForm(forms.Form):
    until = forms.DateField(label="Back on the list on", widget=forms.DateInput)
    reason = forms.ChoiceField(label="It waits, because", choices=SnoozeReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reason") == SnoozeReason.OTHER and not cleaned.get("note"):
            self.add_error("note", "Say why it waits.")
        return cleaned


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
