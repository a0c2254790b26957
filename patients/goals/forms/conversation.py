"""The form of the conversation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from patients.goals.commands.signing import TradeOffEntry
from patients.goals.forms.fields import Line, LongText, Pills
from patients.goals.queries import Somebody
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
from patients.goals.rules.said import (
    Ability,
    Capacity,
    FamilyKnows,
    Framing,
    Hope,
    InterpreterKind,
    PermissionGiven,
    PlaceKind,
    QuotableText,
    Strength,
    Understanding,
    Worry,
)
from patients.wishes.rules import TreatmentLimit

YES_NO = (("yes", "Yes"), ("no", "No"))


def _choices(label: str, choices: type[TextChoices], hint: str = "") -> forms.MultipleChoiceField:
    """Quick choices, any number of them."""
    return forms.MultipleChoiceField(
        label=label, choices=choices.choices, required=False, help_text=hint, widget=forms.CheckboxSelectMultiple
    )


class ConversationForm(forms.Form):
    """The conversation in any order; only the day and the summary are needed to sign (`clinical.md` 5.1, 5.2)."""

    # Day and summary are needed to sign, not to write: asked for in `clean`, so that no field is marked.
    held_on = forms.DateField(label="Day of the conversation", required=False)
    place_kind = Pills("Where", PlaceKind)
    place = Line("Room, or where exactly", limit=120)
    present = forms.MultipleChoiceField(
        label="Who was there",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Somebody you picked is not in the record any more. Pick again."},
    )
    participants = LongText("Others who were there", "Names and relation.", rows=1)
    interpreter_used = Pills("Interpreter used", YES_NO)
    interpreter_kind = Pills("Who interpreted", InterpreterKind)
    interpreter = Line("Language, name or service", limit=120)
    capacity = Pills("Has capacity for these decisions", Capacity)
    capacity_judged_by = Line("Who judged that", limit=120)
    proxy_speaks = forms.BooleanField(label="The proxy speaks for the patient today", required=False)
    permission_given = Pills("May we talk about it", PermissionGiven)
    permission = LongText("The answer in words", rows=1)
    understanding_codes = _choices("What they understand", Understanding)
    understanding = LongText("In words")
    information_preference = Pills("How much they want to know", InformationPreference)
    prognosis_framing = _choices("What was spoken of", Framing)
    prognosis_shared = LongText("What was shared", "Time, function, uncertainty: as it was said.")
    matters = _choices("Quick choices", Matter)
    quote = LongText("In their own words", "Quote them; it is shown first at the board.", rows=3)
    event = Line("Event to reach")
    event_on = forms.DateField(label="Date of the event", required=False)
    earlier_event = Pills("Earlier event", EventOutcome)
    worries_codes = _choices("What they fear", Worry)
    worries = LongText("In words")
    strength_codes = _choices("What gives strength", Strength)
    strength = LongText("Strength, in words")
    abilities_codes = _choices("Abilities they cannot imagine living without", Ability)
    abilities = LongText("Abilities, in words")
    family_knows_code = Pills("What the family knows", FamilyKnows)
    family_knows = LongText("Who knows what, in words")
    hopes_codes = _choices("What they hope for", Hope)
    hopes = LongText("In words")
    quoted = _choices("These are their words", QuotableText)
    code_status = Pills("Their wish today", CodeStatus)
    code_status_procedure = Pills(
        "During a procedure",
        ProcedureCodeStatus,
        "The team asks again before each procedure; this is where it starts.",
    )
    limits_codes = forms.MultipleChoiceField(
        label="Not wanted",
        choices=[(str(each), each.label) for each in TreatmentLimit if each != TreatmentLimit.OTHER],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    treatment_limits = LongText("Other limits, or conditions", rows=1)
    order_location = Line("Signed order, where it lies", "POLST, DNACPR …; copy seen when?", limit=200)
    place_of_care = Pills("Preferred place of care", Place)
    place_of_death = Pills("Preferred place of death", Place)
    spiritual = LongText("Spiritual needs")
    recommendation = LongText("Our recommendation")
    agreed = LongText(
        "What we agreed, in words for the patient", "Plain and without abbreviations: it is printed on their page."
    )
    summary = LongText("Summary for the team", "Two or three sentences; it is what others read first.", rows=3)
    next_review_on = forms.DateField(
        label="Talk again on", required=False, help_text="Empty: after a year, or when something changes."
    )
    surprise = Pills(
        "Would death within a year surprise you?", YES_NO, "For the team only; never on a summary for the patient."
    )

    def __init__(self, *args: Any, today: date | None = None, people: Sequence[Somebody] = (), **kwargs: Any) -> None:
        """`people`: who may be picked as present (`queries.people_of`)."""
        super().__init__(*args, **kwargs)
        self.today = today
        self.people = people
        self.fields["present"].choices = [(each.key, each.pick) for each in people]  # type: ignore[attr-defined]
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
        return {
            name: [value.replace("\x00", "") for value in data.getlist(name)]
            if isinstance(field, forms.MultipleChoiceField)
            else data.get(name, "").replace("\x00", "")
            for name, field in cls().fields.items()
        }

    @classmethod
    def bound(cls, content: Mapping[str, Any], *, today: date, people: Sequence[Somebody] = ()) -> ConversationForm:
        """The form over a draft's content, ready to be checked."""
        data = MultiValueDict({name: value if isinstance(value, list) else [value] for name, value in content.items()})
        return cls(data, today=today, people=people)

    @property
    def marks(self) -> dict[str, Any]:
        """The box "these are their words" of each text that may be marked so."""
        return {widget.data["value"]: widget for widget in self["quoted"]}

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
        names = {each.key: each.label for each in self.people}
        named = [names[key] for key in data["present"]]
        data["participants"] = "; ".join(filter(None, [*named, data["participants"]]))
        data["quoted"] = [name for name in data["quoted"] if data[name]]  # empty words are nobody's
        for name in ("interpreter_used", "surprise"):
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
