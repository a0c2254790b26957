"""The PRRT criteria: thresholds, stale labs, and what unknown means."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.guidance.rules import FlagFact
from patients.guidance.rules.prrt import cockcroft_gault, criteria, eligibility
from tests.patients.guidance.snapshots import CATALOG, GOOD_LABS, LAB_DAY, TODAY, lab, line, signed, snap


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


@pytest.mark.parametrize(
    ("inr", "state"), [(None, "not_met"), (lab("1.1", uln="1.2"), "review"), (lab("1.4", uln="1.2"), "not_met")]
)
def test_low_albumin_weighs_with_the_inr(inr: Any, state: str) -> None:
    labs = {**GOOD_LABS, "1751-7": lab("2.9"), **({"6301-6": inr} if inr else {})}
    assert row("Albumin", labs=labs).state == state


@pytest.mark.parametrize(("ki67", "there"), [("9", False), ("10", True), ("30", True)])
def test_fdg_pet_is_missing_where_dedifferentiation_is_likely(ki67: str, there: bool) -> None:
    rows = [each for each in criteria(snap(ki67=Decimal(ki67))) if each.name == "FDG+ / SSTR− lesions"]
    assert [each.state for each in rows] == (["missing"] if there else [])


@pytest.mark.parametrize(
    ("jurisdiction", "grade", "states"),
    [
        ("eu", "NET G2", ["met"]),
        ("eu", "NET G3", ["review"]),
        ("eu", "NEC", ["review"]),
        ("eu", "unclassified", ["missing"]),
        ("us", "NET G3", []),
    ],
)
def test_grade_is_a_criterion_of_the_eu_label_only(jurisdiction: str, grade: str, states: list[str]) -> None:
    rows = criteria(snap(jurisdiction=jurisdiction, grade=grade))
    assert [each.state for each in rows if each.name == "Grade"] == states


@pytest.mark.parametrize(("jurisdiction", "begins"), [("eu", "EU label: "), ("us", "US label: "), ("", "")])
def test_label_is_that_of_the_jurisdiction(jurisdiction: str, begins: str) -> None:
    label = eligibility(snap(jurisdiction=jurisdiction)).label
    assert label[: len(begins)] == begins
    assert bool(label) == bool(begins)


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        ({}, []),
        ({"syndrome": "carcinoid"}, [("missing", False)]),
        ({"syndrome": "carcinoid", "flags": {"heart_disease": FlagFact("absent", LAB_DAY)}}, [("met", False)]),
        ({"flags": {"heart_disease": FlagFact("present", LAB_DAY)}}, [("review", True)]),
        (
            {"flags": {"heart_disease": FlagFact("present", LAB_DAY)}, "numbers": signed("prrt.heart")},
            [("review", False)],
        ),
    ],
)
def test_heart_disease_is_a_caution_that_is_signed(fields: dict[str, Any], states: list[tuple[str, bool]]) -> None:
    rows = criteria(snap(**fields))
    assert [(each.state, each.unsigned) for each in rows if each.name == "Carcinoid heart disease"] == states


def test_earlier_tare_is_reviewed() -> None:
    given = line("embolization", "TARE (Y-90)", "completed")
    found = row("Earlier TARE", lines=(given,), numbers=signed("prrt.prior_tare"))
    assert (found.state, found.value, found.fails) == ("review", "TARE (Y-90)", True)


def test_table_counts_what_is_met_and_what_is_open() -> None:
    table = eligibility(snap(krenning=2, labs={**GOOD_LABS, "718-7": lab("7")}))
    assert (table.met, table.open, len(table.rows)) == (9, 2, 11)
    assert [(each.name, each.word, each.badge) for each in table.rows if each.state != "met"] == [
        ("Uptake", "Review", "amb"),
        ("Hemoglobin", "Not met", "red"),
    ]


def test_a_team_that_signs_krenning_two_still_reviews_it() -> None:
    lowered = {**CATALOG, "prrt.krenning": replace(CATALOG["prrt.krenning"], value=Decimal(2))}
    assert row("Uptake", krenning=2, numbers=lowered).state == "review"
    assert row("Uptake", krenning=3, numbers=lowered).state == "met"


@given(
    st.dictionaries(
        st.sampled_from(sorted(GOOD_LABS)),
        st.builds(
            lab, st.one_of(st.none(), st.decimals(0, 500, places=1).map(str)), on=st.dates(date(2026, 1, 1), LAB_DAY)
        ),
    ),
    st.one_of(st.none(), st.integers(0, 4)),
)
def test_nothing_passes_that_is_unknown_or_stale(labs: dict[str, Any], krenning: int | None) -> None:
    found = {each.name: each for each in criteria(snap(labs=labs, krenning=krenning))}
    for name, code in (("Hemoglobin", "718-7"), ("White blood cells", "6690-2"), ("Platelets", "777-3")):
        value = labs.get(code)
        fresh = value is not None and value.value is not None and (TODAY - value.on).days <= 28
        assert found[name].state in ({"met", "not_met"} if fresh else {"missing", "stale"})
    assert (found["Uptake"].state == "met") == (krenning is not None and krenning >= 3)
    assert (found["Karnofsky"].state == "missing") == ("89243-0" not in labs or labs["89243-0"].value is None)
