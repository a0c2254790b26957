"""Periods, control limits, drawings."""

import math
from datetime import date

import pytest

from tumorboard.reports.rules import (
    MIN_POINTS,
    FigureKey,
    Period,
    Point,
    chart_of,
    months_of,
    p_limits,
    period_choices,
    period_of,
    quantile,
    same_side,
    trend_of,
    xmr_limits,
)

TODAY = date(2026, 11, 26)
HALF, ALL = "50\N{NO-BREAK SPACE}%", "100\N{NO-BREAK SPACE}%"

# Nonconforming cans in 30 samples of 50: Montgomery, Introduction to Statistical Quality Control, example 7.1.
CANS = (
    *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
    *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
)
# Flow rates: NIST/SEMATECH e-Handbook, 6.3.2.2.
FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)


def test_p_limits_are_those_of_the_textbook() -> None:
    limits = p_limits([(count, 50) for count in CANS])
    assert limits is not None
    assert sum(CANS) == 347
    assert (round(limits.center, 4), round(limits.upper[0], 4), round(limits.lower[0], 4)) == (0.2313, 0.4102, 0.0524)
    shares = [count / 50 for count in CANS]
    assert [index + 1 for index, out in enumerate(limits.outside(shares)) if out] == [15, 23]


def test_p_limits_widen_with_fewer_cases_and_stay_shares() -> None:
    limits = p_limits([(9, 10)] * 7 + [(90, 100)])
    assert limits is not None
    assert limits.center == pytest.approx(0.9)
    assert limits.lower[0] == pytest.approx(0.9 - 3 * math.sqrt(0.09 / 10))
    assert limits.lower[7] == pytest.approx(0.9 - 3 * math.sqrt(0.09 / 100))
    assert limits.upper == (1.0,) * 7 + (pytest.approx(0.99),)


def test_individuals_limits_are_those_of_the_handbook() -> None:
    limits = xmr_limits(FLOW)
    assert limits is not None
    assert round(limits.center, 2) == 50.81
    assert (round(limits.upper[0], 4), round(limits.lower[0], 4)) == (55.8041, 45.8159)
    assert set(limits.outside(FLOW)) == {0}


def test_individuals_limits_stop_at_the_floor() -> None:
    assert xmr_limits([1, 9] * 4).lower == (0.0,) * 8  # type: ignore[union-attr]
    assert xmr_limits([1, 9] * 4, floor=None).lower[0] < 0  # type: ignore[union-attr]


def test_limits_need_eight_points() -> None:
    assert p_limits([(1, 2)] * (MIN_POINTS - 1)) is None
    assert xmr_limits([1.0] * (MIN_POINTS - 1)) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.0] * 8, [True] * 8),
        ([1.0] * 7 + [-1.0], [False] * 8),
        ([-1.0] + [1.0] * 8, [False] + [True] * 8),
        ([1.0] * 4 + [0.0] + [1.0] * 4, [False] * 9),
        ([], []),
    ],
)
def test_eight_in_a_row_on_one_side(values: list[float], found: list[bool]) -> None:
    assert list(same_side(values, 0.0)) == found


@pytest.mark.parametrize(
    ("code", "since", "until", "label"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "Q4 2026"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "Feb 2024"),
        ("12m", date(2025, 12, 1), TODAY, "last 12 months"),
    ],
)
def test_a_code_means_a_period(code: str, since: date, until: date, label: str) -> None:
    assert period_of(code, TODAY) == Period(code, since, until, label)


@pytest.mark.parametrize("code", ["", "2026-13", "2026-Q5", "1999", "90", "range"])
def test_another_code_means_nothing(code: str) -> None:
    assert period_of(code, TODAY) is None


def test_a_range_is_neither_backward_nor_endless() -> None:
    assert period_of("range", TODAY, since=date(2026, 3, 5), until=date(2026, 3, 5)) is not None
    assert period_of("range", TODAY, since=date(2026, 3, 5), until=date(2026, 3, 4)) is None
    assert period_of("range", TODAY, since=date(2002, 3, 5), until=date(2026, 3, 4)) is None


def test_every_choice_means_a_period() -> None:
    offered = [code for _, group in period_choices(TODAY) for code, _ in group]
    assert offered[2:9] == ["2026", "2025", "2024", "2023", "2022", "2026-Q4", "2026-Q3"]
    assert [code for code in offered if code != "range" and period_of(code, TODAY) is None] == []


def test_a_trend_ends_with_its_period_and_is_three_years_at_most() -> None:
    years = period_of("range", TODAY, since=date(2019, 5, 17), until=date(2026, 3, 5))
    assert years is not None
    assert trend_of(years) == (date(2023, 4, 1), date(2026, 3, 31))


def test_a_trend_is_whole_months_and_a_year_at_least() -> None:
    month = period_of("2026-11", TODAY)
    assert month is not None
    assert trend_of(month) == (date(2025, 12, 1), date(2026, 11, 30))
    assert len(months_of(*trend_of(month))) == 12


@pytest.mark.parametrize(("part", "found"), [(0.5, 2.5), (0.9, 3.7), (0.0, 1.0), (1.0, 4.0)])
def test_quantiles_lie_between_values(part: float, found: float) -> None:
    assert quantile([4, 1, 3, 2], part) == pytest.approx(found)
    assert quantile([], part) is None


def _months(*counts: tuple[int, int]) -> list[Point]:
    return [Point(date(2026, number, 1), of, count=count) for number, (count, of) in enumerate(counts, start=1)]


def test_a_chart_leaves_a_gap_where_nothing_was_counted() -> None:
    chart = chart_of(_months((1, 2), (2, 2), (0, 0), (1, 2), (2, 2)))
    assert chart.course.count("M") == 2
    assert [dot.words for dot in chart.dots] == [HALF, ALL, "", HALF, ALL]
    assert chart.center_y is None
    assert chart.verdict == "No control limits: they need 8 months with cases, 4 months have any."


def test_a_chart_says_which_month_is_no_chance() -> None:
    chart = chart_of(_months(*[(18, 20)] * 7, (4, 20)))
    out = [dot for dot in chart.dots if dot.is_out]
    assert [(dot.month, dot.signal) for dot in out] == [("Aug 2026", "below its limit")]
    assert "Aug 2026 below its limit" in chart.verdict
    assert chart.upper.startswith("M")
    assert out[0].title == "Aug 2026: 20\N{NO-BREAK SPACE}% of 20, below its limit"


def test_an_empty_chart_says_so() -> None:
    chart = chart_of(_months((0, 0), (0, 0)))
    assert (chart.is_empty, chart.verdict) == (True, "Nothing was counted in these months.")


def test_days_are_drawn_as_individuals() -> None:
    points = [Point(date(2026, 1 + n, 1), 4, value=value) for n, value in enumerate(FLOW)]
    chart = chart_of(points, unit="d")
    assert (chart.center, chart.dots[0].words, chart.dots[0].limits) == ("50.8 d", "49.6 d", "45.8 d – 55.8 d")


def test_a_share_has_a_whole_that_is_no_share_of_itself() -> None:
    assert [key for key in FigureKey if key.whole is key] == []
