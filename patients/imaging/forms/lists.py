"""What the worklist is asked: filters, saved views, one act on many rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    CloseReason,
    SnoozeReason,
    Stake,
    StudyModality,
)
from patients.record.rules import PrimarySite

if TYPE_CHECKING:
    from careteam.people.models import User


CLOSE_CHOICES = [
    (value, label)
    for value, label in CloseReason.choices
    if value not in {CloseReason.DECEASED, CloseReason.NOT_ENROLLED}  # these follow from the record by themselves
]


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


class BulkSnoozeForm(forms.Form):
    until = forms.DateField(label="Back on the list on", widget=forms.DateInput)
    reason = forms.ChoiceField(label="It waits, because", choices=SnoozeReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reason") == SnoozeReason.OTHER and not cleaned.get("note"):
            self.add_error("note", "Say why it waits.")
        return cleaned
