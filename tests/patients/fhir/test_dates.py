from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.fhir.rules.dates import DateError, PartialDate, Precision, parse, period

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("written", "day", "precision"),
    [
        ("2021", date(2021, 1, 1), "year"),
        ("2021-07", date(2021, 7, 1), "month"),
        ("2021-7-3", date(2021, 7, 3), "day"),
        ("20210703", date(2021, 7, 3), "day"),
        ("2021-07-03T10:00", date(2021, 7, 3), "day"),
        ("2021-07-03 10:00:00Z", date(2021, 7, 3), "time"),
        ("2021-07-03T24:00:00+02:00", date(2021, 7, 3), "time"),
        (2021, date(2021, 1, 1), "year"),
    ],
)
def test_date_keeps_its_precision(written: object, day: date, precision: str) -> None:
    found = parse(written, today=TODAY)
    assert found is not None
    assert (found.day, str(found.precision)) == (day, precision)


def test_day_is_the_one_written_there_and_the_moment_is_in_utc() -> None:
    found = parse("2021-07-03T00:30:15.5+05:00", today=TODAY)
    assert found == PartialDate(date(2021, 7, 3), Precision.TIME, datetime(2021, 7, 2, 19, 30, 15, 500_000, tzinfo=UTC))


def test_moment_of_a_day_is_its_beginning_where_the_team_is() -> None:
    found = parse("2021-07-03", today=TODAY)
    assert found is not None
    assert found.moment(ZoneInfo("Asia/Tokyo")) == datetime(2021, 7, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0200-01-01", "lies before 1850"),
        ("0000-01-01", "does not exist"),
        ("3024-05-01", "lies in the future"),
        ("2021-02-31", "does not exist in the calendar"),
        ("2021-13", "does not exist in the calendar"),
        ("01.02.2021", "is not a date; write it as YYYY"),
        ("2021-07-03T99:99:99Z", "impossible time"),
        ("2021-07-03T10:00:00+99:00", "impossible time"),
        ("soon", "is not a date"),
        ([1], "is not a text"),
        (True, "is not a text"),
    ],
)
def test_absurd_date_is_named(written: object, words: str) -> None:
    with pytest.raises(DateError, match=words):
        parse(written, today=TODAY)


def test_birth_in_the_future_is_refused_with_a_day_of_grace() -> None:
    assert parse("2026-11-23", today=TODAY, future=False) is not None
    with pytest.raises(DateError, match="future"):
        parse("2026-11-24", today=TODAY, future=False)


@pytest.mark.parametrize("written", [None, "", "  ", {}, []])
def test_nothing_is_no_date(written: object) -> None:
    assert parse(written, today=TODAY) is None


def test_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(DateError, match="before it starts"):
        period({"start": "2021-05", "end": "2021-04-30"}, today=TODAY)


@given(st.one_of(st.text(), st.dates().map(str), st.datetimes().map(str), st.integers(), st.floats(), st.none()))
def test_anything_is_a_date_nothing_or_a_date_error(written: object) -> None:
    try:
        found = parse(written, today=TODAY)
    except DateError:
        return
    assert found is None or found.day.year >= 1850
