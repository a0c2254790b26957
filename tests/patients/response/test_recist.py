"""RECIST 1.1 with the vectors of the definition, and what must hold whatever the diameters are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.record.rules import ResponseCategory
from patients.response.rules import (
    Lesion,
    LesionRole,
    NonTargetState,
    by_sums,
    overall,
    percent,
    role_of,
    target_response,
    total,
    why_not_targets,
)

D = Decimal
C, N = ResponseCategory, NonTargetState
LIVER_1, LIVER_2, NODE = Lesion("t1", "liver"), Lesion("t2", "liver"), Lesion("t3", is_node=True)
LESIONS = {lesion.key: lesion for lesion in (LIVER_1, LIVER_2, NODE)}
BASELINE = {"t1": D(40), "t2": D(40), "t3": D(20)}
MM = st.decimals(min_value=0, max_value=400, places=1, allow_nan=False)
GROWN = st.decimals(min_value=10, max_value=400, places=1, allow_nan=False)


@pytest.mark.parametrize(
    ("baseline", "nadir", "current", "expected"),
    [
        ("100", "70", "84", C.PD),
        ("100", "70", "83", C.SD),
        ("100", "20", "24.5", C.PR),  # +22.5 %, but only 4.5 mm
        ("100", "100", "70", C.PR),
        ("100", "100", "71", C.SD),
        ("100", "40", "50", C.PD),  # half of the baseline, and yet progression
        ("100", "0", "3", None),  # reappeared: the reader decides
        ("100", "0", "0", C.PR),  # complete response is asked before, by lesion
        ("100", "100", "119.9", C.SD),
        ("20", "20", "24.9", C.SD),
        ("20", "20", "25", C.PD),
    ],
)
def test_response_by_sums(baseline: str, nadir: str, current: str, expected: ResponseCategory | None) -> None:
    assert by_sums(D(baseline), D(nadir), D(current)) == expected


@pytest.mark.parametrize(("baseline", "nadir", "current"), [("50", "60", "60"), ("50", "50", "-1")])
def test_sums_that_cannot_be_are_refused(baseline: str, nadir: str, current: str) -> None:
    with pytest.raises(ValueError, match="nadir"):
        by_sums(D(baseline), D(nadir), D(current))


@pytest.mark.parametrize(
    ("mm", "is_node", "role"),
    [
        ("9.9", False, LesionRole.NON_TARGET),
        ("10", False, LesionRole.TARGET),
        ("9.9", True, None),
        ("10", True, LesionRole.NON_TARGET),
        ("14.9", True, LesionRole.NON_TARGET),
        ("15", True, LesionRole.TARGET),
    ],
)
def test_what_a_lesion_can_be_at_baseline(mm: str, is_node: bool, role: LesionRole | None) -> None:
    assert role_of(D(mm), is_node=is_node) == role


def test_targets_are_at_most_two_per_organ_and_five() -> None:
    liver = [(Lesion(f"t{i}", "Liver" if i else "liver "), D(30)) for i in range(3)]
    assert why_not_targets(liver) == {"t2": "At most 2 targets per organ. Follow this one as non-target."}
    organs = [(Lesion(f"t{i}", f"organ {i}"), D(30)) for i in range(6)]
    assert why_not_targets(organs) == {"": "6 targets: at most 5. Follow the others as non-targets."}
    assert why_not_targets([(LIVER_1, D(30)), (LIVER_2, D(10)), (NODE, D(15))]) == {}
    assert why_not_targets([(NODE, D(14))]) == {
        "t3": "Too small for a target: short axis of at least 15 mm.",
    }


def test_complete_response_lets_a_normal_node_be_seen() -> None:
    found = target_response(LESIONS, BASELINE, [], {"t1": D(0), "t2": D(0), "t3": D("9.9")})
    assert (found.category, found.total) == (C.CR, D("9.9"))
    still = target_response(LESIONS, BASELINE, [], {"t1": D(0), "t2": D(0), "t3": D(10)})
    assert still.category == C.PR


def test_an_unmeasured_target_is_not_evaluable_unless_the_others_progressed() -> None:
    missing = target_response(LESIONS, BASELINE, [], {"t1": D(40), "t2": None, "t3": D(20)})
    assert (missing.category, missing.total, missing.from_baseline) == (C.NE, None, None)
    grown = target_response(LESIONS, BASELINE, [], {"t1": D(100), "t2": None, "t3": D(21)})
    assert grown.category == C.PD


def test_the_nadir_is_the_smallest_complete_sum_with_the_baseline() -> None:
    before = [{"t1": D(30), "t2": D(20), "t3": D(10)}, {"t1": D(1), "t2": None, "t3": D(1)}]
    found = target_response(LESIONS, BASELINE, before, {"t1": D(36), "t2": D(24), "t3": D(12)})
    assert (found.nadir, found.total, found.category) == (D(60), D(72), C.PD)
    assert (found.from_baseline, found.from_nadir) == (D("-28.0"), D("20.0"))


def test_what_was_gone_and_is_there_again_is_for_the_reader() -> None:
    nothing = {"t1": D(0), "t2": D(0), "t3": D(0)}
    found = target_response(LESIONS, BASELINE, [nothing], {"t1": D(3), "t2": D(0), "t3": D(0)})
    assert (found.category, found.reappeared) == (None, True)


@pytest.mark.parametrize(
    ("target", "non_target", "new", "expected"),
    [
        (C.CR, N.CR, False, C.CR),
        (C.CR, None, False, C.CR),
        (C.CR, N.NON_CR_NON_PD, False, C.PR),
        (C.CR, N.NE, False, C.PR),
        (C.PR, N.NON_CR_NON_PD, False, C.PR),
        (C.PR, N.NE, False, C.PR),
        (C.SD, N.NON_CR_NON_PD, False, C.SD),
        (C.SD, N.NE, False, C.SD),
        (C.NE, N.NON_CR_NON_PD, False, C.NE),
        (C.NE, N.PD, False, C.PD),
        (C.PD, N.CR, False, C.PD),
        (C.CR, N.PD, False, C.PD),
        (C.CR, N.CR, True, C.PD),
        (None, N.CR, False, C.CR),
        (None, N.NON_CR_NON_PD, False, C.NON_CR_NON_PD),
        (None, N.PD, False, C.PD),
        (None, N.NE, False, C.NE),
        (None, None, True, C.PD),
    ],
)
def test_overall_response(
    target: ResponseCategory | None, non_target: NonTargetState | None, new: bool, expected: ResponseCategory
) -> None:
    assert overall(target, non_target, has_new_lesion=new) == expected


def test_nothing_followed_has_no_response() -> None:
    with pytest.raises(ValueError, match="Nothing"):
        overall(None, None, has_new_lesion=False)


@given(baseline=GROWN, shrunk=st.decimals(min_value=0, max_value=1, places=2), current=MM)
def test_the_category_follows_the_definition(baseline: Decimal, shrunk: Decimal, current: Decimal) -> None:
    nadir = (baseline * shrunk).quantize(D("0.1"))
    category = by_sums(baseline, min(nadir, baseline), current)
    nadir = min(nadir, baseline)
    progressed = nadir > 0 and current >= nadir + 5 and current >= nadir * D("1.2")
    assert (category == C.PD) == progressed
    if category == C.PR:
        assert current <= baseline * D("0.7")
    if category == C.SD:
        assert current > baseline * D("0.7")
        assert current - nadir < 5 or current < nadir * D("1.2")


@given(baseline=GROWN, current=MM, more=MM)
def test_a_larger_sum_never_reads_better(baseline: Decimal, current: Decimal, more: Decimal) -> None:
    order = [C.PR, C.SD, C.PD]
    smaller, larger = (by_sums(baseline, baseline, size) for size in (current, current + more))
    assert smaller is not None
    assert larger is not None
    assert order.index(smaller) <= order.index(larger)


@given(sizes=st.lists(GROWN, min_size=1, max_size=5), seed=st.randoms())
def test_the_order_of_lesions_does_not_matter(sizes: list[Decimal], seed: object) -> None:
    keys = [f"t{i}" for i in range(len(sizes))]
    lesions = {key: Lesion(key, key) for key in keys}
    baseline = dict(zip(keys, sizes, strict=True))
    current: dict[str, Decimal | None] = {key: size / 2 for key, size in baseline.items()}
    shuffled = list(current)
    seed.shuffle(shuffled)
    found = target_response(lesions, baseline, [], current)
    assert found == target_response(lesions, baseline, [], {key: current[key] for key in shuffled})
    assert found.category == C.PR
    assert found.nadir <= found.baseline == total(sizes)


@given(size=MM)
def test_an_unchanged_scan_is_stable(size: Decimal) -> None:
    baseline = {"t1": size + 10}
    assert target_response({"t1": LIVER_1}, baseline, [], dict(baseline)).category == C.SD


def test_percent_has_one_decimal_and_no_change_of_nothing() -> None:
    assert percent(D(70), D(100)) == D("-30.0")
    assert percent(D(1), D(3)) == D("-66.7")
    assert percent(D(5), D(0)) is None
