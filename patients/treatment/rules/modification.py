"""The PRRT modification table (`clinical.md` 2.2): what a toxicity asks to consider before the next dose. Pure.

A prompt, never an order: it names its inputs with dates, its source and tag, what is missing, and alternatives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from patients.treatment.rules.ctcae import (
    ANEMIA_TERM,
    HEPATIC_TERMS,
    LAB_TERMS,
    NEUTROPHIL_TERM,
    PLATELET_TERM,
    RENAL_TERMS,
    grade_of_lab,
)
from patients.treatment.rules.labs import LabValue, Limit

SOURCE, TAG = "AJR 2023, PMC10133840", "V2"


@dataclass(frozen=True)
class Toxicity:
    """A recorded adverse event of the line."""

    term: str
    grade: int
    on: date
    resolved: date | None = None


@dataclass(frozen=True)
class Input:
    label: str
    value: str
    on: date | None = None


@dataclass(frozen=True)
class Advice:
    """One row of the table that applies. `unsigned`: a local, unsigned number decided; shown, never as a prompt."""

    text: str
    inputs: tuple[Input, ...]
    alternatives: tuple[str, ...] = ()
    unsigned: bool = False
    source: str = SOURCE
    tag: str = TAG


@dataclass(frozen=True)
class Modification:
    """What the table says now, and what it could not look at."""

    advice: tuple[Advice, ...] = ()
    missing: tuple[str, ...] = ()


_HELD = ("Wait and repeat the labs", "Discuss at the board", "End the course")


def _found(
    toxicities: Sequence[Toxicity], labs: Mapping[str, LabValue], limits: Mapping[str, Limit]
) -> tuple[dict[str, tuple[int, Input, bool]], list[str]]:
    """Per term the highest present grade, from the record and computed from labs; and the labs that are missing."""
    found: dict[str, tuple[int, Input, bool]] = {}
    for event in toxicities:
        if event.resolved is None and event.grade > found.get(event.term, (0, None, False))[0]:
            found[event.term] = (event.grade, Input(event.term, f"grade {event.grade}, recorded", event.on), False)
    missing = []
    for term in LAB_TERMS:
        lab = labs.get(term.code)
        graded = grade_of_lab(term, lab, limits) if lab is not None else None
        if graded is None or lab is None:
            missing.append(term.term.removesuffix(" count decreased").lower().replace("anemia", "hemoglobin"))
        elif graded.grade > found.get(term.term, (0, None, False))[0]:
            words = f"{lab.words}, grade {graded.grade} computed"
            found[term.term] = (graded.grade, Input(lab.label, words, lab.on), graded.unsigned)
    return found, missing


def modification(
    toxicities: Sequence[Toxicity],
    labs: Mapping[str, LabValue],
    limits: Mapping[str, Limit],
    *,
    delayed_days: int | None,
) -> Modification:
    """What the table asks to consider. `delayed_days`: how long the next dose has been waiting beyond its plan, None
    when nothing waits. Lymphopenia alone asks nothing."""
    found, missing = _found(toxicities, labs, limits)
    advice: list[Advice] = []
    platelets, marrow = limits["prrt.hold_platelets"], limits["prrt.hold_marrow"]
    reduced = limits["dose.prrt_reduced"]
    restart = f"restart at {reduced.value.normalize():f} {reduced.unit}" + (
        "" if reduced.settled else " (local, unsigned)"
    )
    if PLATELET_TERM in found and found[PLATELET_TERM][0] >= platelets.value:
        grade, source, unsigned = found[PLATELET_TERM]
        text = f"Platelets, grade {grade}: consider holding until grade 0–1, then {restart}."
        advice.append(Advice(text, (source,), _HELD, unsigned))
    for term, name in ((ANEMIA_TERM, "Anemia"), (NEUTROPHIL_TERM, "Neutropenia")):
        if term in found and found[term][0] >= marrow.value:
            grade, source, unsigned = found[term]
            text = f"{name}, grade {grade}: consider holding until grade 0–2, then {restart}."
            advice.append(Advice(text, (source,), _HELD, unsigned))
    for terms, name in ((RENAL_TERMS, "Renal"), (HEPATIC_TERMS, "Hepatic")):
        present = [(term, found[term]) for term in sorted(terms & set(found))]
        if present:
            text = f"{name} toxicity: consider holding until back at baseline, then {restart}."
            advice.append(Advice(text, tuple(row[1] for _, row in present), _HELD))
    again = Counter(event.term for event in toxicities if _holds(event, limits))
    for term, times in sorted(again.items()):
        if times > 1:
            events = tuple(
                Input(event.term, f"grade {event.grade}", event.on) for event in toxicities if event.term == term
            )
            advice.append(
                Advice(f"{term} came back: consider ending PRRT for good.", events, ("Discuss at the board",))
            )
    longest = limits["prrt.max_delay"]
    if delayed_days is not None and delayed_days >= longest.value:
        late = Input("Delay", f"{delayed_days} days")
        text = f"Delayed by {longest.value.normalize():f} days or more: consider ending PRRT for good."
        advice.append(Advice(text, (late,), ("Discuss at the board", "Re-treatment later")))
    return Modification(tuple(advice), tuple(missing))


def _holds(event: Toxicity, limits: Mapping[str, Limit]) -> bool:
    """Whether an event was of a grade that holds PRRT: what can recur."""
    if event.term == PLATELET_TERM:
        return event.grade >= limits["prrt.hold_platelets"].value
    if event.term in {ANEMIA_TERM, NEUTROPHIL_TERM}:
        return event.grade >= limits["prrt.hold_marrow"].value
    return event.term in RENAL_TERMS | HEPATIC_TERMS
