"""The form of a decision: everything but the options has a default."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from careteam.people.models import User
from careteam.web.parts import Difference
from careteam.web.stale import as_opened
from patients.treatment.rules import Intent
from patients.trials.models import Trial
from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.commands import Said, Terms
from tumorboard.decisions.rules import Option, Outcome, Strength, option_choices
from tumorboard.live.commands import ActionAsked
from tumorboard.live.forms.shape import TERMS, Shape
from tumorboard.live.models import DecisionDraft
from tumorboard.live.rules import ACTIONS_MOST

_INTENTS = [(value, label) for value, label in Intent.choices if value]
_ALTERNATIVES = [(value, label) for value, label in option_choices() if value != Option.WITH_PALLIATIVE]


class DecisionForm(forms.Form):
    options = forms.MultipleChoiceField(
        choices=option_choices, label="Recommended, one or more", widget=forms.CheckboxSelectMultiple, required=False
    )
    intent = forms.ChoiceField(choices=_INTENTS, label="Intent", widget=forms.RadioSelect, required=False)
    considered = forms.MultipleChoiceField(
        choices=_ALTERNATIVES,
        label="Considered and not chosen",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    text = forms.CharField(
        label="Wording",
        help_text="Left empty, it is made of what is recommended.",
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    rationale = forms.CharField(label="Reasoning", widget=forms.Textarea, max_length=4000, required=False)
    dissent = forms.CharField(label="Dissent", max_length=1000, required=False)
    goals_conflict_note = forms.CharField(
        label="How the plan answers what the patient wants", max_length=1000, required=False
    )
    due_on = forms.DateField(label="Due", required=False)
    action_what = forms.CharField(
        label="Action", help_text="Left empty, it is made of what is recommended.", max_length=200, required=False
    )
    action_kind = forms.ChoiceField(
        label="Kind of action", choices=[("", "By what is recommended"), *ActionKind.choices], required=False
    )
    no_action = forms.BooleanField(label="No action follows", required=False)
    unchanged = forms.BooleanField(label="No change: the present plan continues", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    both: Sequence[Difference] = ()  # fields that somebody else changed meanwhile, and this person too
    joined_with = ""  # who recorded meanwhile, when the two could be joined
    is_recorded = False  # it was sent before: everything in it stands recorded
    kept: DecisionDraft | None = None  # the draft of this person that it shows

    def __init__(
        self,
        *args: Any,
        people: Sequence[User],
        trials: Sequence[Trial] = (),
        shape: Shape | None = None,
        focus: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shape = shape or Shape()
        self.fields["owner"] = _owner(people)
        for option in self.shape.options:
            if option != Option.WITH_PALLIATIVE:
                self._add_terms(option)
        if Option.TRIAL in self.shape.options:
            named = {str(trial.pk): trial for trial in trials}
            self.fields["trial"] = forms.TypedChoiceField(
                label="Which trial",
                choices=[("", "Not named"), *((pk, str(trial)) for pk, trial in named.items())],
                coerce=lambda pk: named[pk],
                empty_value=None,
                required=False,
            )
        for option in self.shape.considered:
            label = f"Why not {Option(option).label}"
            self.fields[f"why_{option}"] = forms.CharField(label=label, max_length=250, required=False)
        for row in self.shape.rows:
            self._add_action(row, people)
            if row == focus:
                self.fields[f"what_{row}"].widget.attrs["data-autofocus"] = ""

    def _add_terms(self, option: str) -> None:
        label = Option(option).label
        self.fields[f"strength_{option}"] = forms.ChoiceField(
            label=f"{label}, how firmly", choices=Strength.choices, widget=forms.RadioSelect, required=False
        )
        texts = {"detail": "what exactly", "condition": "condition", "evidence": "evidence"}
        for name, asks in texts.items():
            field = forms.CharField(label=f"{label}, {asks}", max_length=200, required=False)
            if name == "evidence":
                field.widget.attrs["list"] = "evidence"
            self.fields[f"{name}_{option}"] = field

    def _add_action(self, row: str, people: Sequence[User]) -> None:
        self.fields[f"what_{row}"] = forms.CharField(label="Another action", max_length=200, required=False)
        kinds = [("", "Kind"), *ActionKind.choices]
        self.fields[f"kind_{row}"] = forms.ChoiceField(label="Kind", choices=kinds, required=False)
        self.fields[f"owner_{row}"] = _owner(people)
        self.fields[f"due_{row}"] = forms.DateField(label="Due", required=False)

    @property
    def terms(self) -> list[dict[str, Any]]:
        """The fields of each option in play, for the page."""
        return [
            {
                **{name: self[f"{name}_{option}"] for name in TERMS},
                "trial": self["trial"] if option == Option.TRIAL else None,
            }
            for option in self.shape.options
            if option in self._listed("options") and option != Option.WITH_PALLIATIVE
        ]

    @property
    def whys(self) -> list[Any]:
        return [self[f"why_{option}"] for option in self.shape.considered if option in self._listed("considered")]

    @property
    def more_actions(self) -> list[dict[str, Any]]:
        return [{name: self[f"{name}_{row}"] for name in ("what", "kind", "owner", "due")} for row in self.shape.rows]

    @property
    def may_add(self) -> bool:
        return len(self.shape.rows) < ACTIONS_MOST - 1

    @property
    def terms_said(self) -> bool:
        """Whether anything stands in the fold of terms and alternatives."""
        named = [name for name in self.fields if name.partition("_")[0] in TERMS]
        return any(self[name].value() for name in [*named, "considered"])

    @property
    def recorded(self) -> dict[str, list[str]]:
        """What stands recorded, or the defaults, as the browser would send it."""
        found: dict[str, list[str]] = json.loads(self.initial["opened"])
        return found

    @property
    def differs(self) -> bool:
        """Whether what the form shows (not checked) is another thing than what stands recorded."""
        shown = json.loads(as_opened(self, self.initial))
        return any(value != self.recorded.get(name, []) for name, value in shown.items())

    def _listed(self, name: str) -> list[str]:
        return [str(value) for value in self[name].value() or ()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        unchanged = bool(cleaned.get("unchanged"))
        needs_first = not cleaned.get("no_action") and (not unchanged or self._first_is_written(cleaned))
        for name in ("owner", "due_on"):
            if needs_first and name not in self.errors and not cleaned.get(name):
                self.add_error(name, "An action needs an owner and a due date.")
        for row in self.shape.rows:
            for name in ("owner", "due"):
                field = f"{name}_{row}"
                if self._is_written(cleaned, row) and field not in self.errors and not cleaned.get(field):
                    self.add_error(field, "An action needs an owner and a due date.")
        said = cleaned.get("options") or str(cleaned.get("text", "")).strip() or unchanged
        if not said:
            self.add_error("options", "Choose what is recommended, or write the decision below.")
        for option in cleaned.get("considered", ()):
            if not str(cleaned.get(f"why_{option}", "")).strip():
                name = f"why_{option}" if f"why_{option}" in self.fields else "considered"
                self.add_error(name, f"{Option(option).label}: say why it is not chosen.")
        return cleaned

    @staticmethod
    def _first_is_written(values: Mapping[str, Any]) -> bool:
        return bool(str(values.get("action_what", "")).strip() or values.get("action_kind"))

    @staticmethod
    def _is_written(values: Mapping[str, Any], row: str) -> bool:
        return bool(str(values.get(f"what_{row}", "")).strip() or values.get(f"kind_{row}"))

    def said(self, *, goals_seen: bool) -> Said:
        """The cleaned form as what was decided; only after `is_valid()`."""
        values = self.cleaned_data
        options = tuple(Option(value) for value in values["options"])
        return Said(
            options=options,
            outcome=Outcome.NO_CHANGE if values["unchanged"] else Outcome.RECOMMENDED,
            text=values["text"],
            intent=values["intent"],
            details={option: values.get(f"detail_{option}", "") for option in options},
            terms={
                option: Terms(
                    strength=values.get(f"strength_{option}", ""),
                    condition=values.get(f"condition_{option}", ""),
                    evidence=values.get(f"evidence_{option}", ""),
                    trial=values.get("trial") if option is Option.TRIAL else None,
                )
                for option in options
            },
            against={value: values.get(f"why_{value}", "") for value in values["considered"]},
            rationale=values["rationale"],
            dissent=values["dissent"],
            goals_seen=goals_seen,
            goals_conflict_note=values["goals_conflict_note"],
        )

    def action(self) -> ActionAsked | None:
        """The first action; None when none follows. From no change follows only what is written."""
        values = self.cleaned_data
        if values["no_action"] or (values["unchanged"] and not self._first_is_written(values)):
            return None
        return ActionAsked(
            owner=values["owner"], due_on=values["due_on"], what=values["action_what"], kind=values["action_kind"]
        )

    def more(self) -> list[ActionAsked]:
        """Every other action; those that stand and were emptied are among them, blank."""
        values, found = self.cleaned_data, []
        for row in self.shape.rows:
            known = int(row[1:]) if row[0] == "a" else None
            written = self._is_written(values, row)
            if written or known:
                found.append(
                    ActionAsked(
                        owner=values[f"owner_{row}"],
                        due_on=values[f"due_{row}"],
                        what=values[f"what_{row}"],
                        kind=values[f"kind_{row}"] if written else "",
                        id=known,
                    )
                )
        return found


def _owner(people: Sequence[User]) -> forms.TypedChoiceField:
    """Chosen among people who are loaded already: any number of rows asks the database nothing."""
    known = {str(person.pk): person for person in sorted(people, key=lambda each: (each.name, each.pk))}
    return forms.TypedChoiceField(
        label="Owner",
        choices=[(pk, str(person)) for pk, person in known.items()],
        coerce=lambda pk: known[pk],
        empty_value=None,
        required=False,
    )
