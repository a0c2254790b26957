"""Scores with the vectors of `clinical.md`, heart screening, weight, ESAS."""

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.record.rules import (
    ESAS_ITEMS,
    NAMED_ITEMS,
    HeartFacts,
    albi,
    child_pugh,
    esas_total,
    heart_screening,
    items_at_least,
    severity,
    total_change,
    weight_loss,
)
from patients.record.rules.function import NEVER_CLEARS

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "value", "grade"),
    [(10, 40, "-2.740", 1), (34, 30, "-1.539", 2), (60, 22, "-0.696", 3)],
)
def test_albi_vectors(bilirubin: int, albumin: int, value: str, grade: int) -> None:
    found = albi(bilirubin_umol=D(bilirubin), albumin_g_l=D(albumin))
    assert (str(found.value), found.grade) == (value, grade)


@given(st.decimals(1, 500, places=1), st.decimals(1, 500, places=1), st.decimals(10, 60, places=1))
def test_albi_rises_with_bilirubin(low: D, high: D, albumin: D) -> None:
    a, b = sorted((low, high))
    assert albi(bilirubin_umol=a, albumin_g_l=albumin).value <= albi(bilirubin_umol=b, albumin_g_l=albumin).value


def test_albi_wants_positive_values() -> None:
    with pytest.raises(ValueError, match="above zero"):
        albi(bilirubin_umol=D(0), albumin_g_l=D(40))


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "inr", "ascites", "head", "points", "letter"),
    [
        ("1.9", "3.6", "1.6", "none", "none", 5, "A"),
        ("2", "3.6", "1.6", "none", "none", 6, "A"),
        ("2", "3.5", "1.6", "none", "none", 7, "B"),
        ("3", "2.8", "2.3", "mild", "1-2", 10, "C"),
        ("3.1", "2.7", "2.4", "moderate", "3-4", 15, "C"),
    ],
)
def test_child_pugh_points(
    bilirubin: str, albumin: str, inr: str, ascites: str, head: str, points: int, letter: str
) -> None:
    found = child_pugh(
        bilirubin_mg_dl=D(bilirubin), albumin_g_dl=D(albumin), inr=D(inr), ascites=ascites, encephalopathy=head
    )
    assert (found.points, found.letter) == (points, letter)


def _heart(**facts: object) -> HeartFacts:
    values: dict[str, object] = {
        "carcinoid": True,
        "raised_on": None,
        "known": False,
        "probnp_on": None,
        "probnp_high": None,
        "echo_on": None,
    }
    return HeartFacts(**(values | facts))  # type: ignore[arg-type]


def _screen(**facts: object):  # type: ignore[no-untyped-def]
    return heart_screening(_heart(**facts), every_days=365, known_every_days=183, today=TODAY)


def test_heart_without_reason_is_not_screened() -> None:
    assert not _screen(carcinoid=False).called_for


def test_heart_baseline_is_due_today_and_says_why() -> None:
    found = _screen(raised_on=TODAY)
    assert (found.echo_due_on, found.late, found.why) == (TODAY, True, "carcinoid syndrome, raised 5-HIAA")


@given(st.dates(date(2020, 1, 1), TODAY), st.dates(date(2020, 1, 1), TODAY))
def test_heart_normal_probnp_never_moves_the_echo(echo_on: date, probnp_on: date) -> None:
    """Sensitivity 46 %: `clinical.md` 1.6."""
    without = _screen(echo_on=echo_on)
    normal = _screen(echo_on=echo_on, probnp_on=probnp_on, probnp_high=False)
    assert normal.echo_due_on == without.echo_due_on == echo_on + timedelta(days=365)
    assert normal.notes == (NEVER_CLEARS,)


def test_heart_known_disease_comes_sooner_and_surgery_at_once() -> None:
    echo = TODAY - timedelta(days=200)
    assert _screen(echo_on=echo).echo_due_on == echo + timedelta(days=365)
    assert _screen(echo_on=echo, known=True).echo_due_on == echo + timedelta(days=183)
    old = TODAY - timedelta(days=400)
    assert _screen(echo_on=old, surgery="L3 · resection").why == "carcinoid syndrome, before L3 · resection"


@pytest.mark.parametrize(
    ("score", "word"), [(None, ""), (0, "none"), (3, "mild"), (4, "moderate"), (6, "moderate"), (7, "severe")]
)
def test_esas_bands(score: int | None, word: str) -> None:
    assert severity(score) == word


def test_esas_total_needs_all_nine_and_leaves_the_other_out() -> None:
    scores: dict[str, int | None] = dict.fromkeys(NAMED_ITEMS, 10)
    assert esas_total(scores | {"other": 10}) == 90
    assert esas_total(scores | {"pain": None}) is None
    assert [total_change(now, 30) for now in (27, 28, 33, 34)] == ["better", "unchanged", "unchanged", "worse"]


@given(st.fixed_dictionaries({name: st.none() | st.integers(0, 10) for name in ESAS_ITEMS}))
def test_esas_severe_items_are_exactly_those_at_seven_or_more(scores: dict[str, int | None]) -> None:
    assert set(items_at_least(scores, 7)) == {name for name, value in scores.items() if severity(value) == "severe"}


def test_weight_loss_takes_the_weight_nearest_to_the_interval() -> None:
    weights = [
        (TODAY, D(72)),
        (TODAY - timedelta(days=85), D(80)),
        (TODAY - timedelta(days=110), D(90)),
        (TODAY - timedelta(days=400), D(100)),
    ]
    three = weight_loss(weights, 91, 31)
    assert three is not None
    assert (three.percent, three.since, three.kilograms) == (D("10.0"), TODAY - timedelta(days=85), D(8))
    assert weight_loss(weights, 183, 31) is None
    assert weight_loss(weights[:1], 91, 31) is None
