"""The PRRT criteria: thresholds, stale labs, and what unknown means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patients.guidance.rules import FlagFact
from patients.guidance.rules.prrt import cockcroft_gault, criteria
from tests.patients.guidance.snapshots import GOOD_LABS, lab, signed, snap


def row(name: str, **fields: Any) -> Any:
    return next(each for each in criteria(snap(**fields)) if each.name == name)


def test_everything_in_order_is_met() -> None:
    assert {each.state for each in criteria(snap())} == {"met"}


@pytest.mark.parametrize(
    ("krenning", "state"), [(None, "missing"), (0, "not_met"), (1, "not_met"), (2, "review"), (3, "met"), (4, "met")]
)
def test_krenning_two_is_never_eligible_by_itself(krenning: int | None, state: str) -> None:
    assert row("Uptake", krenning=krenning).state == state


@pytest.mark.parametrize(
    ("name", "code", "value", "uln", "state"),
    [
        ("Hemoglobin", "718-7", "8", "", "met"),
        ("Hemoglobin", "718-7", "7.9", "", "not_met"),
        ("White blood cells", "6690-2", "2", "", "met"),
        ("White blood cells", "6690-2", "1.9", "", "not_met"),
        ("Platelets", "777-3", "75", "", "met"),
        ("Platelets", "777-3", "74", "", "not_met"),
        ("Bilirubin", "1975-2", "3.6", "1.2", "met"),
        ("Bilirubin", "1975-2", "3.7", "1.2", "not_met"),
        ("Bilirubin", "1975-2", "0.6", "", "missing"),
        ("ALT", "1742-6", "121", "40", "not_met"),
        ("AST", "1920-8", "120", "40", "met"),
        ("Albumin", "1751-7", "2.9", "", "not_met"),
        ("Karnofsky", "89243-0", "60", "", "met"),
        ("Karnofsky", "89243-0", "50", "", "not_met"),
    ],
)
def test_thresholds(name: str, code: str, value: str, uln: str, state: str) -> None:
    assert row(name, labs={**GOOD_LABS, code: lab(value, uln=uln)}).state == state


@pytest.mark.parametrize("code", [code for code in GOOD_LABS if code != "29463-7"])
def test_unknown_never_passes(code: str) -> None:
    labs = {each: value for each, value in GOOD_LABS.items() if each != code}
    assert [each.state for each in criteria(snap(labs=labs)) if each.state != "met"] == ["missing"]


def test_value_that_cannot_be_read_is_missing_with_its_problem() -> None:
    labs = {**GOOD_LABS, "718-7": lab(None, problem="Hemoglobin 104 is not plausible in g/dL. Did you mean g/L?")}
    found = row("Hemoglobin", labs=labs)
    assert (found.state, found.value) == ("missing", "Hemoglobin 104 is not plausible in g/dL. Did you mean g/L?")


@pytest.mark.parametrize(("on", "state"), [(date(2026, 10, 26), "met"), (date(2026, 10, 25), "stale")])
def test_labs_older_than_four_weeks_are_stale(on: date, state: str) -> None:
    assert row("Platelets", labs={**GOOD_LABS, "777-3": lab("200", on=on)}).state == state


@pytest.mark.parametrize(
    ("creatinine", "state", "unsigned", "fails"),
    [("0.9", "met", True, False), ("1.7", "review", True, False), ("2.5", "not_met", False, True)],
)
def test_clearance_below_fifty_is_local_below_forty_is_not_met(
    creatinine: str, state: str, unsigned: bool, fails: bool
) -> None:
    found = row("Creatinine clearance", labs={**GOOD_LABS, "2160-0": lab(creatinine)})
    assert (found.state, found.unsigned, found.fails) == (state, unsigned, fails)


def test_clearance_threshold_counts_once_the_team_signed_it() -> None:
    found = row("Creatinine clearance", labs={**GOOD_LABS, "2160-0": lab("1.7")}, numbers=signed("prrt.crcl"))
    assert (found.state, found.fails) == ("review", True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sex": "unknown"}, "needs sex"),
        ({"age": None}, "needs age"),
        ({"labs": {**GOOD_LABS, "29463-7": lab(None)}}, "needs weight"),
    ],
)
def test_clearance_says_what_it_needs(fields: dict[str, Any], words: str) -> None:
    found = row("Creatinine clearance", **fields)
    assert (found.state, found.value) == ("missing", words)


def test_cockcroft_gault_of_a_man_and_a_woman() -> None:
    facts = {"age": 60, "weight": Decimal(72), "creatinine": Decimal(1)}
    assert cockcroft_gault(**facts, female=False) == Decimal(80)
    assert cockcroft_gault(**facts, female=True) == Decimal(68)


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ({}, "missing"),
        ({"pregnancy": FlagFact("unknown", date(2026, 11, 1))}, "missing"),
        ({"pregnancy": FlagFact("absent", date(2026, 11, 1))}, "met"),
        ({"pregnancy": FlagFact("present", date(2026, 11, 1))}, "not_met"),
    ],
)
def test_pregnancy_is_asked_of_everybody_but_men(flags: dict[str, FlagFact], state: str) -> None:
    assert row("Pregnancy", sex="female", flags=flags).state == state
    assert [each.name for each in criteria(snap()) if each.name == "Pregnancy"] == []


@pytest.mark.parametrize(("count", "state"), [(0, "met"), (1, "review")])
def test_discordant_lesions_are_reviewed(count: int, state: str) -> None:
    assert row("FDG+ / SSTR− lesions", discordant=count).state == state
