"""Rows about surveillance by labs: the plan of each lab that the record asks for, and its next sample. Pure.

Most were measured with the visits; where the last result is older than its interval, one more has come since, so that
what is late in the demo is late on purpose.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.imaging import grade_of, remind
from careteam.cohort.histories.person import coordinator
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Ref, Text, at, working_day
from patients.imaging.rules import Interval, LineFact, StudyModality, SurveillanceFacts, is_lab
from patients.imaging.rules.labs import PANELS, TESTS, Value, asked_labs, cga_raised_on, days_of, resolve
from patients.protocol.rules import LAB_INTERVALS, NUMBERS
from patients.record.rules import FlagKind, FlagState
from patients.treatment.rules import Modality

_INTERVALS = {number.code: Interval(int(number.value)) for number in (*LAB_INTERVALS, NUMBERS["imaging.window"])}
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
        lines=_prrt(history),
        cga_raised_on=cga_raised_on(values),
        has_heart_disease=any(
            row["kind"] == FlagKind.HEART_DISEASE and row["state"] == FlagState.PRESENT for row in history.of("flag")
        ),
    )


def _prrt(history: History) -> tuple[LineFact, ...]:
    """The lines of PRRT that began, with the days of their doses."""
    found = []
    for n, line in enumerate(history.of("line")):
        if line["modality"] == Modality.PRRT and line["started_on"]:
            doses = [row for row in history.of("administration") if row["line"] == Ref("line", n)]
            found.append(
                LineFact(
                    id=n,
                    modality=line["modality"],
                    label=line["agent"],
                    role=line["role"],
                    status=line["status"],
                    started_on=line["started_on"],
                    ended_on=line["ended_on"],
                    doses=tuple(sorted(row["given_on"] for row in doses if row["status"] == "given")),
                    agent=line["agent"],
                )
            )
    return tuple(found)


def _write(dice: Dice, history: History, profile: Profile, modality: str, today: date) -> None:
    facts = _facts(history, profile, today, modality)
    found = resolve(facts, _INTERVALS)
    if found is None:
        return
    late = dice.chance(_LATE)
    if facts.last_scan_on is None:
        wanted = working_day(today + timedelta(days=dice.randint(5, 60)))
        found = resolve(facts, _INTERVALS, anchor=wanted - timedelta(days=found.interval_days)) or found
    elif modality in PANELS:
        if found.due_on < today and not late:
            _measured_since(dice, history, modality, dice.day(found.due_on, 0, (today - found.due_on).days - 3))
            found = resolve(_facts(history, profile, today, modality), _INTERVALS) or found
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
    """One more result of each test like the last one, a little up or down."""
    rows = [row for row in history.of("measurement") if row["code"] in TESTS[modality]]
    for last in {row["code"]: row for row in sorted(rows, key=lambda row: row["taken_at"])}.values():
        moved = round(last["value"] * (100 + dice.randint(-12, 15)) / 100, 1)
        history.add("measurement", **last | {"taken_at": at(working_day(on), 8, 10), "value": moved})
