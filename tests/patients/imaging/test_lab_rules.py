"""L1 to L6: what the record asks for, when the next sample is due, why; what counts as a result."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.imaging.rules import (
    LABS,
    TESTS,
    Interval,
    LineFact,
    Resolution,
    SurveillanceFacts,
    Value,
    asked_labs,
    cga_raised_on,
    days_of,
    is_too_soon,
    repeat_code,
    repeat_words,
    resolve,
    touched,
)
from patients.protocol.rules import LAB_INTERVALS, NUMBERS
from patients.record.rules import Grade

TODAY = date(2026, 11, 23)
INTERVALS = {code: Interval(int(number.value), not number.needs_signature) for code, number in NUMBERS.items()}
CGA, HIAA, PROBNP, PANEL = "9811-1", "1695-6", "33762-6", TESTS["prrt_labs"]


def ago(days: int) -> date:
    return TODAY - timedelta(days)


def prrt(*doses: int, running: bool = True) -> LineFact:
    """A PRRT with doses so many days ago."""
    days = tuple(ago(dose) for dose in doses)
    ended = None if running else days[-1]
    status = "active" if running else "completed"
    return LineFact(1, "prrt", "177Lu-dotatate", "antitumor", status, days[0], ended, order="L2", doses=days)


def facts(modality: str, *lines: LineFact, last: int | None = None, **fields: Any) -> SurveillanceFacts:
    values: dict[str, Any] = {"grade": Grade.NET_G2, "stage": "IV", "syndrome": "carcinoid"} | fields
    names = {"cga": "CgA", "hiaa": "5-HIAA", "nse": "NSE", "ntprobnp": "NT-proBNP", "prrt_labs": "PRRT labs"}
    return SurveillanceFacts(
        today=TODAY,
        lines=lines,
        modality=modality,
        last_scan_on=ago(last) if last is not None else None,
        last_scan=names[modality] if last is not None else "",
        **values,
    )


def found(asked: SurveillanceFacts) -> Resolution:
    resolution = resolve(asked, INTERVALS)
    assert resolution is not None
    return resolution


@pytest.mark.parametrize(
    ("asked", "code", "due", "settled"),
    [
        pytest.param(facts("cga", last=30), "L1", 60, False, id="CgA every three months, unsigned"),
        pytest.param(facts("hiaa", last=30), "L2", 60, False, id="5-HIAA every three months"),
        pytest.param(facts("nse", last=30, grade=Grade.NEC), "L3", 30, False, id="NSE with the scans of a NEC"),
        pytest.param(facts("ntprobnp", last=30), "L4", 335, False, id="NT-proBNP every year"),
        pytest.param(
            facts("ntprobnp", last=30, has_heart_disease=True), "L4", 61, False, id="oftener in heart disease"
        ),
        pytest.param(facts("hiaa"), "L2", 0, False, id="never measured: due now"),
        pytest.param(facts("prrt_labs", prrt(10), last=24), "L5", 32, True, id="during PRRT, from the first dose on"),
        pytest.param(facts("prrt_labs", prrt(60, 4), last=5), "L5", 37, True, id="during PRRT, from the last panel"),
        pytest.param(facts("prrt_labs", prrt(60, 4, running=False), last=5), "L6", 26, True, id="a month after"),
        pytest.param(facts("prrt_labs", prrt(40, running=False), last=12), "L6", 51, True, id="three months after"),
        pytest.param(facts("prrt_labs", prrt(40, running=False), last=25), "L6", -10, True, id="too early for a month"),
        pytest.param(facts("prrt_labs", prrt(120, running=False), last=30), "L6", 63, True, id="six months after"),
        pytest.param(facts("prrt_labs", prrt(200, running=False), last=20), "L6", 165, True, id="a year after"),
        pytest.param(facts("prrt_labs", prrt(400, running=False), last=30), "L6", 330, True, id="then every year"),
        pytest.param(facts("prrt_labs", prrt(1100, running=False), last=10), "L6", 360, True, id="three years later"),
    ],
)
def test_resolve_lab_says_when_the_next_sample_is_due(
    asked: SurveillanceFacts, code: str, due: int, settled: bool
) -> None:
    resolution = found(asked)
    assert (resolution.code, resolution.due_on, resolution.is_settled) == (code, TODAY + timedelta(due), settled)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            facts("cga", last=264, cga_raised_on=date(2025, 1, 5)),
            "90 days after CgA of 4 Mar 2026, L1: stage IV G2, raised at baseline, 5 Jan 2025",
        ),
        (facts("cga", last=264), "90 days after CgA of 4 Mar 2026, L1: stage IV G2, chosen for this patient"),
        (facts("hiaa"), "due 23 Nov 2026, none known here before, L2: stage IV G2, carcinoid syndrome"),
        (facts("nse", last=23, grade=Grade.NEC), "60 days after NSE of 31 Oct 2026, L3: stage IV NEC"),
        (
            facts("prrt_labs", prrt(60, 4, running=False), last=5),
            "day 30 after the last PRRT dose of 19 Nov 2026, L6: stage IV G2, after L2 177Lu-dotatate",
        ),
        (
            facts("prrt_labs", prrt(10)),
            "42 days after the start of treatment on 13 Nov 2026, L5: stage IV G2, during L2 177Lu-dotatate",
        ),
    ],
)
def test_resolve_lab_says_why(asked: SurveillanceFacts, why: str) -> None:
    assert found(asked).why == why


def test_resolve_of_a_first_sample_stands_still_while_time_passes() -> None:
    """The day it was due when its plan started is kept as its anchor."""
    first = found(facts("hiaa"))
    later = SurveillanceFacts(TODAY + timedelta(40), Grade.NET_G2, "IV", modality="hiaa", syndrome="carcinoid")
    again = resolve(later, INTERVALS, anchor=first.anchor_on)
    assert again is not None
    assert (again.due_on, again.why) == (first.due_on, first.why)


def test_resolve_of_prrt_labs_needs_a_prrt_that_began() -> None:
    ahead = LineFact(1, "prrt", "177Lu-dotatate", "antitumor", "planned", None)
    assert resolve(facts("prrt_labs", ahead), INTERVALS) is None
    assert "prrt_labs" not in asked_labs(facts("prrt_labs", ahead))


@pytest.mark.parametrize(
    ("record", "asked"),
    [
        (facts("cga"), ["hiaa", "ntprobnp"]),
        (facts("cga", cga_raised_on=TODAY), ["cga", "hiaa", "ntprobnp"]),
        (facts("cga", syndrome="nonfunctional"), []),
        (facts("cga", syndrome="insulinoma", grade=Grade.NET_G3), ["nse"]),
        (facts("cga", syndrome="", grade=Grade.NEC_SC), ["nse"]),
        (facts("cga", prrt(900, running=False), syndrome=""), ["prrt_labs"]),
        (facts("cga", syndrome="", grade=Grade.UNCLASSIFIED), []),
    ],
)
def test_asked_labs_names_what_the_record_asks_for(record: SurveillanceFacts, asked: list[str]) -> None:
    assert list(asked_labs(record)) == asked


def value(code: str, days: int, amount: float | None = 10, high: float | None = None) -> Value:
    return Value(
        code,
        ago(days),
        Decimal(str(amount)) if amount is not None else None,
        Decimal(str(high)) if high is not None else None,
    )


def test_cga_is_raised_at_baseline_by_the_first_result_with_a_reference() -> None:
    assert cga_raised_on([value(CGA, 5, 500, 100), value(CGA, 900, 140, 100)]) == ago(900)
    assert cga_raised_on([value(CGA, 5, 500, 100), value(CGA, 900, 90, 100)]) is None
    assert cga_raised_on([value(CGA, 5, 500)]) is None


def test_days_of_a_panel_are_those_on_which_all_of_it_was_measured() -> None:
    whole = [value(code, 10) for code in PANEL]
    partial = [value(code, 3) for code in PANEL[:-1]]
    assert days_of("prrt_labs", [*whole, *partial]) == (ago(10),)
    clotted = value(PANEL[-1], 2)
    assert days_of("prrt_labs", [*whole, *partial, clotted]) == (ago(2), ago(10))
    assert days_of("prrt_labs", [*whole, value(PANEL[0], 8)]) == (ago(10),)  # drawn once more: no second panel
    assert days_of("prrt_labs", [*partial, value(PANEL[-1], 8)]) == ()
    assert days_of("cga", [value(CGA, 3), value("30169-7", 9), value(HIAA, 1)]) == (ago(3), ago(9))


@given(last=st.integers(0, 2000), modality=st.sampled_from(sorted(LABS - {"prrt_labs"})), heart=st.booleans())
def test_no_marker_is_due_before_its_result_stops_being_new(last: int, modality: str, heart: bool) -> None:
    """The guard never speaks against what the plan itself asks for on its day."""
    due = found(facts(modality, last=last, grade=Grade.NEC, has_heart_disease=heart)).due_on
    assert not is_too_soon(ago(last), due, INTERVALS[repeat_code(modality)].days)


@given(dose=st.integers(0, 3000), panel=st.integers(-60, 3000), running=st.booleans())
def test_no_panel_is_due_before_the_last_one_stops_being_new(dose: int, panel: int, running: bool) -> None:
    last = min(dose + 60, panel) if panel >= 0 else None
    asked = facts("prrt_labs", prrt(dose, running=running), last=last)
    resolution = found(asked)
    if last is not None:
        assert not is_too_soon(ago(last), resolution.due_on, INTERVALS["again.prrt_labs"].days) or last > dose
    assert resolution.due_on > ago(dose)


def test_repeat_words_say_when_and_how_much() -> None:
    said = repeat_words("CgA", date(2026, 9, 20), TODAY, "412 µg/L")
    assert said == "CgA was done 9 weeks ago (412 µg/L, 20 Sep 2026)"


def test_every_lab_has_its_guard_and_signed_numbers_touch_its_plans() -> None:
    assert {repeat_code(modality) for modality in (*LABS, "ct")} <= set(NUMBERS)
    for number in LAB_INTERVALS:
        situations = touched([number.code])
        assert situations is not None
        assert number.code.partition(".")[0] in situations
