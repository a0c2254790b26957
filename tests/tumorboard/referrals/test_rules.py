"""What is shown by itself, who is asked for it, how two questions become one."""

from decimal import Decimal

import pytest

from careteam.people.rules import Role
from tumorboard.referrals.rules import (
    QuestionKind,
    Showable,
    asked_of,
    joined_questions,
    specimens_to_show,
    studies_to_show,
)

STUDIES = [
    Showable(9, "us"),
    Showable(8, "mri"),
    Showable(7, "sstr_pet"),
    Showable(6, "ct"),
    Showable(5, "fdg_pet"),
    Showable(4, "sstr_pet"),
    Showable(3, "mri"),
]


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [(QuestionKind.PRRT, [8, 7, 5]), (QuestionKind.PROGRESSION, [8, 6, 7, 5])],
)
def test_the_latest_of_each_kind_is_shown_and_for_progression_the_scan_before(kind: str, chosen: list[int]) -> None:
    assert studies_to_show(STUDIES, kind) == chosen
    assert studies_to_show([], kind) == []


@pytest.mark.parametrize(
    ("ki67s", "chosen"),
    [([], []), ([None], [1]), (["2", "2"], [1]), (["2", None, "22"], [1, 3]), (["22", "2"], [1])],
)
def test_the_latest_specimen_and_the_one_the_grade_rests_on(ki67s: list[str | None], chosen: list[int]) -> None:
    rows = [Showable(n, ki67=Decimal(ki67) if ki67 else None) for n, ki67 in enumerate(ki67s, start=1)]
    assert specimens_to_show(rows) == chosen


def test_who_is_asked_to_put_it_up() -> None:
    asked = [asked_of(modality) for modality in ("ct", "sstr_pet", "")]
    assert asked == [Role.RADIOLOGIST, Role.NUCLEAR_MEDICINE, Role.PATHOLOGIST]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [("A?", "B?", "A?\nB?"), ("A? B?", "B?", "A? B?"), ("B?", "A? B?", "A? B?"), ("A?", "A?", "A?")],
)
def test_two_questions_become_one_without_losing_a_word(first: str, second: str, joined: str) -> None:
    assert joined_questions(first, second) == joined
