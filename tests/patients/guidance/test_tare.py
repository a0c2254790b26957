"""The TARE criteria: the full panel, its cautions, and what unknown means."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patients.guidance.rules import FlagFact, LiverFact
from patients.guidance.rules.tare import criteria, eligibility
from tests.patients.guidance.snapshots import GOOD_LABS, LAB_DAY, lab, line, signed, snap

TARE = line("embolization", "TARE (Y-90)", "planned")
LABS = GOOD_LABS | {"6301-6": lab("1.1"), "751-8": lab("3")}
CLEAR: dict[str, Any] = {
    "labs": LABS,
    "liver": LiverFact(LAB_DAY, "frilling", 3, 40),
    "flags": {kind: FlagFact("absent", LAB_DAY) for kind in ("ascites", "portal_vein", "biliary_stent")},
    "lines": (replace(TARE, plan={"lung_shunt": "6"}),),
}


def row(name: str, **fields: Any) -> Any:
    return next(each for each in criteria(snap(**(CLEAR | fields))) if each.name == name)


def test_full_panel_is_shown_in_its_order() -> None:
    assert [(each.name, each.state) for each in criteria(snap(**CLEAR))] == [
        ("Bilirubin", "met"),
        ("Albumin", "no_limit"),
        ("ALBI", "met"),
        ("INR", "no_limit"),
        ("Neutrophils", "met"),
        ("Ascites", "met"),
        ("Earlier PRRT", "met"),
        ("Lung dose", "no_limit"),
        ("Liver burden", "met"),
        ("Chemotherapy", "met"),
        ("Portal vein thrombosis", "no_limit"),
        ("Biliary stent or anastomosis", "met"),
    ]


def test_nothing_known_is_missing_throughout() -> None:
    known = {"Earlier PRRT", "Chemotherapy"}  # what the lines say
    found = criteria(snap(labs={}, lines=(TARE,)))
    assert {each.name for each in found if each.state != "missing"} == known


@pytest.mark.parametrize(
    ("name", "code", "value", "state"),
    [
        ("Bilirubin", "1975-2", "2", "met"),
        ("Bilirubin", "1975-2", "2.1", "not_met"),
        ("Neutrophils", "751-8", "1.5", "met"),
        ("Neutrophils", "751-8", "1.4", "not_met"),
    ],
)
def test_thresholds(name: str, code: str, value: str, state: str) -> None:
    assert row(name, labs=LABS | {code: lab(value)}).state == state


@pytest.mark.parametrize(("on", "state"), [(date(2026, 10, 26), "met"), (date(2026, 10, 25), "stale")])
def test_old_labs_do_not_pass(on: date, state: str) -> None:
    assert row("Bilirubin", labs=LABS | {"1975-2": lab("1", on=on)}).state == state
    albumin = LABS | {"1751-7": lab("4", on=on)}
    assert row("ALBI", labs=albumin).state == state
    assert row("Albumin", labs=albumin).state == {"met": "no_limit"}.get(state, state)


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "words", "state"),
    [
        ("0.584795", "4", "−2.740, grade 1", "met"),
        ("1.988304", "3", "−1.539, grade 2", "review"),
        ("3.508772", "2.2", "−0.696, grade 3", "not_met"),
    ],
)
def test_albi_is_judged_by_cutoffs_that_are_local_until_signed(
    bilirubin: str, albumin: str, words: str, state: str
) -> None:
    labs = LABS | {"1975-2": lab(bilirubin), "1751-7": lab(albumin)}
    found = row("ALBI", labs=labs)
    assert (found.value, found.state, found.unsigned, found.fails) == (words, state, True, False)
    assert row("ALBI", labs=labs, numbers=signed("albi.grade1", "albi.grade2")).unsigned is False


@pytest.mark.parametrize(
    ("burden", "state"), [(None, "missing"), (50, "met"), (51, "review"), (70, "review"), (71, "not_met")]
)
def test_burden(burden: int | None, state: str) -> None:
    assert row("Liver burden", liver=LiverFact(LAB_DAY, burden=burden)).state == state


@pytest.mark.parametrize(
    ("plan", "state", "value"),
    [
        ({}, "missing", ""),
        ({"lung_shunt": "8.5"}, "no_limit", "lung shunt 8.5 %, dose not entered"),
        ({"lung_shunt": "8.5", "lung_dose": "30"}, "met", "30 Gy"),
        ({"lung_dose": "30.1"}, "review", "30.1 Gy"),
    ],
)
def test_lung_dose_is_judged_locally_and_a_shunt_alone_is_not(plan: dict[str, object], state: str, value: str) -> None:
    found = row("Lung dose", lines=(replace(TARE, plan=plan),))
    assert (found.state, found.value) == (state, value)
    assert not found.fails  # 30 Gy is prior knowledge: shown, and raised by nobody


@pytest.mark.parametrize(
    ("word", "state"),
    [("open", "no_limit"), ("branch", "no_limit"), ("main", "no_limit"), ("unknown", "missing"), ("", "missing")],
)
def test_portal_vein_is_read_from_the_plan_where_the_record_is_silent(word: str, state: str) -> None:
    found = row("Portal vein thrombosis", flags={}, lines=(replace(TARE, plan={"portal_vein": word}),))
    assert found.state == state


@pytest.mark.parametrize(
    ("biliary", "state"),
    [("intact", "met"), ("stent", "review"), ("anastomosis", "review"), ("sphincterotomy", "review"), ("", "missing")],
)
def test_bile_ducts_are_read_from_the_plan_where_the_record_is_silent(biliary: str, state: str) -> None:
    lines = (replace(TARE, plan={"biliary": biliary}),)
    assert row("Biliary stent or anastomosis", flags={}, lines=lines).state == state
    # The record says no, the plan says yes: the caution stands.
    if state == "review":
        assert row("Biliary stent or anastomosis", lines=lines).state == "review"


def test_earlier_prrt_is_reviewed() -> None:
    given = line("prrt", "177Lu-dotatate", "completed", line_id=2)
    dropped = line("prrt", "177Lu-dotatate", "stopped", line_id=3, started_on=None)
    assert row("Earlier PRRT", lines=(given, TARE)).state == "review"
    assert row("Earlier PRRT", lines=(dropped, TARE)).state == "met"


@pytest.mark.parametrize(
    ("ended", "status", "state"),
    [
        (date(2026, 10, 26), "stopped", "met"),
        (date(2026, 10, 27), "stopped", "review"),
        (None, "completed", "missing"),
        (None, "active", "review"),
    ],
)
def test_chemotherapy_needs_four_weeks(ended: date | None, status: str, state: str) -> None:
    given = line("chemotherapy", "CAPTEM", status, ended_on=ended)
    assert row("Chemotherapy", lines=(given, TARE)).state == state


@pytest.mark.parametrize("kind", ["ascites", "biliary_stent"])
@pytest.mark.parametrize(
    ("state", "expected"), [("present", ("review", True)), ("absent", ("met", False)), ("unknown", ("missing", False))]
)
def test_cautions_are_asked(kind: str, state: str, expected: tuple[str, bool]) -> None:
    flags = {**CLEAR["flags"], kind: FlagFact(state, LAB_DAY)}
    name = {"ascites": "Ascites", "biliary_stent": "Biliary stent or anastomosis"}[kind]
    found = row(name, flags=flags)
    assert (found.state, found.unsigned) == expected


def test_portal_vein_thrombosis_has_no_limit() -> None:
    flags = {**CLEAR["flags"], "portal_vein": FlagFact("present", LAB_DAY, "right branch")}
    found = row("Portal vein thrombosis", flags=flags)
    assert (found.state, found.value) == ("no_limit", "right branch")


def test_table_says_what_it_does_not_read() -> None:
    assert eligibility(snap()).unread == ("shunt to stomach or bowel on mapping",)
    assert Decimal(eligibility(snap(**CLEAR)).open) == 0
