"""Grade of a specimen: `clinical.md` 1.1, its cutoffs and its conflicts."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.record.rules import NEC_GRADES, Grade, grade_of


@pytest.mark.parametrize(
    ("ki67", "mitoses", "grade"),
    [
        ("0", "0", Grade.NET_G1),
        ("2.9", "1", Grade.NET_G1),
        ("3.0", "1", Grade.NET_G2),
        ("20.0", "20", Grade.NET_G2),
        ("20.1", "1", Grade.NET_G3),
        ("1", "2", Grade.NET_G2),
        ("1", "21", Grade.NET_G3),
        ("70", "1", Grade.NET_G3),
    ],
)
def test_grade_is_the_higher_of_the_two_indices(ki67: str, mitoses: str, grade: Grade) -> None:
    assert grade_of(differentiation="well", ki67=D(ki67), mitoses=D(mitoses)).grade == grade


def test_grade_without_differentiation_is_unclassified_never_nec() -> None:
    result = grade_of(differentiation="", ki67=D(90), mitoses=D(60))
    assert (result.grade, result.missing, result.is_provisional) == (Grade.UNCLASSIFIED, ("differentiation",), True)


def test_grade_poor_with_low_ki67_is_a_named_conflict() -> None:
    result = grade_of(differentiation="poor", ki67=D("15.0"), mitoses=None)
    assert result.grade == Grade.NEC
    assert result.conflicts == ("Poorly differentiated with Ki-67 15 %: pathology review.",)
    assert grade_of(differentiation="poor", ki67=D(80), mitoses=None, cell_type="small").grade == Grade.NEC_SC


def test_grade_names_the_missing_index() -> None:
    result = grade_of(differentiation="well", ki67=D(5), mitoses=None)
    assert (result.grade, result.missing) == (Grade.NET_G2, ("mitoses",))
    assert grade_of(differentiation="well", ki67=None, mitoses=None).grade == Grade.UNGRADED


@pytest.mark.parametrize(
    ("mitoses", "necrosis", "grade"),
    [
        ("1", False, Grade.TYPICAL),
        ("2", False, Grade.ATYPICAL),
        ("1", True, Grade.ATYPICAL),
        ("10", False, Grade.ATYPICAL),
    ],
)
def test_grade_of_lung_carcinoid(mitoses: str, necrosis: bool, grade: Grade) -> None:
    assert grade_of(differentiation="well", ki67=None, mitoses=D(mitoses), lung=True, necrosis=necrosis).grade == grade


indices = st.none() | st.decimals(0, 100, places=1)


@given(st.sampled_from(["", "well", "poor"]), indices, indices, st.booleans())
def test_grade_is_nec_exactly_when_poorly_differentiated(
    differentiation: str, ki67: D | None, mitoses: D | None, lung: bool
) -> None:
    result = grade_of(differentiation=differentiation, ki67=ki67, mitoses=mitoses, lung=lung)
    assert (result.grade in NEC_GRADES) == (differentiation == "poor")


@given(st.decimals(0, 100, places=1), st.decimals(0, 100, places=1), st.decimals(0, 50, places=1))
def test_grade_never_falls_when_ki67_rises(low: D, rise: D, mitoses: D) -> None:
    def severity(ki67: D) -> int:
        return grade_of(differentiation="well", ki67=ki67, mitoses=mitoses).severity

    assert severity(low) <= severity(min(low + rise, D(100)))
