"""Units: what is accepted, converted, questioned."""

import itertools
from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patients.record.rules import MEASURES, converted, in_preferred, question

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


NOTICEABLE = 8  # factor between two units from which a mistake is always noticed


def test_units_a_wrong_unit_is_always_questioned() -> None:
    """No value is unremarkable in two units that differ eightfold or more, so that none is stored silently tenfold."""
    for measure in MEASURES.values():
        for a, b in itertools.permutations(measure.units, 2):
            if a.factor >= NOTICEABLE * b.factor:
                assert a.ask_high < b.ask_low, (measure.label, a.code, b.code)


@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_units_a_value_typed_in_a_far_unit_asks_for_the_right_one(code: str, data: st.DataObject) -> None:
    measure = MEASURES[code]
    pairs = [
        (a, b)
        for a, b in itertools.permutations(measure.units, 2)
        if max(a.factor, b.factor) >= NOTICEABLE * min(a.factor, b.factor)
    ]
    assume(pairs)
    right, wrong = data.draw(st.sampled_from(pairs))
    value = data.draw(st.decimals(right.ask_low, right.ask_high, places=3))
    asked = question(measure, value, wrong.code)
    assert asked is not None
    assert right in asked.others


@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_units_an_unquestioned_value_is_stored_within_what_is_possible(code: str, data: st.DataObject) -> None:
    measure = MEASURES[code]
    unit = data.draw(st.sampled_from(measure.units))
    value = data.draw(st.decimals(unit.ask_low, unit.ask_high, places=3))
    assert question(measure, value, unit.code) is None
    stored, named = converted(measure, value, unit.code)
    assert named == measure.unit.code
    slack = D("1.05")
    assert measure.unit.low / slack <= stored <= measure.unit.high * slack


@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_units_round_trip_gives_back_what_was_typed(code: str, data: st.DataObject) -> None:
    """Through storage and back, within what the six stored places can hold."""
    measure = MEASURES[code]
    unit = data.draw(st.sampled_from(measure.units))
    value = data.draw(st.decimals(max(unit.low, D(1)), max(unit.high, D(1)), places=2))
    assume(unit.low <= value <= unit.high)
    stored, _ = converted(measure, value, unit.code)
    back = (stored - unit.offset) / unit.factor
    assert abs(back - value) <= D("0.000001") / unit.factor


@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_units_conversion_is_monotone(code: str, data: st.DataObject) -> None:
    measure = MEASURES[code]
    unit = data.draw(st.sampled_from(measure.units))
    numbers = st.decimals(unit.low, unit.high, places=3)
    small, large = sorted((data.draw(numbers), data.draw(numbers)))
    assert converted(measure, small, unit.code)[0] <= converted(measure, large, unit.code)[0]


@given(st.sampled_from(sorted(MEASURES)), st.sampled_from(["conventional", "si"]), st.data())
def test_units_shown_value_is_the_entered_one_in_its_own_unit(code: str, system: str, data: st.DataObject) -> None:
    measure = MEASURES[code]
    unit = measure.preferred(system)
    value = data.draw(st.decimals(unit.low, unit.high, places=2))
    stored, named = converted(measure, value, unit.code)
    shown = in_preferred(code, stored, named, system, original=str(value), original_unit=unit.code)
    assert shown == (value, unit.name)


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        (HB.code, "10.4", ("104", "g/L")),
        (BILIRUBIN.code, "1", ("17", "µmol/L")),
        (CREATININE.code, "1", ("88", "µmol/L")),
        ("1751-7", "3", ("30", "g/L")),
        ("1695-6", "1", ("5.2", "µmol/24 h")),
        ("33762-6", "260", ("260", "ng/L")),
        ("4548-4", "7", ("53", "mmol/mol")),
        ("2345-7", "180.16", ("10.0", "mmol/L")),
        ("777-3", "210", ("210", "×10⁹/L")),
    ],
)
def test_units_of_a_team_that_reads_si(code: str, value: str, shown: tuple[str, str]) -> None:
    """Factors of clinical.md 1.5 and of the usual tables."""
    found, unit = in_preferred(code, D(value), MEASURES[code].unit.code, "si")
    assert (str(found), unit) == shown


def test_units_hemoglobin_in_mmol_is_eight_grams() -> None:
    """clinical.md 1.5: 8 g/dL = 80 g/L ≈ 5.0 mmol/L."""
    assert round(converted(HB, D("5.0"), "mmol/L")[0], 1) == D("8.1")
    assert converted(HB, D(80), "g/L")[0] == D(8)


def test_units_spellings_mean_one_unit() -> None:
    platelets = MEASURES["777-3"]
    for spelling in ("10*9/L", "×10⁹/L", "x10^9/L", "10E9/L", "K/uL", "10*3/µL", "G/L", "thou/uL"):
        assert converted(platelets, D(210), spelling) == (D(210).normalize(), "10*9/L"), spelling
    assert converted(platelets, D(210_000), "/µL")[0] == D(210)


def test_units_every_factor_names_source_and_tag() -> None:
    for measure in MEASURES.values():
        for unit in measure.units:
            assert unit.source
            assert unit.tag in {"V", "V2", "P", "S", "D"}


@pytest.mark.parametrize(("code", "value"), [("89247-1", "6"), ("89247-1", "-1"), ("89243-0", "110"), (HB.code, "-3")])
def test_units_what_is_outside_a_scale_cannot_be_confirmed(code: str, value: str) -> None:
    asked = question(MEASURES[code], D(value), "")
    assert asked is not None
    assert not asked.may_confirm
    with pytest.raises(ValueError, match="not plausible"):
        converted(MEASURES[code], D(value), "", sure=True)


def test_units_hemoglobin_12_g_per_l_is_questioned_and_can_be_confirmed() -> None:
    asked = question(HB, D(12), "g/L")
    assert asked is not None
    assert asked.sentence == "Hemoglobin 12 is not plausible in g/L. Did you mean g/dL or mmol/L?"
    assert asked.may_confirm
    assert converted(HB, D(12), "g/L", sure=True) == (D("1.2"), "g/dL")
