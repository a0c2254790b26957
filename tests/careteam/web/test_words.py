"""Dates, spans and numbers in words."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from careteam.web import words

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("value", "near", "text"),
    [
        (dt.date(2026, 10, 3), None, "3 Oct 2026"),
        (dt.date(2026, 10, 3), TODAY, "3 Oct"),
        (dt.date(2025, 10, 3), TODAY, "3 Oct 2025"),
        (None, TODAY, ""),
        ("2026-10-03", None, ""),
    ],
)
def test_day_hides_only_the_year_of_today(value: object, near: object, text: str) -> None:
    assert words.day(value, near) == text


def test_day_of_an_aware_moment_is_the_local_one() -> None:
    late = dt.datetime(2026, 10, 3, 23, 30, tzinfo=dt.UTC)
    with timezone.override("Europe/Berlin"):
        assert words.day(late) == "4 Oct 2026"
        assert words.clock(late) == "01:30"
    with timezone.override("UTC"):
        assert words.moment(late, dt.date(2026, 10, 3)) == "23:30"
        assert words.moment(late, TODAY) == "3 Oct, 23:30"
        assert words.moment(late) == "3 Oct 2026, 23:30"


def test_short_day_keeps_the_year() -> None:
    assert words.short_day(dt.date(2009, 2, 14)) == "14 Feb ’09"


def test_weekday_names_the_day() -> None:
    assert words.weekday(dt.date(2026, 11, 26)) == "Thu 26 Nov 2026"
    assert words.weekday(dt.date(2026, 11, 26), TODAY) == "Thu 26 Nov"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "today"),
        (1, "in 1 day"),
        (4, "in 4 days"),
        (-1, "1 day over"),
        (-43, "43 days over"),
        (-1500, "1,500 days over"),
    ],
)
def test_ago_says_how_far_a_due_date_is(days: int, text: str) -> None:
    assert words.ago(TODAY + dt.timedelta(days=days), TODAY) == text


def test_ago_of_an_unknown_date_is_empty() -> None:
    assert words.ago(None, TODAY) == ""


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (dt.date(2026, 11, 23), "today"),
        (dt.date(2026, 11, 20), "3 days ago"),
        (dt.date(2026, 10, 1), "7 weeks ago"),
        (dt.date(2026, 8, 24), "13 weeks ago"),
        (dt.date(2026, 8, 23), "3 months ago"),
        (dt.date(2025, 9, 23), "14 months ago"),
        (dt.date(2023, 11, 24), "2 years ago"),
        (dt.date(2026, 11, 26), "in 3 days"),
    ],
)
def test_since_uses_the_largest_honest_unit(on: dt.date, text: str) -> None:
    assert words.since(on, TODAY) == text


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (dt.date(1959, 2, 14), TODAY, 67),
        (dt.date(1959, 11, 23), TODAY, 67),
        (dt.date(1959, 11, 24), TODAY, 66),
        (dt.date(2000, 2, 29), dt.date(2026, 2, 28), 25),
        (dt.date(2000, 2, 29), dt.date(2026, 3, 1), 26),
        (dt.date(2027, 1, 1), TODAY, None),
        (None, TODAY, None),
    ],
)
def test_age_counts_birthdays(born: dt.date | None, on: dt.date, years: int | None) -> None:
    assert words.age(born, on) == years


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("58.40"), "58.4"),
        (Decimal("2140.000"), "2,140"),
        (Decimal("1E+3"), "1,000"),
        (-4, "−4"),
        (Decimal("-0.0"), "0"),
        (Decimal("-0.50"), "−0.5"),
        (0.1, "0.1"),
        (100, "100"),
        ("> 20", "> 20"),
        (Decimal("NaN"), "NaN"),
        (None, ""),
        ("", ""),
    ],
)
def test_num_is_thin(value: object, text: str) -> None:
    assert words.num(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_num_loses_no_digit(value: Decimal) -> None:
    assert Decimal(words.num(value).replace(",", "").replace("−", "-")) == value


def test_pct_stays_on_one_line() -> None:
    assert words.pct(Decimal("14.0")) == "14\N{NO-BREAK SPACE}%"
    assert words.pct(None) == ""


@pytest.mark.parametrize(
    ("value", "forms", "text"),
    [(1, "day,days", "1 day"), (3, "day,days", "3 days"), ([1], "scan", "1 scan"), ((), "scan", "0 scans")],
)
def test_plural_counts(value: object, forms: str, text: str) -> None:
    assert words.plural(value, forms) == text


def test_in_words_up_to_ten() -> None:
    assert [words.in_words(number) for number in (0, 2, 10, 11)] == ["No", "Two", "Ten", "11"]
