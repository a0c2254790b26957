"""The form of a decision as it opens: what stands recorded and, over it, what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from careteam.people.models import User
from careteam.web.parts import Difference
from careteam.web.stale import as_opened, joined
from patients.trials.models import Trial
from tumorboard.decisions.models import Alternative
from tumorboard.decisions.rules import ACTION_DUE, Outcome, wording
from tumorboard.live.forms.decision import DecisionForm
from tumorboard.live.forms.shape import TERMS, Shape
from tumorboard.live.queries import CaseCard
from tumorboard.live.rules import first_action


def start_of(card: CaseCard, presenter: User, today: date) -> dict[str, Any]:
    """What the form starts with: the draft, or every default: the presenter owns the action, due in two weeks."""
    start: dict[str, Any] = {"owner": presenter.pk, "due_on": today + ACTION_DUE, "intent": "", "version": 0}
    draft, actions = card.draft, card.actions
    if draft is not None:
        rows = list(draft.recommendations.filter(error_at__isnull=True))
        conditions = {row.option: row.condition for row in rows}
        worded = wording([row.option for row in rows], conditions=conditions)
        unchanged = draft.outcome == Outcome.NO_CHANGE
        start |= {
            "options": [row.option for row in rows],
            "intent": next((row.intent for row in rows if row.intent), ""),
            "text": "" if draft.text == worded else draft.text,
            "rationale": draft.rationale,
            "dissent": draft.dissent,
            "goals_conflict_note": draft.goals_conflict_note,
            "no_action": not actions and not unchanged,
            "unchanged": unchanged,
            "version": draft.version,
        }
        for row in rows:
            start |= {f"{name}_{row.option}": getattr(row, name) for name in TERMS}
        start["trial"] = next((row.trial_id for row in rows if row.trial_id), "")
        against = dict(Alternative.objects.valid().filter(decision=draft).values_list("option", "reason"))
        start |= {"considered": list(against)} | {f"why_{option}": reason for option, reason in against.items()}
    for number, action in enumerate(actions):
        owner, due, what, kind = action.owner_id, action.due_on, action.what, action.kind
        if number == 0:  # what follows from the options goes on following when they are changed
            usual, words, _ = first_action(start.get("options", ()))
            what, kind = "" if what == words else what, "" if kind == usual else kind
            start |= {"owner": owner, "due_on": due, "action_what": what, "action_kind": kind}
        else:
            row = f"a{action.pk}"
            start |= {f"owner_{row}": owner, f"due_{row}": due, f"what_{row}": what, f"kind_{row}": kind}
    return start


@dataclass(frozen=True)
class Choices:
    """Who may own an action, which trials can be named."""

    people: Sequence[User]
    trials: Sequence[Trial] = ()


def form_of(
    card: CaseCard,
    choices: Choices,
    start: Mapping[str, Any],
    data: QueryDict | None,
    *,
    is_sent: bool = False,
    another: bool = False,
) -> DecisionForm:
    """The form with what `start` holds and, over it, what this person typed (`data`): sent to be recorded, or shown
    again as it was typed, with a row more (`another`) or from a draft. What somebody else recorded since it was opened
    is joined with it, field by field."""
    shape = Shape.of(start, data, another=another)
    focus = shape.rows[-1] if another and shape.rows else ""
    defaults = {f"owner_{row}": start["owner"] for row in shape.rows}
    defaults |= {f"due_{row}": start["due_on"] for row in shape.rows}
    initial = {**defaults, **start}
    options: dict[str, Any] = {"people": choices.people, "trials": choices.trials, "shape": shape, "focus": focus}
    blank = DecisionForm(initial=initial, **options)
    initial["opened"] = as_opened(blank, {name: value for name, value in initial.items() if name in start})
    if data is None:
        return DecisionForm(initial=initial, **options)
    both: list[Difference] = []
    is_behind = card.draft is not None and data.get("version", "") != str(card.draft.version) and "opened" in data
    if is_behind:
        data, both = joined(blank, data, start)
    if is_behind or not is_sent:
        data = data.copy()
        data["version"], data["opened"] = str(initial["version"]), initial["opened"]
    typed = _as_typed(blank, data, initial, options)
    form = DecisionForm(data, initial=initial, **options) if is_sent else typed
    form.is_recorded = is_behind and not typed.differs
    form.both = both
    form.joined_with = str(card.draft.recorded_by) if card.draft is not None and is_behind else ""
    return form


def _as_typed(
    blank: DecisionForm, data: QueryDict, initial: Mapping[str, Any], options: Mapping[str, Any]
) -> DecisionForm:
    """Not checked yet: what was typed stands in the fields without a word about it."""
    typed: dict[str, Any] = dict(initial)
    for name, field in blank.fields.items():
        if isinstance(field, forms.MultipleChoiceField):
            typed[name] = data.getlist(name)
        elif isinstance(field, forms.BooleanField):
            typed[name] = bool(data.get(name))
        elif name in data:
            typed[name] = _read(field, data.get(name, ""))
    return DecisionForm(initial=typed, **options)


def _read(field: forms.Field, value: str) -> Any:
    if not isinstance(field, forms.DateField):
        return value
    try:
        return field.clean(value) or ""
    except forms.ValidationError:
        return value
