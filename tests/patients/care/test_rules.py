"""Weight, scores, risks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from patients.care.rules import body_mass_index, nutrition_risks, read_scores

ON = date(2026, 11, 1)


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
