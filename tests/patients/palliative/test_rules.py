"""Rules of palliative care."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from patients.palliative import rules
from patients.palliative.rules import CareFacts, HospiceFacts, Points, urgency, why_now

TODAY = date(2026, 11, 23)
POINTS = Points(
    severe=40, hospice=35, referral=30, decision=25, prompt=20, strained=15, distress=15, ecog=15, silent=10
)


@pytest.mark.parametrize(
    "table",
    [rules.PALLIATIVE_REFERRAL_TRANSITIONS, rules.HOSPICE_TRANSITIONS, rules.BEREAVEMENT_TRANSITIONS],
)
def test_transition_tables_are_total(table: dict[object, frozenset[object]]) -> None:
    assert set(table) == set(type(next(iter(table))))
    assert all(targets <= set(table) for targets in table.values())


def test_every_reason_is_said_in_words_and_adds_its_points() -> None:
    facts = CareFacts(
        severe=("pain 8",),
        asked_on=date(2026, 11, 20),
        distress=6,
        hospice_since=date(2026, 11, 18),
        referral_since=date(2026, 11, 22),
        prompt_since=date(2026, 11, 1),
        prompt_words="New progression",
        decision="NET board: present the case",
        decision_on=date(2026, 11, 26),
        decision_known_on=date(2026, 11, 19),
        strain=8,
        strain_who="Noor",
        ecog=2,
        ecog_before=1,
        talked_on=date(2026, 6, 1),
    )
    found = why_now(facts, POINTS, TODAY)
    assert [reason.words for reason in found] == [
        "Severe: pain 8, nothing done yet",
        "Hospice transition unfinished, 5 days",
        "Referral waits, 1 day",
        "Ahead: NET board: present the case, goals not asked since",
        "Prompt: New progression",
        "Strain of Noor 8 of 10",
        "Distress 6 of 10",
        "ECOG 1 → 2",
    ]
    assert urgency(found) == 195
    assert {reason.code for reason in found} | {"silent"} == set(rules.REASONS)


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (CareFacts(talked_on=TODAY), []),
        (CareFacts(), ["silent"]),
        (CareFacts(talked_on=date(2025, 11, 1)), ["silent"]),
        (CareFacts(talked_on=TODAY, severe=("pain 9",), asked_on=date(2026, 9, 1)), []),
        (CareFacts(talked_on=TODAY, decision="PRRT planned", decision_on=date(2027, 3, 1)), []),
        (CareFacts(talked_on=TODAY, ecog=1, ecog_before=2), []),
        (CareFacts(talked_on=TODAY, strain=6), []),
    ],
)
def test_what_is_no_reason_adds_nothing(facts: CareFacts, codes: list[str]) -> None:
    assert [reason.code for reason in why_now(facts, POINTS, TODAY)] == codes


def test_a_reason_without_points_is_left_out() -> None:
    assert why_now(CareFacts(), replace(POINTS, silent=0), TODAY) == ()


def test_sections_say_what_they_lack() -> None:
    empty = rules.hospice_sections(HospiceFacts(lines={7: "Everolimus"}), TODAY)
    assert {section.key: section.lacks for section in empty} == {
        "goal": "comfort as the goal, in a sentence",
        "prognosis": "the clause is not confirmed; the clinician who confirms it; the day",
        "family": "who was told",
        "equipment": "what is there and what is ordered",
        "medication": "what lies at home, and for what",
        "night": "who is called; the number",
        "place": "the place; the service; the day it starts",
        "code": "the day it was reviewed",
        "lines": "what becomes of Everolimus",
    }
    full = HospiceFacts(
        comfort_goal="Home",
        prognosis_confirmed=True,
        prognosis_by="Dr Okafor",
        prognosis_on=TODAY,
        nobody_to_tell=True,
        equipment="Bed",
        medication="Morphine",
        night_name="Nurse",
        night_phone="1",
        place="home",
        service="North",
        starts_on=TODAY,
        code_reviewed_on=TODAY,
        lines={7: "Everolimus"},
        choices={7: "stop"},
    )
    assert [section.key for section in rules.hospice_sections(full, TODAY) if not section.is_done] == []
    later = rules.hospice_sections(replace(full, starts_on=date(2026, 12, 1)), TODAY)
    assert [section.lacks for section in later if not section.is_done] == ["it starts later: finish on that day"]
