"""The form of the conversation, its sections, and what may be copied from the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from patients.goals.commands.signing import TradeOffEntry
from patients.goals.forms.fields import Line, LongText, Pills
from patients.goals.models import GoalsConversation
from patients.goals.rules import (
    BURDEN_UNIT,
    Acceptance,
    Burden,
    CodeStatus,
    EventOutcome,
    InformationPreference,
    Matter,
    Place,
    ProcedureCodeStatus,
)

YES_NO = (("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True)
class Section:
    """One part of the conversation: anchor, title, the fields it holds."""

    anchor: str
    title: str
    fields: tuple[str, ...]


def _trade_off_fields() -> tuple[str, ...]:
    return tuple(f"{burden}_{part}" for burden in Burden for part in ("more", "acceptance", "condition"))


SECTIONS = (
    Section(
        "setup",
        "Set up and permission",
        ("held_on", "place", "participants", "interpreter_used", "has_capacity", "permission"),
    ),
    Section("understanding", "Understanding", ("understanding",)),
    Section("information", "Information wanted", ("information_preference", "prognosis_shared")),
    Section("matters", "What matters most", ("matters", "quote", "event", "event_on", "earlier_event", "hopes")),
    Section("worries", "Worries", ("worries",)),
    Section("strength", "Strength", ("strength", "abilities")),
    Section("tradeoffs", "Trade-offs", _trade_off_fields()),
    Section("code", "Code status", ("code_status", "code_status_procedure", "treatment_limits", "order_location")),
    Section("family", "Family and who is told", ("family_knows",)),
    Section("places", "Place and faith", ("place_of_care", "place_of_death", "spiritual")),
    Section("summary", "Summary and plan", ("summary", "recommendation", "next_review_on", "surprise")),
)


@dataclass(frozen=True)
class SectionState:
    section: Section
    state: str  # "done", "begun" or "–"

    @property
    def has_content(self) -> bool:
        return self.state != "–"


def section_states(content: Mapping[str, Any]) -> list[SectionState]:
    """How far each section has come; the preset date of the talk alone does not count as content."""
    states = []
    for section in SECTIONS:
        told = [name for name in section.fields if content.get(name) and name != "held_on"]
        wanted = 1 if section.anchor == "tradeoffs" else max(len(section.fields) // 2, 1)
        states.append(SectionState(section, "done" if len(told) >= wanted else "begun" if told else "–"))
    return states


class ConversationForm(forms.Form):
    """The conversation in any order; only the day and the summary are needed to sign (`clinical.md` 5.1, 5.2)."""

    # Day and summary are needed to sign, not to write: asked for in `clean`, so that no field is marked.
    held_on = forms.DateField(label="Day of the conversation", required=False)
    place = Line("Place", limit=120)
    participants = Line("Who was there", "Names and relation", limit=250)
    interpreter_used = Pills("Interpreter used", YES_NO)
    has_capacity = Pills("Has capacity for these decisions", YES_NO)
    permission = LongText("Permission", "May we talk about what lies ahead? The answer in their words.")
    understanding = LongText("What they understand of where things stand")
    information_preference = Pills("How much they want to know", InformationPreference)
    prognosis_shared = LongText("What was shared", "Time, function, uncertainty: as it was said.")
    matters = forms.MultipleChoiceField(
        label="Quick choices", choices=Matter, required=False, widget=forms.CheckboxSelectMultiple
    )
    quote = LongText("In their own words", "Quote them; it is shown first at the board.", rows=3)
    event = Line("Event to reach")
    event_on = forms.DateField(label="Date of the event", required=False)
    earlier_event = Pills("Earlier event", EventOutcome)
    hopes = LongText("Hopes")
    worries = LongText("Worries")
    strength = LongText("What gives strength")
    abilities = LongText("Abilities they cannot imagine living without")
    code_status = Pills("Their wish today", CodeStatus)
    code_status_procedure = Pills(
        "During a procedure",
        ProcedureCodeStatus,
        "The team asks again before each procedure; this is where it starts.",
    )
    treatment_limits = LongText("Other limits", "No intensive care, no feeding tube …", rows=1)
    order_location = Line("Signed order, where it lies", "POLST, DNACPR …; copy seen when?", limit=200)
    family_knows = LongText("What the family knows")
    place_of_care = Pills("Preferred place of care", Place)
    place_of_death = Pills("Preferred place of death", Place)
    spiritual = LongText("Spiritual needs")
    summary = LongText("Summary", "What was agreed, in two or three sentences.", rows=3)
    recommendation = LongText("Our recommendation")
    next_review_on = forms.DateField(
        label="Talk again on", required=False, help_text="Empty: after a year, or when something changes."
    )
    surprise = Pills(
        "Would death within a year surprise you?", YES_NO, "For the team only; never on a summary for the patient."
    )

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for burden in Burden:
            label = burden.label
            self.fields[f"{burden}_more"] = forms.IntegerField(
                label=f"{label}: more than",
                required=False,
                min_value=0,
                max_value=10_000,
                error_messages={"invalid": f"{label}: write a whole number of {BURDEN_UNIT[burden]}."},
            )
            self.fields[f"{burden}_acceptance"] = forms.ChoiceField(
                label=label, choices=Acceptance, required=False, widget=forms.RadioSelect
            )
            self.fields[f"{burden}_condition"] = Line(f"{label}: condition")

    @classmethod
    def typed(cls, data: QueryDict) -> dict[str, Any]:
        """What the browser sent of this form's fields, as typed (a list for the quick choices): a draft's content.
        Signs that PostgreSQL cannot store are left out."""
        form = cls()
        return {
            name: [value.replace("\x00", "") for value in data.getlist(name)]
            if name == "matters"
            else data.get(name, "").replace("\x00", "")
            for name in form.fields
        }

    @classmethod
    def bound(cls, content: Mapping[str, Any], *, today: date) -> ConversationForm:
        """The form over a draft's content, ready to be checked."""
        data = MultiValueDict({name: value if isinstance(value, list) else [value] for name, value in content.items()})
        return cls(data, today=today)

    @property
    def trade_off_rows(self) -> list[dict[str, Any]]:
        """The rows of the trade-off table for the template."""
        return [
            {
                "label": burden.label,
                "unit": BURDEN_UNIT[burden],
                "more": self[f"{burden}_more"],
                "choices": list(self[f"{burden}_acceptance"]),
                "condition": self[f"{burden}_condition"],
                "errors": [
                    error for part in ("more", "acceptance", "condition") for error in self[f"{burden}_{part}"].errors
                ],
            }
            for burden in Burden
        ]

    def clean_held_on(self) -> date:
        held_on: date | None = self.cleaned_data["held_on"]
        if held_on is None:
            raise forms.ValidationError("Say on which day you talked.")
        if self.today is not None and held_on > self.today:
            raise forms.ValidationError("The date of the conversation lies in the future.")
        return held_on

    def clean_summary(self) -> str:
        summary: str = self.cleaned_data["summary"]
        if not summary:
            raise forms.ValidationError("Write a summary: it is what others read first.")
        return summary

    def clean_next_review_on(self) -> date | None:
        on: date | None = self.cleaned_data["next_review_on"]
        if on is not None and self.today is not None and on <= self.today:
            raise forms.ValidationError("Choose a day in the future.")
        return on

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("event_on") and not data.get("event"):
            self.add_error("event", "Say what happens on that day.")
        for burden in Burden:
            more, acceptance = data.get(f"{burden}_more"), data.get(f"{burden}_acceptance")
            if not acceptance and (more is not None or data.get(f"{burden}_condition")):
                self.add_error(
                    f"{burden}_acceptance", f"{burden.label}: choose accepts, for a good reason, or not accepted."
                )
        return data

    @property
    def values(self) -> dict[str, Any]:
        """The conversation's fields for `commands.sign`; only after `is_valid()`."""
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if not any(name.startswith(f"{burden}_") for burden in Burden)
        }
        for name in ("interpreter_used", "has_capacity", "surprise"):
            data[name] = {"yes": True, "no": False}.get(data[name])
        data["code_status"] = data["code_status"] or CodeStatus.NOT_DISCUSSED
        return data

    @property
    def trade_offs(self) -> Iterator[TradeOffEntry]:
        """The filled rows of the table; an empty amount means "more than none"."""
        for burden in Burden:
            if acceptance := self.cleaned_data.get(f"{burden}_acceptance"):
                yield TradeOffEntry(
                    burden,
                    self.cleaned_data.get(f"{burden}_more") or 0,
                    Acceptance(acceptance),
                    self.cleaned_data.get(f"{burden}_condition", ""),
                )


# What is true until said otherwise; quotes, worries and hopes were said on one day and are asked again.
_HOLDS = (
    "information_preference",
    "matters",
    "abilities",
    "treatment_limits",
    "order_location",
    "family_knows",
    "place_of_care",
    "place_of_death",
    "spiritual",
)


def what_still_holds(content: Mapping[str, Any], last: GoalsConversation, today: date) -> dict[str, Any]:
    """The draft's content with its empty fields filled from the last conversation, where that may still hold. Quotes,
    code status and a passed event are never copied: they are asked."""
    merged = dict(content)
    for name in _HOLDS:
        if not merged.get(name):
            merged[name] = getattr(last, name)
    if not merged.get("event") and last.event and (last.event_on is None or last.event_on >= today):
        merged["event"] = last.event
        merged["event_on"] = last.event_on.isoformat() if last.event_on else ""
    for row in last.trade_offs.all():
        if not merged.get(f"{row.burden}_acceptance"):
            merged[f"{row.burden}_more"] = str(row.more_than)
            merged[f"{row.burden}_acceptance"] = row.acceptance
            merged[f"{row.burden}_condition"] = row.condition
    return merged
