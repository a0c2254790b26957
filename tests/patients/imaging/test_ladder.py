"""`model.md` 6: which step is reached when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.imaging.rules import (
    LadderLimits,
    ReminderStep,
    add_working_days,
    clock_start,
    highest_step,
    is_moot,
    ladder,
    lateness,
    qualifies,
    review_due,
)

DUE = date(2026, 10, 11)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def offsets(interval: int) -> dict[str, int]:
    return {str(step.step): step.offset for step in ladder(interval)}


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (-29, None),
        (-28, "order"),
        (-15, "order"),
        (-14, "schedule"),
        (-1, "schedule"),
        (0, "due"),
        (14, "due"),
        (15, "amber"),
        (28, "amber"),
        (29, "letter"),
        (42, "letter"),
        (43, "red"),
        (56, "red"),
        (57, "board"),
        (900, "board"),
    ],
)
def test_highest_step_of_a_90_day_interval(days: int, step: str | None) -> None:
    assert highest_step(due=DUE, today=DUE + timedelta(days), interval_days=90) == step


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (180, {"order": -28, "schedule": -14, "due": 0, "amber": 15, "letter": 29, "red": 43, "board": 57}),
        (84, {"order": -28, "schedule": -14, "due": 0, "amber": 15, "letter": 29, "red": 43, "board": 57}),
        (60, {"order": -28, "schedule": -14, "due": 0, "amber": 15, "letter": 23, "red": 31, "board": 57}),
        (59, {"order": -29, "schedule": -14, "due": 0, "amber": 15, "letter": 22, "red": 30, "board": 57}),
        (35, {"order": -17, "schedule": -8, "due": 0, "amber": 9, "letter": 13, "red": 18, "board": 57}),
        (28, {"order": -14, "schedule": -7, "due": 0, "amber": 8, "letter": 11, "red": 15, "board": 57}),
    ],
)
def test_ladder_of_short_intervals_is_shorter(interval: int, expected: dict[str, int]) -> None:
    assert offsets(interval) == expected


@given(st.integers(1, 800))
def test_ladder_never_lets_amber_pass_a_quarter_nor_red_half(interval: int) -> None:
    found = offsets(interval)
    assert (found["amber"] - 1) * 4 <= interval
    assert (found["red"] - 1) * 2 <= interval
    assert found["amber"] <= 15
    assert found["red"] <= 43


@given(st.integers(4, 800))
def test_ladder_keeps_its_order(interval: int) -> None:
    steps = [step.offset for step in ladder(interval)]
    assert steps == sorted(steps)


@given(st.integers(1, 400), st.integers(-60, 200))
def test_highest_step_never_falls_as_days_pass(interval: int, days: int) -> None:
    order = list(ReminderStep)
    today = highest_step(due=DUE, today=DUE + timedelta(days), interval_days=interval)
    tomorrow = highest_step(due=DUE, today=DUE + timedelta(days + 1), interval_days=interval)
    before = order.index(today) if today else -1
    after = order.index(tomorrow) if tomorrow else -1
    assert after >= before


def test_ladder_of_a_team_may_be_stricter() -> None:
    strict = LadderLimits(amber=7, red=21)
    assert highest_step(due=DUE, today=DUE + timedelta(22), interval_days=90, limits=strict) == "red"


def test_clock_starts_at_the_later_of_due_date_and_confirmation() -> None:
    assert clock_start(DUE, DUE + timedelta(10)) == DUE + timedelta(10)
    assert clock_start(DUE, DUE - timedelta(10)) == DUE
    assert clock_start(DUE, None) == DUE


@pytest.mark.parametrize(
    ("step", "status", "slot", "moot"),
    [
        ("order", "planned", None, False),
        ("order", "ordered", None, True),
        ("schedule", "ordered", None, False),
        ("due", "scheduled", NOW + timedelta(days=3), True),
        ("letter", "scheduled", NOW + timedelta(days=3), True),
        ("red", "scheduled", NOW + timedelta(days=3), False),
        ("due", "scheduled", NOW - timedelta(days=3), False),
    ],
)
def test_a_booked_slot_answers_everything_up_to_the_letter(
    step: str, status: str, slot: datetime | None, moot: bool
) -> None:
    assert is_moot(ReminderStep(step), status=status, scheduled_for=slot, now=NOW) is moot


@pytest.mark.parametrize(
    ("days", "risk", "words"),
    [
        (43, 3, "43 days over"),
        (15, 2, "15 days over"),
        (1, 1, "1 day over"),
        (0, 1, "Due today"),
        (-4, 0, "Due in 4 d"),
    ],
)
def test_lateness_is_said_in_words(days: int, risk: int, words: str) -> None:
    late = lateness(due=DUE, today=DUE + timedelta(days), interval_days=90)
    assert (late.risk, late.words) == (risk, words)


def test_add_working_days_skips_the_weekend() -> None:
    assert add_working_days(date(2026, 11, 20), 2) == date(2026, 11, 24)


def test_review_is_due_sooner_when_urgent() -> None:
    friday = date(2026, 11, 20)
    assert review_due(friday, urgent=True, urgent_working_days=2, routine_days=7) == date(2026, 11, 24)
    assert review_due(friday, urgent=False, urgent_working_days=2, routine_days=7) == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("modality", "region", "plan", "answer"),
    [
        ("mri", "liver", "ct", True),
        ("ct", "", "ct", True),
        ("ct", "head", "ct", False),
        ("ct", "head, chest and abdomen", "ct", True),
        ("sstr_pet", "whole body", "ct", False),
        ("sstr_pet", "whole body", "sstr_pet", True),
        ("xray", "chest", "ct", False),
    ],
)
def test_qualifies_asks_for_the_same_kind_of_scan_of_the_trunk(
    modality: str, region: str, plan: str, answer: bool
) -> None:
    assert qualifies(modality, region, plan_modality=plan) is answer
