"""Reasons to ask, ages and words: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from patients.goals import rules
from patients.goals.rules import Facts, Limits, LineFact, PromptReason, reasons_now

TODAY = date(2026, 11, 23)
LIMITS = Limits(line=3, ecog=2, admission_days=183, stage4_days=60, review_days=365, answer_days=30, ask_again_days=90)
LINE = LineFact(7, "targeted", "Cabozantinib", "active", date(2026, 11, 1), 3)


def found(facts: Facts) -> list[str]:
    return [str(each.reason) for each in reasons_now(facts, LIMITS, TODAY)]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(), []),
        (Facts(response="PD", response_on=date(2026, 10, 20)), ["progression"]),
        (Facts(response="SD", response_on=date(2026, 10, 20)), []),
        (Facts(response="PD", response_on=date(2026, 10, 20), held_on=date(2026, 10, 21)), []),
        (Facts(response="PD", response_on=date(2026, 10, 20), held_on=date(2026, 10, 19)), ["progression"]),
        (Facts(lines=(LINE,)), ["therapy_line"]),
        (Facts(lines=(replace(LINE, therapy=2),)), []),
        (Facts(lines=(replace(LINE, therapy=None),)), []),
        (Facts(lines=(LINE,), held_on=date(2026, 11, 1)), []),
        (Facts(lines=(replace(LINE, therapy=1, modality="prrt", status="planned"),)), ["before_procedure"]),
        (Facts(lines=(replace(LINE, therapy=1, modality="prrt", status="active"),)), []),
        (Facts(lines=(replace(LINE, therapy=1, modality="prrt", status="active", on=TODAY),)), ["before_procedure"]),
        (Facts(lines=(replace(LINE, modality="surgery", status="proposed"),)), ["therapy_line", "before_procedure"]),
        (Facts(lines=(replace(LINE, therapy=1, modality="ablation", status="planned"),)), []),
        (Facts(is_nec=True), ["nec"]),
        (Facts(is_nec=True, held_on=date(2020, 1, 1)), []),
        (Facts(admitted_on=date(2026, 9, 28), nights=4), ["admission"]),
        (Facts(admitted_on=date(2026, 5, 1)), []),
        (Facts(admitted_on=date(2026, 9, 28), held_on=date(2026, 10, 5)), []),
    ],
)
def test_reasons_now_are_news_since_the_last_conversation(facts: Facts, expected: list[str]) -> None:
    assert found(facts) == expected


@pytest.mark.parametrize(
    ("ecog", "before", "talked", "expected"),
    [
        (2, None, False, True),
        (1, None, False, False),
        (1, 0, False, True),
        (2, 2, False, True),
        (2, 2, True, False),  # the same at every visit is no news
        (2, 3, True, False),
        (3, 2, True, True),
        (1, 0, True, True),
    ],
)
def test_ecog_asks_for_a_high_or_rising_value(ecog: int, before: int | None, talked: bool, expected: bool) -> None:
    assert rules.ecog_asks(ecog, before, limit=2, talked=talked) == expected


def test_reasons_now_say_what_they_rest_on() -> None:
    facts = Facts(
        ecog=2, ecog_on=date(2026, 11, 16), ecog_before=1, admitted_on=date(2026, 9, 28), admission_id=4, nights=1
    )
    assert [(r.detail, r.source_key) for r in reasons_now(facts, LIMITS, TODAY)] == [
        ("ECOG 1 → 2", "ecog:2:0"),
        ("1 night", "admission:4"),
    ]


@pytest.mark.parametrize(
    ("held_on", "words"),
    [
        (TODAY, "of today"),
        (date(2026, 11, 22), "1 day old"),
        (date(2026, 10, 20), "4 weeks old"),
        (date(2025, 12, 22), "11 months old"),
        (date(2024, 11, 23), "24 months old"),
    ],
)
def test_age_is_in_words(held_on: date, words: str) -> None:
    assert rules.age_in_words(held_on, TODAY) == words


def test_event_of_today_has_not_passed() -> None:
    assert [rules.event_passed(on, TODAY) for on in (None, TODAY, date(2026, 11, 22))] == [False, False, True]


def test_review_falls_on_the_named_date_else_after_the_interval() -> None:
    assert rules.review_due_on(date(2026, 1, 1), date(2026, 3, 1), 365) == date(2026, 3, 1)
    assert rules.review_due_on(date(2025, 11, 23), None, 365) == TODAY


def test_trade_off_is_said_as_the_board_says_it() -> None:
    words = rules.trade_off_words("hospital_nights", 1, "not_accepted", "")
    assert words == "Hospital nights for treatment, > 1, not accepted"
    assert rules.trade_off_words("weekly_travel", 90, "good_reason", "Noor drives") == (
        "Weekly travel, > 90 min, for a good reason, Noor drives"
    )


@pytest.mark.parametrize(
    "table",
    [rules.CONVERSATION_TRANSITIONS, rules.PROMPT_TRANSITIONS],
)
def test_transition_tables_are_total(table: dict[object, frozenset[object]]) -> None:
    states = set(type(next(iter(table))))
    assert set(table) == states
    assert set().union(*table.values()) <= states


def test_every_reason_of_a_prompt_has_words() -> None:
    assert {str(reason.label) for reason in PromptReason} & {""} == set()
