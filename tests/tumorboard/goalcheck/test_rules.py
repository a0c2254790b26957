"""The goal check: three answers, and never a guess."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.goals.rules import Acceptance, Burden, TreatmentLimit
from patients.protocol.rules import BURDEN_WORDS, BURDENS, PROFILED, burden_code
from tumorboard.decisions.rules import Option
from tumorboard.goalcheck.rules import (
    BURDEN_OF_LIMIT,
    KEY_OF_BURDEN,
    OPTION_OF_LIMIT,
    PROCEDURES,
    UNCHECKED,
    Accepted,
    Figure,
    Verdict,
    findings_for,
    limit_findings,
    limits_finding,
    overall,
)

NIGHTS = Burden.HOSPITAL_NIGHTS
NO, GOOD, YES = Acceptance.NOT_ACCEPTED, Acceptance.GOOD_REASON, Acceptance.ACCEPTS


def _one(value: int, said: Accepted, *, is_signed: bool = True) -> tuple[Verdict, str]:
    figure = Figure(Decimal(value), "nights in hospital", is_signed)
    (finding,) = findings_for("surgery", "Surgery", {KEY_OF_BURDEN[said.burden]: figure}, [said])
    return finding.verdict, finding.words


@pytest.mark.parametrize(
    ("value", "words", "asks"),
    [(1, "visits a week", "1 visit a week"), (1, "biopsies", "1 biopsy"), (3, "days in bed", "3 days in bed")],
)
def test_one_of_something_is_said_in_the_singular(value: int, words: str, asks: str) -> None:
    assert Figure(Decimal(value), words, is_signed=True).asks == asks


@pytest.mark.parametrize(
    ("value", "more_than", "acceptance", "verdict"),
    [
        (8, 1, NO, Verdict.CONFLICT),
        (2, 1, NO, Verdict.CONFLICT),
        (1, 1, NO, Verdict.CLEAR),  # "more than 1" is not accepted; 1 is
        (0, 1, NO, Verdict.CLEAR),
        (8, 1, GOOD, Verdict.UNKNOWN),
        (1, 1, GOOD, Verdict.CLEAR),
        (8, 1, YES, Verdict.CLEAR),
    ],
)
def test_a_figure_above_what_is_accepted_conflicts(
    value: int, more_than: int, acceptance: Acceptance, verdict: Verdict
) -> None:
    assert _one(value, Accepted(NIGHTS, more_than, acceptance))[0] == verdict


def test_a_conflict_says_both_sides() -> None:
    assert _one(8, Accepted(NIGHTS, 1, NO, "unless at home"))[1] == (
        "Surgery: 8 nights in hospital. Said: Hospital nights for treatment, > 1, not accepted, unless at home."
    )


def test_a_figure_that_nobody_signed_decides_nothing() -> None:
    assert _one(8, Accepted(NIGHTS, 1, NO), is_signed=False)[0] == Verdict.UNKNOWN
    assert _one(0, Accepted(NIGHTS, 1, NO), is_signed=False)[0] == Verdict.UNKNOWN


def test_an_option_without_profile_cannot_be_told() -> None:
    (finding,) = findings_for("trial", "Clinical trial", {}, [Accepted(NIGHTS, 1, NO)])
    assert finding.verdict == Verdict.UNKNOWN


def test_travel_is_told_only_where_nobody_travels() -> None:
    said = Accepted(Burden.WEEKLY_TRAVEL, 90, NO)
    assert _one(0, said)[0] == Verdict.CLEAR
    assert _one(1, said)[0] == Verdict.UNKNOWN


def test_palliative_care_as_a_companion_is_held_against_nothing() -> None:
    assert findings_for("with_palliative", "with palliative care", {}, [Accepted(NIGHTS, 0, NO)]) == ()


def test_limits_are_read_before_a_procedure_and_only_then() -> None:
    assert limits_finding("prrt", "PRRT", "DNR") is not None
    assert limits_finding("ssa", "Somatostatin analog", "DNR") is None
    assert limits_finding("prrt", "PRRT", "") is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from([NO, GOOD, YES])), max_size=5))
def test_the_answer_is_the_weightiest_and_never_clear_without_trade_offs(rows: list[tuple[int, int, str]]) -> None:
    found = [
        findings_for("surgery", "S", {"nights": Figure(Decimal(v), "n", is_signed=True)}, [Accepted(NIGHTS, m, a)])[0]
        for v, m, a in rows
    ]
    verdict = overall(found, asked=bool(found))
    assert (verdict == Verdict.CONFLICT) == any(a == NO and v > m for v, m, a in rows)
    assert (verdict == Verdict.CLEAR) == (bool(rows) and all(a == YES or v <= m for v, m, a in rows))


def test_every_option_of_the_board_has_a_profile_or_a_reason_not_to() -> None:
    assert set(Option) - set(PROFILED) == {Option.TRIAL, Option.WITH_PALLIATIVE}
    assert set(PROFILED) <= set(Option)
    assert set(PROCEDURES) | set(UNCHECKED) <= set(Option)
    assert {KEY_OF_BURDEN[burden] for burden in Burden} == set(BURDEN_WORDS)
    assert [row.code for row in BURDENS] == [burden_code(o, b) for o in PROFILED for b in BURDEN_WORDS]
    assert all(row.needs_signature and len(row.code) <= 30 for row in BURDENS)


L = TreatmentLimit


@pytest.mark.parametrize(
    ("option", "limit", "icu", "verdict"),
    [
        ("surgery", L.NO_INTENSIVE_CARE, 2, Verdict.CONFLICT),
        ("ablation", L.NO_INTENSIVE_CARE, 0, Verdict.CLEAR),
        ("surgery", L.NO_OPERATION, None, Verdict.CONFLICT),
        ("ablation", L.NO_OPERATION, None, None),
        ("chemotherapy", L.NO_CHEMOTHERAPY, None, Verdict.CONFLICT),
        ("ssa", L.NO_CHEMOTHERAPY, None, None),
        ("trial", L.NO_INTENSIVE_CARE, None, Verdict.UNKNOWN),
        ("surgery", L.NO_DIALYSIS, None, None),
        ("with_palliative", L.NO_INTENSIVE_CARE, 2, None),
    ],
)
def test_a_limit_that_names_an_option_or_a_burden_is_compared(
    option: str, limit: TreatmentLimit, icu: int | None, verdict: Verdict | None
) -> None:
    profile = {} if icu is None else {"icu": Figure(Decimal(icu), "days of intensive care", is_signed=True)}
    found = limit_findings(option, "It", profile, [limit])
    assert [each.verdict for each in found] == ([] if verdict is None else [verdict])


def test_an_unsigned_figure_decides_nothing_against_a_limit() -> None:
    profile = {"icu": Figure(Decimal(2), "days of intensive care", is_signed=False)}
    (found,) = limit_findings("surgery", "Surgery", profile, [L.NO_INTENSIVE_CARE])
    assert (found.verdict, found.words) == (
        Verdict.UNKNOWN,
        "Surgery: 2 days of intensive care, a figure that the team has not signed. Said: no intensive care.",
    )


def test_every_limit_is_compared_or_read_before_a_procedure() -> None:
    """The two tables name limits and options that exist."""
    assert set(OPTION_OF_LIMIT) | set(BURDEN_OF_LIMIT) < set(L)
    assert set(OPTION_OF_LIMIT.values()) <= set(Option)
    assert set(BURDEN_OF_LIMIT.values()) <= set(BURDEN_WORDS)
