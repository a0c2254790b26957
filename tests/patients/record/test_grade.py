"""Grade of a specimen: `clinical.md` 1.1, its cutoffs and its conflicts."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.record.rules import NEC_GRADES, Grade, burden_bin, grade_of


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


def test_grade_of_a_mixed_tumor_grades_its_neuroendocrine_component() -> None:
    result = grade_of(
        differentiation="poor",
        ki67=D(80),
        mitoses=D(40),
        cell_type="large",
        mixed=True,
        share=40,
        other="adenocarcinoma",
    )
    assert (result.grade, result.component, result.words) == (Grade.MINEN, Grade.NEC_LC, "MiNEN (NEC, large cell)")
    assert (result.missing, result.notes) == ((), ())


def test_grade_of_a_mixed_tumor_names_what_is_missing_and_a_small_component() -> None:
    result = grade_of(differentiation="", ki67=None, mitoses=None, mixed=True, share=20)
    assert result.component is None
    assert result.missing == ("neuroendocrine component: differentiation", "other component")
    assert result.notes == ("A component below 30 %: not a MiNEN by definition (local, unsigned).",)


@pytest.mark.parametrize(("cell_type", "grade"), [("small", Grade.SCLC), ("large", Grade.LCNEC), ("", Grade.NEC)])
def test_grade_of_poor_lung_tumor_has_its_own_names(cell_type: str, grade: Grade) -> None:
    result = grade_of(differentiation="poor", ki67=D(80), mitoses=D(40), cell_type=cell_type, lung=True)
    assert result.grade == grade


def test_grade_of_lung_above_ten_mitoses_is_asked_about_never_decided() -> None:
    result = grade_of(differentiation="well", ki67=D(40), mitoses=D("10.5"), lung=True, necrosis=True)
    assert result.grade == Grade.ATYPICAL
    assert result.conflicts == ("More than 10 mitoses per 2 mm² in a well-differentiated lung tumor: LCNEC or SCLC?",)


def test_grade_well_differentiated_with_a_cell_type_is_a_conflict() -> None:
    assert grade_of(differentiation="well", ki67=D(5), mitoses=D(1), cell_type="small").conflicts == (
        "Well differentiated, yet small or large cell is stated: pathology review.",
    )


@pytest.mark.parametrize(
    ("percent", "words"),
    [(None, ""), (0, "0 %"), (1, "≤ 10 %"), (10, "≤ 10 %"), (11, "> 10–25 %"), (50, "> 25–50 %"), (51, "> 50 %")],
)
def test_liver_burden_has_a_bin(percent: int | None, words: str) -> None:
    assert burden_bin(percent) == words
