"""Each rule as a table: which snapshot makes it speak, what it then says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from patients.guidance.rules import BY_ID, RULES, FlagFact, Snapshot, evaluate
from tests.patients.guidance.snapshots import CATALOG, GOOD_LABS, PLAN, lab, line, signed, snap

PRRT_PLANNED = line("prrt", "177Lu-dotatate", "planned", line_id=2)


def speaks(rule: str, **fields: Any) -> bool:
    return BY_ID[rule].apply(snap(**fields)) is not None


def test_nothing_speaks_about_a_patient_in_order() -> None:
    assert evaluate(snap()) == ()


def test_nothing_speaks_about_another_cancer() -> None:
    assert evaluate(snap(net_status="not_net", krenning=0, grade="unclassified")) == ()


def test_empty_snapshot_raises_only_what_is_unknown() -> None:
    empty = Snapshot(on=date(2026, 11, 23), grade="unclassified", grade_missing=("differentiation",), numbers=CATALOG)
    assert [(prompt.rule, prompt.missing) for prompt in evaluate(empty)] == [("R21", ("differentiation",))]


@pytest.mark.parametrize(("krenning", "expected"), [(None, False), (0, True), (1, True), (2, False), (4, False)])
def test_r03_uptake(krenning: int | None, expected: bool) -> None:
    assert speaks("R03", krenning=krenning) == expected


def test_r03_asks_for_the_modality_of_the_scan() -> None:
    prompt = BY_ID["R03"].apply(snap(krenning=1, uptake_modality=""))
    assert prompt is not None
    assert prompt.missing == ("modality of the scan: the same lesion scores higher on PET",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"lines": (PRRT_PLANNED,)}, False),
        ({"lines": (PRRT_PLANNED,), "krenning": 2}, True),
        ({"lines": (PRRT_PLANNED,), "labs": {}}, True),
        ({"lines": (line("prrt", status="stopped"),), "krenning": 0}, False),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "777-3": lab("74")}}, True),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "777-3": lab("75")}}, False),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "718-7": lab("12", on=date(2026, 10, 25))}}, True),
        ({"lines": (PRRT_PLANNED,), "labs": {**GOOD_LABS, "718-7": lab("12", on=date(2026, 10, 26))}}, False),
    ],
)
def test_r05_prrt_criteria(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R05", **fields) == expected


def test_r05_names_rows_and_what_is_missing() -> None:
    labs = {**GOOD_LABS, "718-7": lab("7.9"), "777-3": lab("200", on=date(2026, 9, 1))}
    del labs["6690-2"]
    prompt = BY_ID["R05"].apply(snap(lines=(PRRT_PLANNED,), labs=labs))
    assert prompt is not None
    assert [(m.label, m.value) for m in prompt.matched] == [
        ("Line", "177Lu-dotatate"),
        ("Hemoglobin", "7.9 (criterion not met, ≥ 8 g/dL)"),
        ("Platelets", "200 (stale, ≥ 75 ×10⁹/L)"),
    ]
    assert prompt.missing == ("White blood cells",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"therapy_line": 0, "lines": ()}, True),
        ({"therapy_line": 0, "lines": (line("ssa", status="planned"),)}, False),
        ({"therapy_line": 0, "lines": (line("surgery", status="completed"),)}, True),
        ({"therapy_line": 0, "lines": (line("ssa", is_antitumor=False),)}, True),
        ({"therapy_line": 0, "lines": (), "grade": "NET G3"}, False),
        ({"therapy_line": 0, "lines": (), "grade": "unclassified"}, False),
        ({"therapy_line": 0, "lines": (), "stage": "III"}, False),
        ({"therapy_line": 0, "lines": (), "sstr_positive": None}, False),
        ({"therapy_line": 0, "lines": (), "syndrome": "insulinoma"}, False),
        ({"therapy_line": 0, "lines": (), "syndrome": "gastrinoma"}, False),
        ({"therapy_line": 0, "lines": (), "syndrome": "carcinoid"}, True),
    ],
)
def test_r06_first_line(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R06", **fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"response": "PD", "response_on": date(2026, 10, 20)}, True),
        ({"response": "SD", "response_on": date(2026, 10, 20)}, False),
        ({"response": "PD", "response_on": date(2026, 1, 1)}, False),  # before the line began
        ({"response": "PD", "response_on": date(2026, 10, 20), "lines": (line("targeted"),)}, False),
        ({"response": "PD", "response_on": date(2026, 10, 20), "lines": (line("ssa", is_antitumor=False),)}, False),
        ({"response": "PD", "response_on": date(2026, 10, 20), "lines": (line("ssa", status="stopped"),)}, False),
    ],
)
def test_r07_progression_on_ssa(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R07", **fields) == expected


@pytest.mark.parametrize(
    ("site", "agent", "expected"),
    [
        ("pancreas", "Sunitinib", False),
        ("jejunum_ileum", "Sunitinib", True),
        ("", "sunitinib malate", True),
        ("jejunum_ileum", "Everolimus", False),
    ],
)
def test_r08_sunitinib(site: str, agent: str, expected: bool) -> None:
    assert speaks("R08", primary_site=site, lines=(line("targeted", agent, "proposed"),)) == expected


CABOZANTINIB = line("targeted", "Cabozantinib", "planned", line_id=9)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((CABOZANTINIB,), True),
        ((line("ssa"), CABOZANTINIB), False),
        ((line("ssa", status="planned"), CABOZANTINIB), True),
        ((line("surgery", status="completed"), CABOZANTINIB), True),
        ((line("ssa", is_antitumor=False), CABOZANTINIB), True),
        ((line("ssa"),), False),
    ],
)
def test_r09_cabozantinib(lines: tuple[Any, ...], expected: bool) -> None:
    assert speaks("R09", lines=lines) == expected


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"lines": (PRRT_PLANNED,), "syndrome": "nonfunctional"}, None),
        ({"lines": (line("ssa"),)}, None),
        ({"lines": (PRRT_PLANNED,)}, ("crisis plan", "echocardiography (interval local, unsigned)")),
        ({"lines": (PRRT_PLANNED,), "echo_on": date(2026, 9, 1)}, ("crisis plan",)),
        ({"lines": (PRRT_PLANNED,), "flags": {"crisis_plan": PLAN}}, None),  # an unsigned interval raises nothing
        (
            {"lines": (PRRT_PLANNED,), "flags": {"crisis_plan": PLAN}, "numbers": signed("carcinoid.echo")},
            ("echocardiography",),
        ),
        (
            {"lines": (PRRT_PLANNED,), "flags": {"crisis_plan": FlagFact("absent", date(2026, 1, 1))}},
            ("crisis plan", "echocardiography (interval local, unsigned)"),
        ),
    ],
)
def test_r14_carcinoid_and_a_procedure(fields: dict[str, Any], missing: tuple[str, ...] | None) -> None:
    prompt = BY_ID["R14"].apply(snap(**({"syndrome": "carcinoid"} | fields)))
    assert (prompt.missing if prompt else None) == missing


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, False), ({"palliative_on": None}, True), ({"palliative_on": None, "stage": "III"}, False)],
)
def test_r17_palliative_care(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R17", **fields) == expected


def test_r18_only_points_to_the_goals_prompt() -> None:
    assert speaks("R18") is False
    prompt = BY_ID["R18"].apply(snap(prompt_since=date(2026, 10, 20), prompt_reasons=("New progression",)))
    assert prompt is not None
    assert (prompt.points_to, [m.value for m in prompt.matched]) == ("goals", ["New progression"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"grade": "unclassified"}, True),
        ({"grade": "ungraded"}, True),
        ({"grade": "NEC", "grade_conflicts": ("Poorly differentiated with Ki-67 15 %: pathology review.",)}, True),
    ],
)
def test_r21_pathology(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R21", **fields) == expected


def test_r21_is_marked_unsigned() -> None:
    prompt = BY_ID["R21"].apply(snap(grade="unclassified"))
    assert prompt is not None
    assert prompt.unsigned is True


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lines": (PRRT_PLANNED,)}, False),
        ({"lines": (PRRT_PLANNED,), "code_status": "full"}, False),
        ({"lines": (PRRT_PLANNED,), "code_status": "dnr"}, True),
        ({"lines": (PRRT_PLANNED,), "treatment_limits": "No intensive care"}, True),
        ({"lines": (line("ssa", status="planned"),), "code_status": "dnr"}, False),
        ({"lines": (line("prrt", status="active"),), "code_status": "dnr"}, False),
    ],
)
def test_r24_code_status(fields: dict[str, Any], expected: bool) -> None:
    assert speaks("R24", **fields) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_every_rule_is_complete_and_never_ranks(rule: Any) -> None:
    assert rule.rule == rule.rule.upper()
    assert rule.version >= 1
    assert rule.source
    assert rule.tag in {"V", "V2", "P", "S", "D"}
    assert len(rule.alternatives) >= 1
    assert list(rule.options) == sorted(rule.alternatives, key=str.lower)
    assert set(rule.numbers) <= set(CATALOG)


def test_fingerprint_changes_with_the_inputs_only() -> None:
    one = BY_ID["R03"].apply(snap(krenning=1))
    same = BY_ID["R03"].apply(snap(krenning=1, age=61))
    other = BY_ID["R03"].apply(snap(krenning=1, uptake_on=date(2026, 10, 1)))
    assert one is not None
    assert same is not None
    assert other is not None
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint
