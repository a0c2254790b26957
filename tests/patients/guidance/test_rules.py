"""Each rule as a table: what makes it speak, what keeps it silent, what it names as missing, and that an unsigned
number raises nothing but stands as "local, unsigned"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from patients.guidance.rules import (
    BY_ID,
    RULES,
    DrugFact,
    FlagFact,
    LabFact,
    LiverFact,
    Prompt,
    Snapshot,
    evaluate,
)
from patients.guidance.rules.base import Matched
from patients.protocol import rules as protocol
from tests.patients.guidance.snapshots import ALL_SIGNED, CATALOG, GOOD_LABS, LAB_DAY, PLAN, lab, line, signed, snap

PRRT_PLANNED = line("prrt", "177Lu-dotatate", "planned", line_id=2)
TACE_PLANNED = line("embolization", "TACE", "planned", line_id=3)
TARE_PLANNED = line("embolization", "TARE (Y-90)", "planned", line_id=4)
SURGERY_PLANNED = line("surgery", "Liver resection", "planned", line_id=5)
TARE_DONE = line("embolization", "TARE (Y-90)", "completed", line_id=6, started_on=date(2025, 3, 1))
PRRT_DONE = line("prrt", "177Lu-dotatate", "completed", line_id=7, started_on=date(2024, 9, 1))
PLATINUM = line("chemotherapy", "Carboplatin and etoposide", line_id=8)
CHEMO_PLANNED = line("chemotherapy", "CAPTEM", "proposed", line_id=9)
NO, YES = FlagFact("absent", date(2026, 11, 1)), FlagFact("present", date(2026, 11, 1), "right branch")
ASKED = {"portal_vein": NO, "biliary_stent": NO}
LIVER = LiverFact(date(2026, 10, 1), "frilling", 2, 30)
PD = {"response": "PD", "response_on": date(2026, 10, 20)}


def prompt(rule: str, **fields: Any) -> Prompt | None:
    return BY_ID[rule].apply(snap(**fields))


def outcome(rule: str, **fields: Any) -> str:
    """ "raised", "local" (found, but unsigned) or "silent"."""
    found = prompt(rule, **fields)
    return "silent" if found is None else "raised" if found.is_raised else "local"


def check(rule: str, fields: dict[str, Any], expected: str) -> None:
    assert outcome(rule, **fields) == expected


def missing(rule: str, **fields: Any) -> tuple[str, ...]:
    found = prompt(rule, **fields)
    assert found is not None
    return found.missing


def test_nothing_speaks_about_a_patient_in_order() -> None:
    assert evaluate(snap()) == ()


def test_nothing_speaks_about_a_patient_in_order_when_everything_is_signed() -> None:
    assert evaluate(snap(numbers=ALL_SIGNED)) == ()


def test_nothing_speaks_about_another_cancer() -> None:
    assert evaluate(snap(net_status="not_net", krenning=0, grade="unclassified")) == ()


def test_empty_snapshot_finds_only_what_is_unknown_and_raises_it_once_signed() -> None:
    empty = Snapshot(on=date(2026, 11, 23), grade="unclassified", grade_missing=("differentiation",), numbers=CATALOG)
    assert [(p.rule, p.missing, p.local) for p in evaluate(empty)] == [("R21", ("differentiation",), ("R21",))]
    assert [p.is_raised for p in evaluate(replace(empty, numbers=ALL_SIGNED))] == [True]


NEC: dict[str, Any] = {"grade": "NEC", "lines": (), "therapy_line": 0}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (NEC, "raised"),
        (NEC | {"grade": "NEC small cell"}, "raised"),
        (NEC | {"grade": "NET G3"}, "silent"),
        (NEC | {"grade": "MiNEN"}, "silent"),
        (NEC | {"grade": "unclassified"}, "silent"),  # NEC is never inferred
        (NEC | {"stage": "III"}, "silent"),
        (NEC | {"stage": ""}, "silent"),
        (NEC | {"lines": (line("chemotherapy", "FOLFIRI", "proposed"),)}, "raised"),
        (NEC | {"lines": (line("chemotherapy", "Cisplatin and etoposide", "proposed"),)}, "silent"),
        (NEC | {"lines": (PLATINUM,), "therapy_line": 1}, "silent"),
        (NEC | {"lines": (line("chemotherapy", "CAPTEM"),), "therapy_line": 1}, "raised"),
        (NEC | {"lines": (line("chemotherapy", "CAPTEM", "stopped"),), "therapy_line": 1}, "silent"),
        (NEC | {"lines": (line("ssa"), line("targeted")), "therapy_line": 2}, "silent"),
    ],
)
def test_r01_first_line_of_nec(fields: dict[str, Any], expected: str) -> None:
    check("R01", fields, expected)


def test_r01_names_what_the_grade_lacks() -> None:
    assert missing("R01", **NEC, grade_missing=("Ki-67",)) == ("Ki-67",)


ENDED = replace(PLATINUM, status="stopped", ended_on=date(2026, 9, 1))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"grade": "NEC", "lines": (ENDED,)}, "raised"),
        ({"grade": "NEC", "lines": (PLATINUM,)}, "silent"),
        ({"grade": "NEC", "lines": (PLATINUM,)} | PD, "raised"),
        ({"grade": "NEC", "lines": (PLATINUM,), "response": "PD", "response_on": date(2025, 12, 1)}, "silent"),
        ({"grade": "NEC", "lines": (PLATINUM,), "response": "SD", "response_on": date(2026, 10, 20)}, "silent"),
        ({"grade": "NET G3", "lines": (ENDED,)}, "silent"),
        ({"grade": "NEC", "lines": (ENDED, CHEMO_PLANNED)}, "silent"),
        ({"grade": "NEC", "lines": (ENDED, line("chemotherapy", "FOLFIRI", line_id=12))}, "silent"),
        ({"grade": "NEC", "lines": (ENDED, TACE_PLANNED)}, "raised"),
        ({"grade": "NEC", "lines": (replace(PLATINUM, status="stopped", started_on=None),)}, "silent"),  # never begun
        ({"grade": "NEC", "lines": ()}, "silent"),
    ],
)
def test_r02_nec_after_platinum(fields: dict[str, Any], expected: str) -> None:
    check("R02", fields, expected)


def test_r02_asks_for_the_response() -> None:
    assert missing("R02", grade="NEC", lines=(ENDED,)) == ("response to platinum",)
    assert missing("R02", grade="NEC", lines=(ENDED,), **PD) == ()


@pytest.mark.parametrize(
    ("krenning", "expected"), [(None, "silent"), (0, "raised"), (1, "raised"), (2, "silent"), (4, "silent")]
)
def test_r03_uptake(krenning: int | None, expected: str) -> None:
    check("R03", {"krenning": krenning}, expected)


def test_r03_asks_for_the_modality_of_the_scan() -> None:
    assert missing("R03", krenning=1, uptake_modality="") == (
        "modality of the scan: the same lesion scores higher on PET",
    )


OLD = {"lines": (PRRT_PLANNED,), "sstr_on": date(2025, 11, 22)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (OLD, "local"),
        (OLD | {"numbers": signed("sstr.age")}, "raised"),
        (OLD | {"sstr_on": date(2025, 11, 23), "numbers": signed("sstr.age")}, "silent"),
        (OLD | {"sstr_on": None}, "raised"),  # none at all needs no threshold
        (OLD | {"lines": (), "sstr_on": None}, "silent"),
        (OLD | {"lines": (replace(PRRT_PLANNED, status="active"),), "sstr_on": None}, "silent"),
    ],
)
def test_r04_sstr_imaging_before_prrt(fields: dict[str, Any], expected: str) -> None:
    check("R04", fields, expected)


def test_r04_names_what_is_missing() -> None:
    assert missing("R04", **OLD | {"sstr_on": None}) == ("SSTR imaging",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "silent"),
        ({"lines": (PRRT_PLANNED,)}, "silent"),
        ({"lines": (PRRT_PLANNED,), "krenning": 2}, "raised"),
        ({"lines": (PRRT_PLANNED,), "labs": {}}, "raised"),
        ({"lines": (line("prrt", status="stopped"),), "krenning": 0}, "silent"),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "777-3": lab("74")}}, "raised"),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "777-3": lab("75")}}, "silent"),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "718-7": lab("12", on=date(2026, 10, 25))}}, "raised"),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "718-7": lab("12", on=date(2026, 10, 26))}}, "silent"),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "2160-0": lab("1.7")}}, "local"),  # clearance 40–49 is P
        (
            {
                "lines": (PRRT_PLANNED,),
                "labs": {**GOOD_LABS, "2160-0": lab("1.7")},
                "numbers": signed("prrt.crcl"),
            },
            "raised",
        ),
    ],
)
def test_r05_prrt_criteria(fields: dict[str, Any], expected: str) -> None:
    check("R05", fields, expected)


def test_r05_names_rows_and_what_is_missing() -> None:
    labs = {**GOOD_LABS, "718-7": lab("7.9"), "777-3": lab("200", on=date(2026, 9, 1))}
    del labs["6690-2"]
    found = prompt("R05", lines=(PRRT_PLANNED,), labs=labs)
    assert found is not None
    assert [(m.label, m.value) for m in found.matched] == [
        ("Line", "177Lu-dotatate"),
        ("Hemoglobin", "7.9 (criterion not met, ≥ 8 g/dL)"),
        ("Platelets", "200 (stale, ≥ 75 ×10⁹/L)"),
    ]
    assert found.missing == ("White blood cells",)


FRESH: dict[str, Any] = {"therapy_line": 0, "lines": ()}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "silent"),
        (FRESH, "raised"),
        (FRESH | {"lines": (line("ssa", status="planned"),)}, "silent"),
        (FRESH | {"lines": (line("surgery", status="completed"),)}, "raised"),
        (FRESH | {"lines": (line("ssa", is_antitumor=False),)}, "raised"),
        (FRESH | {"grade": "NET G3"}, "silent"),
        (FRESH | {"grade": "unclassified"}, "silent"),
        (FRESH | {"stage": "III"}, "silent"),
        (FRESH | {"sstr_positive": None}, "silent"),
        (FRESH | {"syndrome": "insulinoma"}, "silent"),
        (FRESH | {"syndrome": "gastrinoma"}, "silent"),
        (FRESH | {"syndrome": "carcinoid"}, "raised"),
    ],
)
def test_r06_first_line(fields: dict[str, Any], expected: str) -> None:
    check("R06", fields, expected)


def test_r06_asks_for_the_syndrome() -> None:
    assert missing("R06", **FRESH, syndrome="") == ("functional syndrome: not for insulinoma",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (PD, "raised"),
        (PD | {"response": "SD"}, "silent"),
        (PD | {"response": "", "response_on": None}, "silent"),
        (PD | {"response_on": date(2026, 1, 1)}, "silent"),  # before the line began
        (PD | {"lines": (line("targeted"),)}, "silent"),
        (PD | {"lines": (line("ssa", is_antitumor=False),)}, "silent"),
        (PD | {"lines": (line("ssa", status="stopped"),)}, "silent"),
    ],
)
def test_r07_progression_on_ssa(fields: dict[str, Any], expected: str) -> None:
    check("R07", fields, expected)


def test_r07_asks_for_sstr_imaging() -> None:
    assert missing("R07", **PD, sstr_positive=None) == ("SSTR imaging",)


@pytest.mark.parametrize(
    ("site", "agent", "status", "expected"),
    [
        ("pancreas", "Sunitinib", "proposed", "silent"),
        ("jejunum_ileum", "Sunitinib", "proposed", "raised"),
        ("jejunum_ileum", "Sunitinib", "stopped", "silent"),
        ("", "sunitinib malate", "active", "raised"),
        ("jejunum_ileum", "Everolimus", "proposed", "silent"),
    ],
)
def test_r08_sunitinib(site: str, agent: str, status: str, expected: str) -> None:
    check("R08", {"primary_site": site, "lines": (line("targeted", agent, status),)}, expected)


def test_r08_asks_for_the_primary() -> None:
    assert missing("R08", primary_site="", lines=(line("targeted", "Sunitinib"),)) == ("primary site",)


CABOZANTINIB = line("targeted", "Cabozantinib", "planned", line_id=9)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((CABOZANTINIB,), "raised"),
        ((line("ssa"), CABOZANTINIB), "silent"),
        ((line("ssa", status="planned"), CABOZANTINIB), "raised"),
        ((line("surgery", status="completed"), CABOZANTINIB), "raised"),
        ((line("ssa", is_antitumor=False), CABOZANTINIB), "raised"),
        ((line("ssa"),), "silent"),
    ],
)
def test_r09_cabozantinib(lines: tuple[Any, ...], expected: str) -> None:
    check("R09", {"lines": lines}, expected)


HIGH: dict[str, Any] = {"ki67": Decimal(15), "discordant": 0, "jurisdiction": "us"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (HIGH, "raised"),
        (HIGH | {"ki67": Decimal(10)}, "raised"),
        (HIGH | {"ki67": Decimal("9.9")}, "silent"),
        (HIGH | {"ki67": Decimal(55), "grade": "NET G3"}, "raised"),
        (HIGH | {"ki67": Decimal("55.1"), "grade": "NET G3"}, "silent"),
        (HIGH | {"ki67": None}, "silent"),
        (HIGH | {"grade": "NEC"}, "silent"),
        (HIGH | {"primary_site": "lung"}, "silent"),
        (HIGH | {"sstr_positive": False}, "silent"),
        (HIGH | {"sstr_positive": None}, "silent"),
        (HIGH | {"stage": "II"}, "silent"),
        (HIGH | {"lines": (PRRT_PLANNED,)}, "silent"),
        (HIGH | {"lines": (line("chemotherapy", "CAPTEM", "stopped"),)}, "silent"),
        (HIGH | {"lines": (line("chemotherapy", "CAPTEM", "stopped", started_on=None),)}, "raised"),  # never begun
    ],
)
def test_r10_high_g2_and_g3(fields: dict[str, Any], expected: str) -> None:
    check("R10", fields, expected)


def test_r10_checks_the_label_of_the_jurisdiction() -> None:
    eu = prompt("R10", **HIGH | {"jurisdiction": "eu", "grade": "NET G3", "ki67": Decimal(30)})
    us = prompt("R10", **HIGH | {"grade": "NET G3", "ki67": Decimal(30)})
    assert eu is not None
    assert us is not None
    assert (eu.text.endswith("NET G3 lies outside the EU label of PRRT."), us.text == BY_ID["R10"].text) == (True, True)
    assert eu.missing == ("progression: the EU label asks for it",)
    assert us.missing == ()
    assert [m.value for m in us.matched if m.label == "Label"] == [
        "US: from 12 years, SSTR-positive GEP-NET, no limit of grade stated"
    ]
    assert missing("R10", **HIGH | {"discordant": None}) == ("FDG PET: discordant lesions",)


ONE: dict[str, Any] = {"liver": replace(LIVER, pattern=1), "metastases": frozenset({"liver"})}
TYPE2 = LiverFact(date(2026, 10, 1), "city_of_hope", 2, 30)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (ONE, "raised"),
        (ONE | {"liver": LIVER}, "silent"),  # Frilling II is not the City of Hope's type 2
        (ONE | {"liver": TYPE2}, "raised"),
        (ONE | {"liver": replace(TYPE2, pattern=3)}, "silent"),
        (
            ONE
            | {
                "liver": TYPE2,
                "numbers": {**CATALOG, "surgery.debulking": replace(CATALOG["surgery.debulking"], value=Decimal(90))},
            },
            "silent",  # the team asks for more than type 2 says
        ),
        (ONE | {"liver": None}, "silent"),
        (ONE | {"metastases": frozenset({"liver", "bone"})}, "silent"),
        (ONE | {"metastases": frozenset({"liver", "lymph_nodes"})}, "raised"),
        (ONE | {"metastases": frozenset()}, "silent"),
        (ONE | {"grade": "NEC"}, "silent"),
        (ONE | {"stage": "III"}, "silent"),
        (ONE | {"lines": (SURGERY_PLANNED,)}, "silent"),
        (ONE | {"lines": (line("surgery", status="completed", started_on=date(2026, 11, 1)),)}, "silent"),
        (ONE | {"lines": (line("surgery", status="completed", started_on=date(2020, 11, 1)),)}, "raised"),
    ],
)
def test_r11_surgical_review(fields: dict[str, Any], expected: str) -> None:
    check("R11", fields, expected)


def test_r11_asks_whether_nodes_are_regional_and_for_the_grade() -> None:
    fields = ONE | {
        "metastases": frozenset({"liver", "lymph_nodes"}),
        "grade": "unclassified",
        "grade_missing": ("differentiation",),
    }
    assert missing("R11", **fields) == ("whether the lymph nodes are regional", "grade: differentiation")


CLEAR_PLAN = {"portal_vein": "open", "biliary": "intact"}
BEFORE: dict[str, Any] = {"lines": (TACE_PLANNED,), "flags": ASKED, "liver": LIVER}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (BEFORE, "silent"),
        (BEFORE | {"lines": ()}, "silent"),
        (BEFORE | {"lines": (replace(TACE_PLANNED, status="active"),)}, "silent"),
        (BEFORE | {"flags": ASKED | {"portal_vein": YES}}, "raised"),
        (BEFORE | {"flags": {}, "lines": (replace(TACE_PLANNED, plan=CLEAR_PLAN),)}, "silent"),
        (BEFORE | {"lines": (replace(TACE_PLANNED, plan={"portal_vein": "branch"}),)}, "raised"),
        (BEFORE | {"flags": ASKED | {"biliary_stent": YES}}, "local"),
        (BEFORE | {"flags": ASKED | {"biliary_stent": YES}, "numbers": signed("tace.stent")}, "raised"),
        (BEFORE | {"flags": ASKED | {"ascites": YES}}, "local"),
        (BEFORE | {"flags": {}}, "raised"),  # never asked
        (BEFORE | {"liver": None}, "raised"),
        (BEFORE | {"liver": replace(LIVER, burden=75)}, "silent"),
        (BEFORE | {"liver": replace(LIVER, burden=76)}, "raised"),
        (BEFORE | {"labs": GOOD_LABS | {"1975-2": lab("2")}}, "silent"),
        (BEFORE | {"labs": GOOD_LABS | {"1975-2": lab("2.1")}}, "local"),
        (BEFORE | {"labs": GOOD_LABS | {"1975-2": lab("2.1")}, "numbers": signed("tace.bilirubin")}, "raised"),
        (BEFORE | {"labs": GOOD_LABS | {"1975-2": lab(None, problem="?")}}, "raised"),
        (BEFORE | {"labs": GOOD_LABS | {"89247-1": lab("3")}}, "local"),
        (BEFORE | {"lines": (TARE_PLANNED,), "labs": GOOD_LABS | {"1975-2": lab("2.1")}}, "raised"),  # V2 for TARE
        (BEFORE | {"lines": (TARE_PLANNED,), "liver": replace(LIVER, burden=51)}, "raised"),
        (BEFORE | {"lines": (TARE_PLANNED,), "liver": replace(LIVER, burden=50)}, "silent"),
    ],
)
def test_r12_before_embolization(fields: dict[str, Any], expected: str) -> None:
    check("R12", fields, expected)


def test_r12_names_what_is_not_known_and_shows_the_unsigned_beside_the_signed() -> None:
    assert missing("R12", lines=(TACE_PLANNED,), labs={}) == (
        "bilirubin",
        "portal vein",
        "biliary stent or anastomosis",
        "liver burden",
    )
    found = prompt("R12", **BEFORE | {"flags": {"portal_vein": YES, "biliary_stent": YES}})
    assert found is not None
    assert [(m.label, m.value) for m in found.matched] == [
        ("Line", "TACE"),
        ("Portal vein thrombosis", "right branch"),
        ("Biliary stent or anastomosis", "right branch (local, unsigned)"),
    ]


@pytest.mark.parametrize(
    ("agent", "status", "expected"),
    [
        ("DEB-TACE", "proposed", "raised"),
        ("DEB-TACE", "planned", "raised"),
        ("DEB-TACE", "completed", "silent"),
        ("TACE", "proposed", "silent"),
        ("", "proposed", "silent"),  # which kind is not known yet
    ],
)
def test_r13_drug_eluting_beads(agent: str, status: str, expected: str) -> None:
    check("R13", {"lines": (line("embolization", agent, status),)}, expected)


CARCINOID: dict[str, Any] = {
    "syndrome": "carcinoid",
    "lines": (PRRT_PLANNED,),
    "flags": {"crisis_plan": PLAN},
    "echo_on": date(2026, 9, 1),
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (CARCINOID, "silent"),
        (CARCINOID | {"flags": {}}, "raised"),
        (CARCINOID | {"flags": {"crisis_plan": NO}}, "raised"),
        (CARCINOID | {"flags": {"crisis_plan": FlagFact("unknown", date(2026, 1, 1))}}, "raised"),
        (CARCINOID | {"echo_on": None}, "raised"),  # never done needs no interval
        (CARCINOID | {"echo_on": date(2025, 11, 22)}, "local"),
        (CARCINOID | {"echo_on": date(2025, 11, 22), "numbers": signed("carcinoid.echo")}, "raised"),
        (CARCINOID | {"echo_on": date(2025, 11, 23), "numbers": signed("carcinoid.echo")}, "silent"),
        (CARCINOID | {"syndrome": "nonfunctional", "flags": {}}, "silent"),
        (CARCINOID | {"lines": (line("ssa"),), "flags": {}}, "silent"),
        (CARCINOID | {"lines": (TACE_PLANNED,), "flags": {}}, "raised"),
        (CARCINOID | {"lines": (SURGERY_PLANNED,), "flags": {}}, "raised"),
        (CARCINOID | {"lines": (line("ablation", status="proposed"),), "flags": {}}, "raised"),
    ],
)
def test_r14_carcinoid_and_a_procedure(fields: dict[str, Any], expected: str) -> None:
    check("R14", fields, expected)


def test_r14_asks_whether_a_plan_is_documented_and_never_shows_a_dose() -> None:
    found = prompt("R14", **CARCINOID | {"flags": {}, "echo_on": None})
    assert found is not None
    assert found.missing == ("crisis plan", "echocardiography")
    words = " ".join((found.text, found.limits, *found.alternatives, *(m.value for m in found.matched)))
    assert [unit for unit in ("µg", "mcg", "mg", "mL", "µg/h") if unit in words] == []


STOPPED_SSA = line("ssa", "Lanreotide", "stopped", ended_on=date(2026, 8, 1), end_reason="toxicity")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"syndrome": "carcinoid", "lines": (STOPPED_SSA,)}, "raised"),
        ({"syndrome": "vipoma", "lines": (STOPPED_SSA,)}, "raised"),
        ({"syndrome": "insulinoma", "lines": (STOPPED_SSA,)}, "silent"),
        ({"syndrome": "nonfunctional", "lines": (STOPPED_SSA,)}, "silent"),
        ({"syndrome": "", "lines": (STOPPED_SSA,)}, "silent"),
        ({"syndrome": "carcinoid", "lines": (STOPPED_SSA, line("ssa", line_id=2, is_antitumor=False))}, "silent"),
        ({"syndrome": "carcinoid", "lines": (replace(STOPPED_SSA, started_on=None),)}, "silent"),  # never begun
        ({"syndrome": "carcinoid", "lines": ()}, "silent"),
    ],
)
def test_r15_analog_stopped(fields: dict[str, Any], expected: str) -> None:
    check("R15", fields, expected)


def test_r15_asks_why_it_was_stopped() -> None:
    fields = {"syndrome": "carcinoid", "lines": (replace(STOPPED_SSA, end_reason=""),)}
    assert missing("R15", **fields) == ("why the analog was stopped",)


STOOLS = {"stools": LabFact("Bowel movements", LAB_DAY, Decimal(4), "/d")}
DIARRHEA: dict[str, Any] = {"syndrome": "carcinoid", "labs": GOOD_LABS | STOOLS}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (DIARRHEA, "raised"),
        (DIARRHEA | {"labs": GOOD_LABS | {"stools": replace(STOOLS["stools"], value=Decimal(3))}}, "silent"),
        (DIARRHEA | {"labs": GOOD_LABS}, "silent"),
        (DIARRHEA | {"lines": (STOPPED_SSA,)}, "silent"),
        (DIARRHEA | {"lines": (line("ssa", is_antitumor=False),)}, "raised"),
        (DIARRHEA | {"lines": (line("ssa"), line("telotristat", status="planned", line_id=2))}, "silent"),
    ],
)
def test_r16_diarrhea_on_an_analog(fields: dict[str, Any], expected: str) -> None:
    check("R16", fields, expected)


def test_r16_says_what_telotristat_is_labelled_for() -> None:
    assert missing("R16", **DIARRHEA | {"syndrome": "nonfunctional"}) == (
        "carcinoid syndrome: telotristat is labelled for its diarrhea",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "silent"),
        ({"palliative_on": None}, "raised"),
        ({"palliative_on": None, "stage": "III"}, "silent"),
        ({"palliative_on": None, "stage": ""}, "silent"),
    ],
)
def test_r17_palliative_care(fields: dict[str, Any], expected: str) -> None:
    check("R17", fields, expected)


def test_r18_only_points_to_the_goals_prompt() -> None:
    check("R18", {}, "silent")
    # What raises a goals prompt elsewhere raises nothing here by itself: it is asked once, there.
    check("R18", {"therapy_line": 4, "grade": "NEC", "labs": {"89247-1": lab("3")}} | PD, "silent")
    found = prompt("R18", prompt_since=date(2026, 10, 20), prompt_reasons=("New progression",))
    assert found is not None
    assert (found.points_to, [m.value for m in found.matched]) == ("goals", ["New progression"])


CYTOTOXIC: dict[str, Any] = {"lines": (CHEMO_PLANNED,), "labs": GOOD_LABS | {"89247-1": lab("3")}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (CYTOTOXIC, "local"),
        (CYTOTOXIC | {"numbers": signed("cytotoxic.ecog")}, "local"),  # the rule itself is prior knowledge
        (CYTOTOXIC | {"numbers": signed("R19")}, "local"),
        (CYTOTOXIC | {"numbers": signed("R19", "cytotoxic.ecog")}, "raised"),
        (CYTOTOXIC | {"labs": GOOD_LABS | {"89247-1": lab("2")}, "numbers": ALL_SIGNED}, "silent"),
        (CYTOTOXIC | {"labs": GOOD_LABS, "numbers": ALL_SIGNED}, "silent"),
        (CYTOTOXIC | {"lines": (PRRT_PLANNED,), "numbers": ALL_SIGNED}, "silent"),
        (CYTOTOXIC | {"lines": (line("chemotherapy", "CAPTEM"),), "numbers": ALL_SIGNED}, "silent"),
    ],
)
def test_r19_cytotoxic_and_performance_status(fields: dict[str, Any], expected: str) -> None:
    check("R19", fields, expected)


def test_r19_asks_for_goals() -> None:
    assert missing("R19", **CYTOTOXIC) == ("goals: no conversation with a code status",)
    assert missing("R19", **CYTOTOXIC, code_status="full") == ()


def cga(value: str, *, uln: str = "100", assay: str = "Kryptor", on_ppi: bool | None = None) -> LabFact:
    return LabFact("Chromogranin A", LAB_DAY, Decimal(value), "ng/mL", Decimal(uln) if uln else None, "", assay, on_ppi)


PPI = (DrugFact("Pantoprazole", "ppi", date(2026, 1, 1)),)
LOW_EGFR = GOOD_LABS | {"33914-3": lab("59")}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cga": (cga("300"),), "drugs": PPI}, "raised"),
        ({"cga": (cga("300", on_ppi=True),)}, "raised"),
        ({"cga": (cga("300", on_ppi=False),), "drugs": PPI}, "silent"),  # said to be off it that day
        ({"cga": (cga("90"),), "drugs": PPI}, "silent"),
        ({"cga": (cga("90"), cga("60")), "drugs": PPI}, "raised"),
        ({"cga": (cga("90"), cga("60", assay="Cisbio ELISA")), "drugs": PPI}, "silent"),  # assays do not compare
        ({"cga": (cga("300"),)}, "silent"),
        ({"cga": (), "drugs": PPI}, "silent"),
        ({"cga": (cga("300"),), "labs": LOW_EGFR}, "local"),
        ({"cga": (cga("300"),), "labs": LOW_EGFR, "numbers": signed("cga.egfr")}, "raised"),
        ({"cga": (cga("300"),), "labs": GOOD_LABS | {"33914-3": lab("60")}, "numbers": ALL_SIGNED}, "silent"),
        ({"cga": (cga("300"),), "drugs": PPI, "syndrome": "gastrinoma"}, "silent"),
        ({"cga": (cga("300"),), "drugs": PPI, "syndrome": "insulinoma"}, "silent"),
    ],
)
def test_r20_chromogranin(fields: dict[str, Any], expected: str) -> None:
    check("R20", fields, expected)


def test_r20_asks_for_the_assay_and_the_ppi() -> None:
    assert missing("R20", cga=(cga("300", assay=""),), labs=LOW_EGFR) == (
        "PPI at the time",
        "assay: values of different assays do not compare",
    )


FAST: dict[str, Any] = PD | {"lines": (line("targeted", started_on=date(2026, 6, 1)),)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "silent"),
        ({"grade": "unclassified"}, "local"),
        ({"grade": "unclassified", "numbers": signed("R21")}, "raised"),
        ({"grade": "ungraded", "numbers": signed("R21")}, "raised"),
        (
            {"grade": "NEC", "grade_conflicts": ("Poorly differentiated with Ki-67 15 %.",), "numbers": signed("R21")},
            "raised",
        ),
        (FAST, "local"),
        (FAST | {"numbers": signed("R21")}, "local"),
        (FAST | {"numbers": signed("R21", "pathology.age")}, "local"),
        (FAST | {"numbers": ALL_SIGNED}, "raised"),
        (FAST | {"numbers": ALL_SIGNED, "specimen_on": date(2026, 6, 1)}, "silent"),
        (FAST | {"numbers": ALL_SIGNED, "specimen_on": None}, "silent"),
        (FAST | {"numbers": ALL_SIGNED, "lines": (line("targeted", started_on=date(2026, 1, 1)),)}, "silent"),
        (FAST | {"numbers": ALL_SIGNED, "response": "SD"}, "silent"),
    ],
)
def test_r21_pathology(fields: dict[str, Any], expected: str) -> None:
    check("R21", fields, expected)


def test_r21_is_silent_again_when_a_new_version_is_not_signed_yet() -> None:
    older = {**CATALOG, "R21": replace(CATALOG["R21"], settled=True, value=Decimal(1))}
    check("R21", {"grade": "unclassified", "numbers": older}, "local")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((TARE_DONE, PRRT_DONE), "raised"),
        ((TARE_DONE, PRRT_PLANNED), "raised"),
        ((PRRT_DONE, TARE_PLANNED), "raised"),
        ((PRRT_PLANNED, TARE_PLANNED), "silent"),  # nothing given yet
        ((TARE_DONE,), "silent"),
        ((PRRT_DONE, TACE_PLANNED), "silent"),
        ((PRRT_DONE, replace(TARE_PLANNED, status="stopped")), "silent"),  # a plan that was dropped
    ],
)
def test_r22_tare_and_prrt(lines: tuple[Any, ...], expected: str) -> None:
    check("R22", {"lines": lines}, expected)


def test_r22_names_what_is_not_known_of_the_liver() -> None:
    assert missing("R22", lines=(TARE_DONE, PRRT_DONE), labs={}) == ("Albumin", "ALT", "Bilirubin", "ascites")


CABO = line("targeted", "Cabozantinib", line_id=20)
APIXABAN = (DrugFact("Apixaban", "anticoagulant", date(2026, 10, 1)),)
METFORMIN = (DrugFact("Metformin", "metformin", date(2026, 10, 1)),)
ALONE: dict[str, Any] = {"lines": (SURGERY_PLANNED,)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (ALONE, "silent"),
        ({"lines": (CABO, SURGERY_PLANNED)}, "raised"),
        ({"lines": (CABO,)}, "silent"),
        (ALONE | {"drugs": (DrugFact("Cabozantinib", "vegf"),)}, "raised"),
        (ALONE | {"drugs": (DrugFact("Bevacizumab", "vegf"),)}, "local"),
        (ALONE | {"drugs": APIXABAN}, "local"),
        (ALONE | {"drugs": APIXABAN, "numbers": signed("hold.anticoagulant")}, "raised"),
        ({"lines": (), "drugs": APIXABAN, "numbers": ALL_SIGNED}, "silent"),
        (ALONE | {"drugs": METFORMIN, "numbers": ALL_SIGNED}, "silent"),  # no contrast
        ({"lines": (TACE_PLANNED,), "drugs": METFORMIN}, "local"),
        ({"lines": (TACE_PLANNED,), "drugs": METFORMIN, "numbers": signed("hold.metformin")}, "raised"),
        ({"lines": (line("ablation", status="proposed"),), "drugs": METFORMIN, "numbers": ALL_SIGNED}, "raised"),
        ({"lines": (PRRT_PLANNED,), "drugs": APIXABAN, "numbers": ALL_SIGNED}, "raised"),
        ({"lines": (line("ssa"), PRRT_PLANNED)}, "raised"),  # stop or continue?
        ({"lines": (line("ssa"), line("targeted", "Everolimus", "proposed", line_id=2))}, "raised"),
        ({"lines": (line("ssa", is_antitumor=False), PRRT_PLANNED)}, "silent"),
        ({"lines": (line("ssa"), line("hospice", status="planned", is_antitumor=False, line_id=2))}, "silent"),
    ],
)
def test_r23_drugs_and_running_lines(fields: dict[str, Any], expected: str) -> None:
    check("R23", fields, expected)


def test_r23_gives_the_label_of_cabozantinib_with_the_team_s_numbers() -> None:
    found = prompt("R23", lines=(CABO, SURGERY_PLANNED))
    assert found is not None
    assert [m.value for m in found.matched if m.label == "VEGF inhibitor"] == [
        "Cabozantinib: label asks to hold 21 d before surgery, 14 d after"
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lines": (PRRT_PLANNED,)}, "silent"),
        ({"lines": (PRRT_PLANNED,), "code_status": "full"}, "silent"),
        ({"lines": (PRRT_PLANNED,), "code_status": "dnr"}, "raised"),
        ({"lines": (TACE_PLANNED,), "code_status": "dni"}, "raised"),
        ({"lines": (SURGERY_PLANNED,), "code_status": "dnr_dni"}, "raised"),
        ({"lines": (line("ablation", status="proposed"),), "code_status": "dnr"}, "raised"),
        ({"lines": (PRRT_PLANNED,), "treatment_limits": "No intensive care"}, "raised"),
        ({"lines": (line("ssa", status="planned"),), "code_status": "dnr"}, "silent"),
        ({"lines": (line("prrt", status="active"),), "code_status": "dnr"}, "silent"),
    ],
)
def test_r24_code_status(fields: dict[str, Any], expected: str) -> None:
    check("R24", fields, expected)


# --- the catalog ------------------------------------------------------------------------------------------------------


def test_catalog_has_every_rule_once_and_in_order() -> None:
    assert [rule.rule for rule in RULES] == [f"R{number:02d}" for number in range(1, 25)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_every_rule_is_complete_and_never_ranks(rule: Any) -> None:
    assert rule.version >= 1
    assert "" not in {rule.title, rule.condition, rule.text, rule.source, rule.limits}
    assert len(rule.alternatives) >= 2
    assert list(rule.options) == sorted(rule.alternatives, key=str.lower)
    assert set(rule.numbers) <= set(CATALOG)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_every_rule_is_signed_in_the_version_source_and_tag_that_it_has(rule: Any) -> None:
    entry = protocol.NUMBERS[rule.rule]
    assert (entry.value, entry.source, str(entry.tag)) == (rule.version, rule.source, rule.tag)


def test_every_threshold_of_guidance_belongs_to_a_rule_or_a_table() -> None:
    from patients.guidance.rules import prrt, tare

    used = {code for rule in RULES for code in rule.numbers} | set(prrt.NUMBERS) | set(tare.NUMBERS)
    assert {number.code for number in protocol.GUIDANCE} - used == set()


# --- the same inputs --------------------------------------------------------------------------------------------------


def fingerprint(rule: str, **fields: Any) -> str:
    found = prompt(rule, **fields)
    assert found is not None
    return found.fingerprint


def test_fingerprint_changes_with_the_inputs_only() -> None:
    one = fingerprint("R03", krenning=1)
    assert one == fingerprint("R03", krenning=1, age=61)
    assert one != fingerprint("R03", krenning=1, uptake_on=date(2026, 10, 1))
    assert one != fingerprint("R03", krenning=0)


def test_moving_a_planned_line_is_no_new_input_but_another_line_is() -> None:
    fields = {"code_status": "dnr", "lines": (PRRT_PLANNED,)}
    moved = {"code_status": "dnr", "lines": (replace(PRRT_PLANNED, planned_on=date(2027, 1, 20)),)}
    other = {"code_status": "dnr", "lines": (replace(PRRT_PLANNED, line_id=77),)}
    assert fingerprint("R24", **fields) == fingerprint("R24", **moved)
    assert fingerprint("R24", **fields) != fingerprint("R24", **other)


def test_identity_of_an_input_is_its_key_or_its_value_and_day() -> None:
    assert Matched("Line", "TACE", LAB_DAY, key="3").identity == ["Line", "3"]
    assert Matched("ECOG", "3", LAB_DAY).identity == ["ECOG", "3", "2026-11-16"]
