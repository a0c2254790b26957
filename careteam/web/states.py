"""Invented content for the living page of components (`templates/components/states.html`)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from careteam.web.paging import Page, Sort
from careteam.web.parts import Difference, Tab
from careteam.web.svg import sparkline

TODAY = dt.date(2026, 11, 23)


class SampleForm(forms.Form):
    """Every kind of control once."""

    study = forms.ChoiceField(choices=[("ct", "CT, 3-phase"), ("mri", "MRI liver"), ("pet", "SSTR PET")])
    creatinine = forms.DecimalField(required=False)
    taken_on = forms.DateField(label="Date taken", required=False)
    note = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Names of other people are visible to the patient.",
    )
    result = forms.ChoiceField(
        label="Result of the call",
        choices=[("booked", "Booked"), ("no_answer", "No answer"), ("declined", "Declined")],
        widget=forms.RadioSelect,
        initial="booked",
    )
    wishes = forms.MultipleChoiceField(
        label="What matters most",
        required=False,
        choices=[("home", "Being at home"), ("clear", "A clear head"), ("event", "An event to reach")],
        widget=forms.CheckboxSelectMultiple,
        initial=["home", "event"],
    )
    tell_gp = forms.BooleanField(label="Tell the GP", required=False, initial=True)


class SampleErrors(forms.Form):
    """A form that always comes back."""

    hemoglobin = forms.DecimalField()
    taken_on = forms.DateField(label="Date taken")

    def clean_hemoglobin(self) -> None:
        raise forms.ValidationError("104 is not plausible in g/dL. Did you mean g/L?")

    def clean_taken_on(self) -> None:
        raise forms.ValidationError("The date lies in the future.")


class SampleFilter(forms.Form):
    """Coded filters of a list."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "All"), ("due", "Due"), ("over", "Overdue")])
    mine = forms.BooleanField(label="Mine only", required=False)


@dataclass(frozen=True)
class SampleStep:
    what: str
    due: dt.date
    when_words: str
    owner: str
    overdue: bool = False


@dataclass(frozen=True)
class SampleBanner:
    """What `components/patient_banner.html` wants."""

    name: str
    age: int | None
    sex: str
    birth_date: dt.date | None
    mrn: str
    tags: tuple[tuple[str, str], ...]
    url: str
    facts: tuple[tuple[str, str, str, str], ...]
    alerts: tuple[tuple[str, str, str], ...]
    next_step: SampleStep | None
    patient_id: int
    history_url: str


def states_context() -> dict[str, Any]:
    """Everything the living page shows. Reads no clock and no table."""
    sorts = (Sort("due", "Due", ("due", "id")), Sort("action", "Action", ("action", "id")))
    page: Page[tuple[Any, ...]] = Page(
        rows=(
            (dt.date(2026, 11, 23), "Review SSTR PET", "Kr 3", "amb", "Today"),
            (dt.date(2026, 11, 25), "Palliative input", "–", "acc", "Planned"),
            (dt.date(2026, 11, 30), "Dietitian visit", "58.4 kg", "acc", "Planned"),
        ),
        sort=sorts[0],
        sorts=sorts,
        descending=False,
        params=QueryDict("state=due"),
        next_url="?state=due&after=3",
        previous_url="?state=due&before=1",
    )
    errors = SampleErrors({"hemoglobin": "104", "taken_on": "2026-12-03"}, auto_id="e_%s")
    return {
        "today": TODAY,
        "form": SampleForm(),
        "errors": errors,
        "filter": SampleFilter({"state": "due"}, auto_id="s_%s"),
        "page": page,
        "tabs": (Tab("Open", "#tabs", current=True, count=3), Tab("Closed", "#tabs", count=12)),
        "pairs": (("Decision", "TARE, right lobe first"), ("Owner, due", "Dr Okafor, 3 Dec 2026"), ("Note", "")),
        "said": "Dr Brandt signed a newer version at 10:41, after you opened this one at 10:30.",
        "theirs_label": "Theirs, 10:41, Dr Brandt",
        "rows": (
            Difference(
                "trade",
                "Trade-off",
                "Hospital nights > 1, not accepted",
                "Hospital nights > 2, not accepted",
                "Hospital nights > 0, not accepted",
            ),
            Difference("phone", "Proxy phone", "555 0142", "555 0199", "555 0142"),
        ),
        "hidden": {"version": "4"},
        "kinds": (
            ("red", "Overdue"),
            ("amb", "Due"),
            ("grn", "Done"),
            ("acc", "Planned"),
            ("bar", "Stopped"),
            ("pd", "PD"),
            ("sd", "SD"),
            ("pr", "PR"),
            ("cr", "CR"),
            ("ne", "NE"),
            ("plain", "G2"),
            ("count", "3 new"),
        ),
        "weight": sparkline([64.1, 63.0, 62.4, 60.2, 58.4], label="Weight 58.4 kg, falling from 64.1 in a year"),
        "banner": sample_banner(),
    }


def sample_banner() -> SampleBanner:
    """One invented person."""
    return SampleBanner(
        name="Rosalind Achterberg",
        age=67,
        sex="F",
        birth_date=dt.date(1959, 2, 14),
        mrn="90-4471-082",
        tags=(("amb", "Goals prompt open 34 days"),),
        url="#banner",
        facts=(
            ("Primary", "Pancreas, tail", "April 2017", ""),
            ("Grade", "NET G2, Ki-67 14 %", "liver, Mar 2025; 4 % in 2017", ""),
            ("Stage", "IV (M1c)", "AJCC 8; liver 30 %", ""),
            ("Syndrome", "Nonfunctional", "since 2017", ""),
            ("SSTR", "Positive, Krenning 3", "3 Nov; 1 discordant", ""),
            ("ECOG", "2, was 1", "16 Nov 2026", "amb"),
            ("Current line", "L12 · Cabozantinib 20 mg", "therapy line 7, since 12 Jan", ""),
            ("Goals", "Home first, 11 months old", "event passed, ask again", ""),
            ("Code status", "DNR", "30 Oct 2024", ""),
        ),
        alerts=(
            ("red", "Contrast reaction", "iodinated, hives 2021"),
            ("amb", "Anticoagulant", "apixaban 5 mg × 2"),
            ("amb", "Asplenia", "since 2017"),
            ("amb", "On PPI", "CgA unreliable"),
            ("acc", "Not asked", "DPYD, implants; rest asked 16 Nov"),
        ),
        next_step=SampleStep(
            what="Discuss progression at the NET board",
            due=dt.date(2026, 11, 26),
            when_words="in 3 days",
            owner="Dr Ines Okafor",
        ),
        patient_id=1,
        history_url="#history",
    )
