"""How the worklist is put in order: days over × what is at stake. Pure.

The groups come first: nobody responsible, red, amber, due, coming. Amber and red are limits of the interval, so that
lateness relative to the interval is in the groups; within a group `score` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from patients.imaging.rules.codes import ANSWERED, ContactKind, ReminderStep, Stake
from patients.imaging.rules.ladder import DEFAULT_LIMITS, LadderLimits, clock_start, ladder
from patients.protocol.rules import NUMBERS
from patients.record.rules import NEC_GRADES, Grade, ResponseCategory

PLAIN = 1  # weight of a study with nothing at stake beyond its delay
WEIGHTS: dict[str, int] = {str(stake): int(NUMBERS[f"stake.{stake}"].value) for stake in Stake}


def stake_of(grade: Grade, *, last_response: str, is_extra: bool) -> str:
    """What is at stake for a patient's outstanding study: the heaviest that holds, "" for none.

    `last_response` is the category of the latest disease status; `is_extra`: the study belongs to no plan.
    """
    if grade in NEC_GRADES or grade == Grade.MINEN:
        return Stake.NEC
    if grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}:
        return Stake.UNCLASSIFIED
    if last_response == ResponseCategory.PD:
        return Stake.PROGRESSION
    if grade == Grade.NET_G3:
        return Stake.G3
    return Stake.EXTRA if is_extra else ""


def score(due: date | None, today: date, stake: str, weights: Mapping[str, int] = WEIGHTS) -> int:
    """Days over × weight; 0 for what is not over yet."""
    return max((today - due).days, 0) * weights.get(stake, PLAIN) if due is not None else 0


def in_words(days_over: int, stake: str, weights: Mapping[str, int] = WEIGHTS) -> str:
    """Why a row stands where it stands, beyond its days; empty when the days alone decide."""
    weight = weights.get(stake, PLAIN)
    if not stake or weight == PLAIN:
        return ""
    label = Stake(stake).label
    return f"{label}: each day counts {weight} ×" if days_over > 0 else f"{label}: each day over will count {weight} ×"


def by_weight(weights: Mapping[str, int]) -> dict[int, list[str]]:
    """Codes of equal weight together; the plain ones hold "" too."""
    found: dict[int, list[str]] = {PLAIN: [""]}
    for code, weight in weights.items():
        found.setdefault(weight, []).append(code)
    return found


def red_on(
    due: date, *, interval_days: int, confirmed: date | None = None, limits: LadderLimits = DEFAULT_LIMITS
) -> date:
    """The first day on which the study is red: no snooze lasts longer."""
    offsets = {step.step: step.offset for step in ladder(interval_days, limits)}
    return clock_start(due, confirmed) + timedelta(days=offsets[ReminderStep.RED])


def unanswered(kinds_and_outcomes: Iterable[tuple[str, str]]) -> int:
    """Attempts since anybody was reached or a letter went out; the kinds and outcomes of all of them, newest first."""
    failed = 0
    for kind, outcome in kinds_and_outcomes:
        if kind == ContactKind.LETTER or outcome in ANSWERED:
            break
        failed += 1
    return failed
