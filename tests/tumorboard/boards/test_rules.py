"""Recurrence: local wall time, holidays, exceptions."""

from datetime import UTC, date, datetime, time

import pytest

from tumorboard.boards.rules import (
    Occurrence,
    Rhythm,
    Weekday,
    in_words,
    occurrences,
    public_holidays,
    rhythm_of,
    rule_of,
    why_not_rule,
)


def _thursdays(**fields: object) -> list[Occurrence]:
    values: dict[str, object] = {
        "rule": "FREQ=WEEKLY;BYDAY=TH",
        "starts_on": date(2026, 1, 1),
        "local_time": time(14),
        "zone": "Europe/Berlin",
        "since": date(2026, 10, 22),
        "until": date(2026, 10, 29),
    }
    return occurrences(**(values | fields))  # type: ignore[arg-type]


def test_occurrences_stay_at_14_local_when_the_clocks_change() -> None:
    """Summer time ends on 25 October 2026: the same wall time is another moment in UTC."""
    assert _thursdays() == [
        Occurrence(date(2026, 10, 22), datetime(2026, 10, 22, 12, tzinfo=UTC)),
        Occurrence(date(2026, 10, 29), datetime(2026, 10, 29, 13, tzinfo=UTC)),
    ]


def test_occurrences_in_a_gap_of_the_clocks_exist() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin; the meeting is not lost."""
    found = _thursdays(
        rule="FREQ=WEEKLY;BYDAY=SU", local_time=time(2, 30), since=date(2026, 3, 29), until=date(2026, 3, 29)
    )
    assert found == [Occurrence(date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))]


def test_occurrences_leave_out_skipped_days() -> None:
    assert [each.on for each in _thursdays(skipped=[date(2026, 10, 22)])] == [date(2026, 10, 29)]


def test_occurrences_count_from_the_first_day() -> None:
    """Every second week counts from `starts_on`, not from where we look."""
    found = _thursdays(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", starts_on=date(2026, 10, 15), until=date(2026, 11, 30))
    assert [each.on for each in found] == [date(2026, 10, 29), date(2026, 11, 12), date(2026, 11, 26)]


def test_occurrences_before_the_first_day_are_none() -> None:
    assert _thursdays(starts_on=date(2027, 1, 1)) == []


def test_public_holidays_know_christmas_and_no_unknown_country() -> None:
    assert date(2026, 12, 25) in public_holidays("DE", [2026])
    assert public_holidays("ZZ", [2026]) == frozenset()


@pytest.mark.parametrize("rhythm", [each for each in Rhythm if each is not Rhythm.CUSTOM])
@pytest.mark.parametrize("weekday", list(Weekday))
def test_rhythm_survives_its_rule(rhythm: Rhythm, weekday: Weekday) -> None:
    rule = rule_of(rhythm, weekday)
    assert (why_not_rule(rule), rhythm_of(rule)) == ([], (rhythm, weekday))


def test_rule_of_another_kind_is_shown_as_it_is() -> None:
    assert rhythm_of("FREQ=MONTHLY;BYDAY=2TH,4TH") == (Rhythm.CUSTOM, None)
    assert in_words("FREQ=MONTHLY;BYDAY=2TH,4TH") == "FREQ=MONTHLY;BYDAY=2TH,4TH"
    assert in_words("FREQ=WEEKLY;BYDAY=TH") == "Every week, Thursday"


@pytest.mark.parametrize(
    "rule", ["", "x", "FREQ=FOO", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "DTSTART:20260101\nRRULE"]
)
def test_rule_that_is_none_is_refused_with_a_sentence(rule: str) -> None:
    assert len(why_not_rule(rule)) == 1
