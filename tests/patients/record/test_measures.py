"""Units: what is accepted, converted, questioned."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.record.rules import MEASURES, converted

HB, BILIRUBIN, CREATININE = MEASURES["718-7"], MEASURES["1975-2"], MEASURES["2160-0"]


def test_units_hemoglobin_in_g_per_l_is_stored_in_g_per_dl() -> None:
    assert converted(HB, D(104), "g/L") == (D("10.4"), "g/dL")


def test_units_hemoglobin_104_g_per_dl_is_questioned_with_the_right_unit() -> None:
    with pytest.raises(ValueError, match=r"Hemoglobin 104 is not plausible in g/dL\. Did you mean g/L\?"):
        converted(HB, D(104), "g/dL")


def test_units_bilirubin_34_umol_is_2_mg_per_dl() -> None:
    value, unit = converted(BILIRUBIN, D(171), "µmol/L")
    assert (round(value, 2), unit) == (D("10.00"), "mg/dL")


def test_units_unknown_unit_names_the_accepted_ones() -> None:
    with pytest.raises(ValueError, match="Creatinine is entered in mg/dL, µmol/L, not in kg"):
        converted(CREATININE, D(1), "kg")


def test_units_no_value_is_plausible_in_two_units_of_a_test() -> None:
    """Else a wrong unit could not be noticed. Units that mean the same (factor 1) are excepted, and those whose normal
    values overlap: a bilirubin of 10 is normal in µmol/L and possible in mg/dL."""
    overlap = {"29463-7", "8302-2", "2345-7", "1975-2"}
    for measure in MEASURES.values():
        for a in measure.units:
            for b in measure.units:
                if a is not b and a.factor != b.factor and measure.code not in overlap:
                    assert a.high < b.low or b.high < a.low, measure.label


@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_units_a_plausible_value_converts_into_a_plausible_value(code: str, data: st.DataObject) -> None:
    measure = MEASURES[code]
    unit = data.draw(st.sampled_from(measure.units))
    value = data.draw(st.decimals(unit.low, unit.high, places=3))
    stored, _ = converted(measure, value, unit.code)
    slack = D("1.05")
    assert measure.unit.low / slack <= stored <= measure.unit.high * slack
