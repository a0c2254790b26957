"""`model.md` 4: vectors of the therapy line number; layout of doses; words."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.treatment.rules import (
    ADMINISTRATION_TRANSITIONS,
    AHEAD,
    LINE_TRANSITIONS,
    PLANS,
    RAISES_LINE_NUMBER,
    SUPPORTIVE,
    SYSTEMIC_OR_PRRT,
    AdministrationStatus,
    CountedLine,
    LineRole,
    LineStatus,
    Modality,
    StartReason,
    best_of,
    dose_dates,
    duration_words,
    number_lines,
)

DAY = date(2026, 11, 23)


def counted(
    modality: str, reason: str = "progression", role: str = "antitumor", *, started: bool = True
) -> CountedLine:
    return CountedLine(modality, role, reason, started)


RESECTION = counted("surgery", "first")
LANREOTIDE = counted("ssa", "first")
TAE = counted("embolization")
EVEROLIMUS = counted("targeted")
PRRT = counted("prrt")
SYMPTOM_SSA = counted("ssa", "symptom_control", "symptom_control")


@pytest.mark.parametrize(
    ("lines", "therapy"),
    [
        ([RESECTION], [None]),
        ([RESECTION, LANREOTIDE], [None, 1]),
        ([RESECTION, LANREOTIDE, TAE], [None, 1, None]),
        ([RESECTION, LANREOTIDE, TAE, EVEROLIMUS], [None, 1, None, 2]),
        ([RESECTION, LANREOTIDE, TAE, EVEROLIMUS, PRRT, SYMPTOM_SSA], [None, 1, None, 2, 3, None]),
        ([LANREOTIDE, counted("targeted"), counted("targeted", "intolerance")], [1, 2, 3]),
        ([LANREOTIDE, PRRT, counted("ssa", "planned")], [1, 2, 2]),
        ([counted("ssa", "planned")], [1]),
        ([LANREOTIDE, counted("targeted", "patient_choice")], [1, 1]),
        ([LANREOTIDE, counted("targeted", "relapse")], [1, 2]),
        ([counted("telotristat", "symptom_control", "supportive"), LANREOTIDE], [None, 1]),
        ([LANREOTIDE, counted("targeted", started=False)], [1, None]),
        ([counted("trial", "first"), counted("interferon"), counted("immunotherapy")], [1, 2, 3]),
        (
            [counted("bsc", "", "supportive"), counted("hospice", "", "supportive"), counted("observation", "")],
            [None] * 3,
        ),
    ],
)
def test_number_lines_counts_systemic_antitumor_lines(lines: list[CountedLine], therapy: list[int | None]) -> None:
    assert [number.therapy for number in number_lines(lines)] == therapy


def test_number_lines_tells_what_stays_after_a_local_treatment() -> None:
    assert [number.therapy_so_far for number in number_lines([RESECTION, LANREOTIDE, TAE])] == [0, 1, 1]


def test_number_lines_orders_every_antitumor_line() -> None:
    lines = [RESECTION, LANREOTIDE, SYMPTOM_SSA, TAE, EVEROLIMUS]
    assert [number.order for number in number_lines(lines)] == [1, 2, None, 3, 4]


LINES = st.lists(
    st.builds(
        CountedLine,
        st.sampled_from([str(value) for value in Modality.values]),
        st.sampled_from([str(value) for value in LineRole.values]),
        st.sampled_from([str(value) for value in StartReason.values]),
        st.booleans(),
    ),
    max_size=14,
)


@given(LINES)
def test_number_lines_never_falls_and_rises_by_one(lines: list[CountedLine]) -> None:
    reached = [0, *(number.therapy_so_far for number in number_lines(lines))]
    assert [b - a in {0, 1} for a, b in pairwise(reached)] == [True] * len(lines)


@given(LINES)
def test_number_lines_gives_a_number_only_to_what_counts(lines: list[CountedLine]) -> None:
    for line, number in zip(lines, number_lines(lines), strict=True):
        counts = line.role == LineRole.ANTITUMOR and line.modality in SYSTEMIC_OR_PRRT - SUPPORTIVE and line.started
        assert (number.therapy is not None) is counts


@given(LINES, LINES)
def test_number_lines_is_not_changed_by_what_comes_later(before: list[CountedLine], after: list[CountedLine]) -> None:
    assert number_lines([*before, *after])[: len(before)] == number_lines(before)


@given(LINES)
def test_number_lines_orders_are_consecutive(lines: list[CountedLine]) -> None:
    orders = [number.order for number in number_lines(lines) if number.order is not None]
    assert orders == list(range(1, len(orders) + 1))


def test_transitions_are_total_and_end_somewhere() -> None:
    assert set(LINE_TRANSITIONS) == set(LineStatus)
    assert set(ADMINISTRATION_TRANSITIONS) == set(AdministrationStatus)
    assert LINE_TRANSITIONS[LineStatus.ERROR] == frozenset()


def test_every_modality_has_its_form() -> None:
    assert set(PLANS) == set(Modality)


def test_patient_choice_and_planned_sequence_do_not_raise_the_number() -> None:
    assert set(StartReason) - RAISES_LINE_NUMBER == {"planned", "patient_choice", "symptom_control"}


def test_dose_dates_lays_out_every_dose_of_a_course() -> None:
    assert dose_dates(DAY, 56, 4, today=DAY) == [
        (1, DAY),
        (2, DAY + timedelta(56)),
        (3, DAY + timedelta(112)),
        (4, DAY + timedelta(168)),
    ]


def test_dose_dates_of_an_open_ended_line_are_the_next_ones() -> None:
    assert dose_dates(DAY, 28, None, today=DAY) == [(n + 1, DAY + timedelta(28 * n)) for n in range(AHEAD)]


def test_dose_dates_does_not_invent_what_was_given_before_today() -> None:
    dates = dose_dates(DAY - timedelta(60), 28, None, today=DAY)
    assert dates == [(4, DAY + timedelta(24)), (5, DAY + timedelta(52)), (6, DAY + timedelta(80))]


def test_dose_dates_without_an_interval_are_none() -> None:
    assert dose_dates(DAY, None, None, today=DAY) == []


def test_dose_dates_of_a_single_dose_need_no_interval() -> None:
    assert dose_dates(DAY, None, 1, today=DAY) == [(1, DAY)]


@given(st.integers(-900, 900), st.integers(1, 120), st.one_of(st.none(), st.integers(1, 20)))
def test_dose_dates_lie_ahead_in_rhythm(offset: int, interval: int, count: int | None) -> None:
    start = DAY + timedelta(offset)
    dates = dose_dates(start, interval, count, today=DAY)
    assert all(on >= DAY for _, on in dates)
    assert all(on == start + timedelta((number - 1) * interval) for number, on in dates)
    if count is None:
        assert len(dates) == AHEAD


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (DAY, DAY, "1 day"),
        (DAY, DAY + timedelta(5), "6 days"),
        (DAY, DAY + timedelta(42), "6 wk"),
        (date(2026, 1, 12), DAY, "10 mo"),
        (date(2022, 1, 12), DAY, "5 y"),
        (None, DAY, ""),
        (DAY, DAY - timedelta(1), ""),
    ],
)
def test_duration_words_are_short(start: date | None, end: date, words: str) -> None:
    assert duration_words(start, end) == words


@pytest.mark.parametrize(
    ("categories", "best"),
    [(["SD", "PR", "PD"], "PR"), (["PD"], "PD"), (["NE", "PD"], "PD"), (["SD", "CR"], "CR"), ([], "")],
)
def test_best_of_prefers_the_better_response(categories: list[str], best: str) -> None:
    assert best_of(categories) == best
