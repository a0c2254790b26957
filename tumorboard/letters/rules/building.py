"""The text of a letter about a decision, from what the record holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import translation
from django.utils.dateformat import format as formatted

from careteam.web.words import NBSP
from patients.letters.rules import LetterKind, born_words, date_words, one_line, salutation
from tumorboard.letters.rules import words

# Figures about how long somebody lives belong into a conversation, not into a letter.
_FIGURES = re.compile(
    r"\d\s*(?:%|percent|prozent|pour ?cent|por ciento|per cento)"
    r"|surviv|prognos|pronosti|pronóstic|überleb|lebenserwart|espérance de vie|esperanza de vida|aspettativa di vita",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Recommended:
    """One option, as the board wrote it."""

    option: str
    label: str
    detail: str = ""
    intent: str = ""
    strength: str = ""
    condition: str = ""
    trial: str = ""


@dataclass(frozen=True)
class Step:
    """What follows: an action with who does it, by when; `state` says what became of it ("done")."""

    kind: str
    what: str
    owner: str
    due_on: date
    state: str = ""
    is_open: bool = True


@dataclass(frozen=True)
class Facts:
    """What a letter is made of. `told` is how the patient was told; empty: not yet."""

    name: str
    born_on: date | None
    diagnosis: str
    board: str
    decided_on: date
    question: str
    text: str
    recommended: Sequence[Recommended]
    addenda: Sequence[str]
    steps: Sequence[Step]
    told: str
    phone: str
    team: str
    signature: str
    own_words: str = ""
    may_tell_gp: bool = True
    is_unchanged: bool = False


def figures_in(text: str) -> bool:
    """Whether a paragraph for the patient speaks of percentages, prognosis or survival."""
    return _FIGURES.search(text) is not None


def to_patient(facts: Facts, language: str) -> tuple[str, str]:
    """Subject and body in plain words. The board's own wording, drugs and figures stay out of it."""
    said = words.OPTIONS[language]
    options = [f"- {said[row.option]}" for row in facts.recommended if row.option in said]
    parts = [
        salutation(LetterKind.REMINDER, language, one_line(facts.name)),
        words.OPENING[language].format(date=date_words(facts.decided_on, language)),
    ]
    if options:
        parts.append("\n".join([words.THEY_SAY[language], *options]))
    elif facts.is_unchanged:
        parts.append(words.UNCHANGED[language])
    if any(row.condition.strip() for row in facts.recommended):
        parts.append(words.CONDITION[language])
    parts.append(facts.own_words)
    steps = _steps(facts, language)
    if steps:
        parts.append("\n".join([words.NEXT[language], *steps]))
    parts += [
        words.CHOICE[language],
        words.CALL[language].format(phone=facts.phone),
        "\n".join([words.REGARDS[language], one_line(facts.signature), one_line(facts.team)]),
    ]
    return words.SUBJECTS[language], _joined(parts)


def _steps(facts: Facts, language: str) -> list[str]:
    """One sentence for each kind of open action, with the latest day of its kind."""
    known = words.STEPS[language]
    latest: dict[str, date] = {}
    for step in facts.steps:
        if step.is_open and step.kind in known and (facts.may_tell_gp or step.kind != "tell_gp"):
            latest[step.kind] = max(step.due_on, latest.get(step.kind, step.due_on))
    by = words.BY[language]
    days = {kind: _day(on, language).replace(" ", NBSP) for kind, on in latest.items()}
    return [f"- {known[kind]} ({by.format(on)})" for kind, on in days.items()]


def _day(on: date, language: str) -> str:
    """`10 December 2026`, without the day of the week."""
    with translation.override(language):
        text = formatted(on, words.DATE_FORMATS[language])
    return text.lower() if language == "it" else text


def to_gp(facts: Facts) -> tuple[str, str]:
    """Subject and body for a colleague, in English as the board writes. Dissent stays with the board."""
    on = date_words(facts.decided_on, "en")
    born = f", born {born_words(facts.born_on, 'en')}" if facts.born_on else ""
    parts = [
        salutation(LetterKind.GP_NOTE, "en", ""),
        f"Our tumor board ({one_line(facts.board)}) discussed {one_line(facts.name)}{born} on {on}.",
        f"Diagnosis: {one_line(facts.diagnosis)}" if facts.diagnosis else "",
        f"Question: {one_line(facts.question)}",
        f"Decision: {one_line(facts.text)}",
    ]
    if facts.recommended:
        parts.append("\n".join(["Recommended:", *(f"- {_clinical(row)}" for row in facts.recommended)]))
    if facts.addenda:
        parts.append("\n".join(["Added since:", *(f"- {one_line(text)}" for text in facts.addenda)]))
    parts.append(facts.own_words)
    if facts.steps:
        parts.append("\n".join(["What follows:", *(f"- {_action(step)}" for step in facts.steps)]))
    parts += [
        f"The patient was told {facts.told}."
        if facts.told
        else "The patient has not been told yet: please let us speak with the patient first.",
        f"Please call us with any question: {facts.phone}.",
        "\n".join([words.REGARDS["en"], one_line(facts.signature), one_line(facts.team)]),
    ]
    return f"Tumor board, {_day(facts.decided_on, 'en')}: {one_line(facts.name)}{born}", _joined(parts)


def _clinical(row: Recommended) -> str:
    more = [
        one_line(row.detail),
        one_line(row.trial),
        f"intent: {row.intent.lower()}" if row.intent else "",
        row.strength.lower(),
        one_line(row.condition),
    ]
    return "; ".join([row.label, *(part for part in more if part)])


def _action(step: Step) -> str:
    state = f" ({step.state})" if step.state else ""
    return f"{one_line(step.what)}: {one_line(step.owner)}, by {_day(step.due_on, 'en')}{state}"


def _joined(parts: Sequence[str]) -> str:
    """Paragraphs, divided by empty lines; what is empty leaves no gap."""
    return "\n\n".join(part.strip() for part in parts if part.strip())
