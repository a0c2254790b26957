"""Weight, scores, risks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.care.rules import body_mass_index, nutrition_risks, read_scores, weight_loss

ON = date(2026, 11, 1)


def test_weight_loss_counts_from_the_highest_of_the_window() -> None:
    series = [(ON - timedelta(days=200), D(90)), (ON - timedelta(days=150), D(80)), (ON, D(74))]
    loss = weight_loss([(on, value) for on, value in reversed(series)], 183)
    assert loss is not None
    assert (loss.percent, loss.before, loss.latest, loss.months) == (D("7.5"), D(80), D(74), 5)


@pytest.mark.parametrize(
    "series",
    [
        [],
        [(ON, D(70))],
        [(ON - timedelta(days=184), D(90)), (ON, D(70))],
        [(ON - timedelta(days=9), D(70)), (ON, D(70))],
    ],
)
def test_weight_loss_is_none_without_a_pair_or_a_loss(series: list[tuple[date, D]]) -> None:
    assert weight_loss(series, 183) is None


@given(st.lists(st.tuples(st.dates(ON - timedelta(days=400), ON), st.decimals(30, 200, places=1)), max_size=12))
def test_weight_loss_is_a_share(series: list[tuple[date, D]]) -> None:
    loss = weight_loss(series, 183)
    assert loss is None or (0 <= loss.percent < 100 and loss.before > loss.latest and loss.months >= 1)


def test_body_mass_index() -> None:
    assert body_mass_index(D(58), D(172)) == D("19.6")


def test_nutrition_risks_name_their_reasons() -> None:
    limits = {"loss_limit": D(5), "bmi_limit": D(20)}
    assert nutrition_risks(loss_percent=D("4.9"), bmi=D(20), intake="usual", **limits) == ()
    assert nutrition_risks(loss_percent=D("5.0"), bmi=D("19.9"), intake="half", **limits) == (
        "weight loss 5.0 %",
        "BMI 19.9",
        "eats half or less",
    )


def test_read_scores_takes_lines_and_semicolons() -> None:
    assert read_scores("Endocrine symptoms: 33; GI 21,5\nWorries=66.7\n") == {
        "Endocrine symptoms": 33.0,
        "GI": 21.5,
        "Worries": 66.7,
    }


@pytest.mark.parametrize("typed", ["Endocrine", "33", "GI 101", "GI -1", "GI 3; GI 4", "GI nan", "GI inf"])
def test_read_scores_says_what_is_wrong(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+\."):
        read_scores(typed)
