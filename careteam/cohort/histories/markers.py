"""Rows about surveillance by labs: the plan of each marker that the record asks for, and its next sample. Pure.

Most were measured with the visits; where the last result is older than its interval, one more has come since, so that
what is late in the demo is late on purpose.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.imaging import grade_of, remind
from careteam.cohort.histories.person import coordinator
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Text, at, working_day
from patients.imaging.rules import Interval, StudyModality, SurveillanceFacts, is_lab
from patients.imaging.rules.labs import TESTS, Value, asked_labs, cga_raised_on, days_of, resolve
from patients.protocol.rules import NUMBERS

_INTERVALS = {code: Interval(int(number.value)) for code, number in NUMBERS.items() if code in {"L1", "L2", "L3", "L4"}}
_LATE = 0.06  # of the samples


def write_markers(dice: Dice, history: History, profile: Profile, today: date) -> None:
    """Lab plans beside a running plan of scans; nothing without one."""
    running = [row for row in history.of("plan") if not row.get("stopped_on")]
    if not profile.in_care or not running:
        return
    for modality in asked_labs(_facts(history, profile, today)):
        if is_lab(modality):
            _write(dice, history, profile, modality, today)


def _values(history: History) -> list[Value]:
    return [
        Value(row["code"], row["taken_at"].date(), row["value"], row.get("reference_high"))
        for row in history.of("measurement")
    ]


def _facts(history: History, profile: Profile, today: date, modality: str = StudyModality.CT) -> SurveillanceFacts:
    values = _values(history)
    last = days_of(modality, values)[0] if is_lab(modality) and days_of(modality, values) else None
    return SurveillanceFacts(
        today=today,
        grade=grade_of(profile),
        last_scan_on=last,
        last_scan=str(StudyModality(modality).label),
        modality=modality,
        syndrome=profile.syndrome,
        cga_raised_on=cga_raised_on(values),
    )


def _write(dice: Dice, history: History, profile: Profile, modality: str, today: date) -> None:
    facts = _facts(history, profile, today, modality)
    found = resolve(facts, _INTERVALS)
    if found is None:
        return
    late = dice.chance(_LATE)
    if facts.last_scan_on is None:
        wanted = working_day(today + timedelta(days=dice.randint(5, 60)))
        found = resolve(facts, _INTERVALS, anchor=wanted - timedelta(days=found.interval_days)) or found
    elif found.due_on < today and not late:
        _measured_since(dice, history, modality, today - timedelta(days=dice.randint(3, found.interval_days - 20)))
        found = resolve(_facts(history, profile, today, modality), _INTERVALS) or found
    elif found.due_on < today:  # a few weeks late, not years
        anchor = today - timedelta(days=found.interval_days + dice.randint(5, 35))
        _measured_since(dice, history, modality, anchor)
        found = resolve(_facts(history, profile, today, modality), _INTERVALS) or found
    plan = history.add(
        "plan",
        situation=found.code,
        modality=modality,
        region="",
        interval_days=found.interval_days,
        anchor_on=found.anchor_on,
        anchor_kind=str(found.anchor_kind),
        why=found.why,
        confirmed_at=at(min(max(found.anchor_on, today - timedelta(days=300)), today), 12),
    )
    due, owner = found.due_on, coordinator(history)
    is_ordered = due <= today + timedelta(days=14)
    ordered_on = working_day(min(due - timedelta(days=21), today - timedelta(days=1)))
    values: dict[str, Any] = {
        "plan": plan,
        "modality": modality,
        "region": "",
        "status": "ordered" if is_ordered else "planned",
        "due_on": due,
        "owner": owner,
        "ordered_at": at(ordered_on, 11) if is_ordered else None,
        "stake": "",
    }
    study = history.add("study", **values)
    remind(history, values, study, due, today, history.row(plan))
    history.add(
        "step",
        kind="study",
        source_key=Key("study", *study),
        what=f"{'Take sample:' if is_ordered else 'Order'} {StudyModality(modality).label}",
        owner=owner,
        owner_role=owner.role,
        due_on=due,
        url=Text("/imaging/studies/{id}/", *study),
        opened_at=at(min(due, today) - timedelta(days=30)),
    )


def _measured_since(dice: Dice, history: History, modality: str, on: date) -> None:
    """One more result like the last one, a little up or down."""
    rows: list[dict[str, Any]] = [row for row in history.of("measurement") if row["code"] in TESTS[modality]]
    last = max(rows, key=lambda row: row["taken_at"])
    moved = last["value"] * (100 + dice.randint(-12, 15)) / 100
    history.add("measurement", **last | {"taken_at": at(working_day(on), 8, 10), "value": round(moved, 1)})
