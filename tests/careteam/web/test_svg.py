"""Scales and paths."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from careteam.web import svg

VALUES = st.lists(st.floats(-1e6, 1e6, allow_nan=False), max_size=40)


def test_linear_scale_runs_downwards_when_asked() -> None:
    scale = svg.LinearScale(0, 10, 100, 0)
    assert [scale(0), scale(2.5), scale(10)] == [100.0, 75.0, 0.0]


def test_linear_scale_of_a_point_falls_on_its_start() -> None:
    assert svg.LinearScale(3, 3, 10, 90)(3) == 10.0


def test_log_scale_puts_decades_apart_evenly_and_zero_at_the_floor() -> None:
    scale = svg.LogScale(10, 1000, 0, 100)
    assert [scale(10), scale(100), scale(1000), scale(0)] == [0.0, 50.0, 100.0, 0.0]


def test_time_scale_counts_days() -> None:
    scale = svg.TimeScale(dt.date(2026, 1, 1), dt.date(2026, 1, 11), 0, 100)
    assert scale(dt.date(2026, 1, 6)) == 50.0
    assert scale.width(dt.date(2026, 1, 6), dt.date(2026, 1, 8)) == 20.0
    assert scale.width(dt.date(2026, 1, 8), dt.date(2026, 1, 6)) == 0.0


def test_path_is_short() -> None:
    assert svg.path([(0.04, 1.0), (2.5, 3.26)]) == "M0 1L2.5 3.3"
    assert svg.path([]) == ""


def test_sparkline_ends_in_its_last_value() -> None:
    line = svg.sparkline([1, 3, 2], label="x")
    assert (line.d, line.last) == ("M2 20L44 2L86 11", (86.0, 11.0))


def test_sparkline_of_one_value_is_a_dot_and_of_none_is_empty() -> None:
    assert svg.sparkline([5], label="x").last == (86.0, 11.0)
    assert svg.sparkline([], label="x").last is None


def test_sparkline_of_equal_values_is_a_line_in_the_middle() -> None:
    assert svg.sparkline([5, 5], label="x").d == "M2 11L86 11"


@given(VALUES)
def test_sparkline_never_leaves_its_box(values: list[float]) -> None:
    line = svg.sparkline(values, label="x")
    numbers = [float(part) for piece in line.d[1:].split("L") if piece for part in piece.split()]
    assert all(0 <= x <= 88 for x in numbers[::2])
    assert all(0 <= y <= 22 for y in numbers[1::2])


@given(st.floats(-1e5, 1e5), st.floats(0.01, 1e5), st.integers(2, 9))
def test_nice_ticks_stay_inside_and_few(low: float, span: float, most: int) -> None:
    ticks = svg.nice_ticks(low, low + span, most)
    assert len(ticks) <= max(most, 2)
    assert ticks == sorted(ticks)
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


def test_nice_ticks_are_round() -> None:
    assert svg.nice_ticks(53.2, 71.9, 5) == [55, 60, 65, 70]
    assert svg.nice_ticks(0, 0.3, 4) == [0.0, 0.1, 0.2, 0.3]
