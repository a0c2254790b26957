"""Surveillance by labs and markers (L1 to L6): what the record asks for, when the next sample is due, and why. Pure.

A marker counts from its last result, whoever asked for it. During PRRT the panel is due again an interval after the
last one, and never sooner than that after the first dose (L5). After the last dose it is due on fixed days (L6); one
that was drawn within the window before such a day answers it. A panel counts from the day that completed it. What was
never measured is due when its plan starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from careteam.web.words import day, since
from patients.imaging.rules.codes import AnchorKind, StudyModality, is_lab
from patients.imaging.rules.situations import (
    Interval,
    LineFact,
    Resolution,
    SurveillanceFacts,
    said,
    situation_for,
    why_of,
)
from patients.record.rules import CGA, CGA_MOLES, CGA_UNITS, HIAA, NEC_GRADES, NSE, NT_PROBNP, Grade, Syndrome
from patients.treatment.rules import LAB_SETS, Modality

M = StudyModality
NSE_BEFORE = "15060-7"  # the older code of the same test
# What answers each: one of these codes; for a panel all of them, drawn within `ONE_DRAW`.
TESTS: dict[str, tuple[str, ...]] = {
    M.CGA: (CGA, CGA_MOLES, CGA_UNITS),
    M.HIAA: (HIAA,),
    M.NSE: (NSE, NSE_BEFORE),
    M.NT_PROBNP: (NT_PROBNP,),
    M.PRRT_LABS: tuple(dict.fromkeys(need.drawn for need in LAB_SETS["prrt"].needs)),
}
PANELS = frozenset({M.PRRT_LABS})
ONE_DRAW = timedelta(days=3)  # design: what was clotted or forgotten is drawn again on the next days
TESTED = frozenset(code for codes in TESTS.values() for code in codes)
_CODES: dict[str, str] = {M.CGA: "L1", M.HIAA: "L2", M.NSE: "L3", M.NT_PROBNP: "L4"}
_LATER = ("L6", "L6.second", "L6.third", "L6.fourth")


@dataclass(frozen=True)
class Value:
    """A result as surveillance asks: whose test, when, how much, above which limit of the laboratory."""

    code: str
    on: date
    value: Decimal | None = None
    high: Decimal | None = None


def days_of(modality: str, values: Iterable[Value]) -> tuple[date, ...]:
    """The days on which this was measured, newest first. A panel counts on the day on which the last of its tests came,
    all within `ONE_DRAW`; a single test drawn once more on the days after makes no second panel."""
    found: dict[date, set[str]] = {}
    for value in values:
        if value.code in TESTS[modality]:
            found.setdefault(value.on, set()).add(value.code)
    if modality not in PANELS:
        return tuple(sorted(found, reverse=True))
    whole, days = set(TESTS[modality]), list[date]()
    for on in sorted(found):
        drawn = set().union(*(codes for day_, codes in found.items() if on - ONE_DRAW <= day_ <= on))
        is_new = not days or on - days[-1] > ONE_DRAW
        if found[on] == whole or (drawn == whole and is_new):
            days.append(on)
    return tuple(reversed(days))


def cga_raised_on(values: Iterable[Value]) -> date | None:
    """The day of the first CgA known, if it was above its own reference; None: it was not, or nobody knows."""
    measured = [v for v in values if v.code in TESTS[M.CGA] and v.value is not None and v.high is not None]
    first = min(measured, key=lambda v: v.on, default=None)
    if first is None or first.value is None or first.high is None:
        return None
    return first.on if first.value > first.high else None


def asked_labs(facts: SurveillanceFacts) -> dict[str, str]:
    """What the record asks for, with the reason in words; in the order of the modalities."""
    found: dict[str, str] = {}
    if facts.cga_raised_on is not None:
        found[M.CGA] = f"raised at baseline, {day(facts.cga_raised_on)}"
    if facts.syndrome == Syndrome.CARCINOID:
        found[M.HIAA] = "carcinoid syndrome"
    if facts.grade in NEC_GRADES or facts.grade in {Grade.MINEN, Grade.NET_G3}:
        found[M.NSE] = ""  # the grade says it
    if facts.has_heart_disease:
        found[M.NT_PROBNP] = "known carcinoid heart disease"
    elif facts.syndrome == Syndrome.CARCINOID:
        found[M.NT_PROBNP] = "carcinoid syndrome"
    if (line := last_prrt(facts)) is not None:
        found[M.PRRT_LABS] = f"during {line.name}" if line.is_running else f"after {line.name}"
    return found


def last_prrt(facts: SurveillanceFacts) -> LineFact | None:
    """The PRRT that began last."""
    begun = [line for line in facts.lines if line.modality == Modality.PRRT and _first(line) is not None]
    return max(begun, key=lambda line: _first(line) or date.min, default=None)


def _first(line: LineFact) -> date | None:
    return line.doses[0] if line.doses else line.started_on


def resolve(
    facts: SurveillanceFacts, intervals: Mapping[str, Interval], *, anchor: date | None = None
) -> Resolution | None:
    """When the next scan or sample is due, by which situation, and why. None: there is no date to count from (a scan),
    or the record has nothing that this lab follows (PRRT labs without PRRT)."""
    if not is_lab(facts.modality):
        return situation_for(facts, intervals, anchor=anchor)
    if facts.modality == M.PRRT_LABS:
        return _panel(facts, intervals, anchor)
    code = _CODES[facts.modality]
    often = facts.modality == M.NT_PROBNP and facts.has_heart_disease
    reason = asked_labs(facts).get(facts.modality, "chosen for this patient")
    return _counted(facts, code, intervals["L4.heart" if often else code], reason, anchor)


def _counted(facts: SurveillanceFacts, code: str, interval: Interval, reason: str, anchor: date | None) -> Resolution:
    """One interval after the chosen day, else after the last result. Without either it is due now."""
    if facts.last_scan_on is None:
        on = anchor or facts.today - timedelta(days=interval.days)
        why = f"due {day(on + timedelta(days=interval.days))}, none known here before, {code}: {said(facts, reason)}"
        return Resolution(code, interval.days, on, AnchorKind.MANUAL, why, interval.is_settled)
    kind, on = (AnchorKind.SCAN, facts.last_scan_on) if anchor is None else (AnchorKind.MANUAL, anchor)
    why = why_of(interval.days, kind, on, facts, code, reason)
    return Resolution(code, interval.days, on, kind, why, interval.is_settled)


def _panel(facts: SurveillanceFacts, intervals: Mapping[str, Interval], anchor: date | None) -> Resolution | None:
    line = last_prrt(facts)
    first = _first(line) if line is not None else None
    if line is None or first is None:
        return None
    if anchor is not None:  # somebody chose the day; the next panel after it counts again by the rule
        code = "L5" if line.is_running else "L6"
        interval = intervals["L5" if line.is_running else "L6.next"]
        why = why_of(interval.days, AnchorKind.MANUAL, anchor, facts, code, f"chosen for {line.name}")
        return Resolution(code, interval.days, anchor, AnchorKind.MANUAL, why, interval.is_settled, line_id=line.id)
    if line.is_running:
        seen = facts.last_scan_on is not None and facts.last_scan_on > first
        on = facts.last_scan_on if seen and facts.last_scan_on is not None else first
        kind = AnchorKind.SCAN if seen else AnchorKind.LINE
        every = intervals["L5"]
        why = why_of(every.days, kind, on, facts, "L5", f"during {line.name}")
        return Resolution("L5", every.days, on, kind, why, every.is_settled, line_id=line.id)
    last = line.last_event(facts.today) or first
    days, settled = _milestone(facts.last_scan_on, last, intervals)
    why = f"day {days} after the last PRRT dose of {day(last)}, L6: {said(facts, f'after {line.name}')}"
    return Resolution("L6", days, last, AnchorKind.LINE, why, settled, line_id=line.id)


def _milestone(seen_on: date | None, last: date, intervals: Mapping[str, Interval]) -> tuple[int, bool]:
    """The first day after the last dose that no panel answers yet: 1, 3, 6, 12 months, then each year."""
    marks = [intervals[code] for code in _LATER]
    seen = (seen_on - last).days if seen_on is not None else -1
    window = intervals["imaging.window"].days
    for mark in marks:
        if mark.days - window > seen:
            return mark.days, mark.is_settled
    further, days = intervals["L6.next"], marks[-1].days
    while days - window <= seen:
        days += further.days
    return days, further.is_settled


def repeat_code(modality: str) -> str:
    """The number of the protocol that says how long a result of this kind counts as new."""
    return f"again.{modality}" if is_lab(modality) else "again.scan"


def is_too_soon(last: date | None, today: date, days: int) -> bool:
    """Whether the last result is so new that asking again wants a reason."""
    return last is not None and 0 <= (today - last).days < days


def repeat_words(name: str, last: date, today: date, said_value: str = "") -> str:
    """ "CgA was done 2 months ago (412 µg/L, 20 Sep 2026)" """
    inside = ", ".join(part for part in (said_value, day(last)) if part)
    return f"{name} was done {since(last, today)} ({inside})"
