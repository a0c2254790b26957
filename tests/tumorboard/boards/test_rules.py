"""Recurrence: local wall time, holidays, exceptions; who has to be there."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from careteam.people.rules import Specialty
from tumorboard.boards.rules import (
    Need,
    Occurrence,
    QuorumCondition,
    Rhythm,
    Weekday,
    conditions_of,
    default_quorum_when,
    in_words,
    needs_of,
    occurrences,
    public_holidays,
    quorum_of,
    rhythm_of,
    rule_of,
    times_of,
    together,
    why_not_quorum_when,
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


def test_occurrences_mark_skipped_days_with_their_reason() -> None:
    found = _thursdays(skipped={date(2026, 10, 22): "Diwali"})
    assert [(each.on, each.skipped_because) for each in found] == [
        (date(2026, 10, 22), "Diwali"),
        (date(2026, 10, 29), ""),
    ]


def test_occurrences_count_from_the_first_day() -> None:
    """Every second week counts from `starts_on`, not from where we look."""
    found = _thursdays(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", starts_on=date(2026, 10, 15), until=date(2026, 11, 30))
    assert [each.on for each in found] == [date(2026, 10, 29), date(2026, 11, 12), date(2026, 11, 26)]


def test_occurrences_before_the_first_day_are_none() -> None:
    assert _thursdays(starts_on=date(2027, 1, 1)) == []


def test_public_holidays_know_christmas_by_name_and_no_unknown_country() -> None:
    assert public_holidays("DE", [2026])[date(2026, 12, 25)] == "Christmas Day"
    assert public_holidays("ZZ", [2026]) == {}


# Zone, the Sunday or weekday before and after the change of the clocks, UTC starts of a board at 14:00.
CLOCKS = [
    ("Europe/Berlin", date(2026, 3, 26), "13:00", "12:00"),
    ("Europe/Berlin", date(2026, 10, 22), "12:00", "13:00"),
    ("America/New_York", date(2026, 3, 5), "19:00", "18:00"),
    ("America/New_York", date(2026, 10, 29), "18:00", "19:00"),
    ("Australia/Lord_Howe", date(2026, 4, 2), "03:00", "03:30"),  # half an hour, and half a world away
    ("Australia/Lord_Howe", date(2026, 10, 1), "03:30", "03:00"),
]


@pytest.mark.parametrize(("zone", "thursday", "before", "after"), CLOCKS)
def test_two_in_the_afternoon_stays_two_in_the_afternoon(zone: str, thursday: date, before: str, after: str) -> None:
    found = _thursdays(zone=zone, since=thursday, until=thursday + timedelta(days=7))
    assert [f"{each.starts_at:%H:%M}" for each in found] == [before, after]


@pytest.mark.parametrize(
    ("zone", "monday", "start", "cutoff"),
    [
        ("Europe/Berlin", date(2026, 3, 30), "30 12:00", "28 13:00"),
        ("Europe/Berlin", date(2026, 10, 26), "26 13:00", "24 12:00"),
        ("America/New_York", date(2026, 11, 2), "02 19:00", "31 18:00"),
        ("Australia/Lord_Howe", date(2026, 10, 5), "05 03:00", "03 03:30"),
    ],
)
def test_cutoff_two_days_before_is_at_the_same_wall_clock(zone: str, monday: date, start: str, cutoff: str) -> None:
    """Saturday 14:00 for a meeting on Monday 14:00, although the clocks change on the Sunday between."""
    times = times_of(monday, time(14), zone, duration_minutes=60, cutoff_hours=48)
    said = [f"{moment:%d %H:%M}" for moment in (times.starts_at, times.cutoff_at)]
    assert (said, times.ends_at - times.starts_at) == ([start, cutoff], timedelta(hours=1))


def test_cutoff_is_never_after_the_start() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin; an hour before it is not after it."""
    for hour, minute in ((2, 0), (2, 30), (3, 0), (3, 30)):
        times = times_of(date(2026, 3, 29), time(hour, minute), "Europe/Berlin", duration_minutes=60, cutoff_hours=1)
        assert times.cutoff_at <= times.starts_at


@pytest.mark.parametrize(
    ("rhythm", "weekday", "dates"),
    [
        (Rhythm.FIRST, Weekday.MO, ["09-07", "10-05", "11-02", "12-07"]),
        (Rhythm.FOURTH, Weekday.TH, ["09-24", "10-22", "11-26", "12-24"]),
        (Rhythm.LAST, Weekday.FR, ["09-25", "10-30", "11-27", "12-25"]),
        (Rhythm.FIRST_THIRD, Weekday.WE, ["09-02", "09-16", "10-07", "10-21", "11-04", "11-18", "12-02", "12-16"]),
        (
            Rhythm.BIWEEKLY,
            Weekday.TU,
            ["09-08", "09-22", "10-06", "10-20", "11-03", "11-17", "12-01", "12-15", "12-29"],
        ),
    ],
)
def test_rhythm_gives_these_dates(rhythm: Rhythm, weekday: Weekday, dates: list[str]) -> None:
    found = _thursdays(
        rule=rule_of(rhythm, weekday),
        starts_on=date(2026, 9, 1) if rhythm is not Rhythm.BIWEEKLY else date(2026, 9, 8),
        since=date(2026, 9, 1),
        until=date(2026, 12, 31),
    )
    assert [f"{each.on:%m-%d}" for each in found] == dates


@pytest.mark.parametrize("rhythm", [each for each in Rhythm if each is not Rhythm.CUSTOM])
@pytest.mark.parametrize("weekday", list(Weekday))
def test_rhythm_survives_its_rule(rhythm: Rhythm, weekday: Weekday) -> None:
    rule = rule_of(rhythm, weekday)
    assert (why_not_rule(rule), rhythm_of(rule)) == ([], (rhythm, weekday))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=TH", "Every week, Thursday"),
        ("FREQ=MONTHLY;BYDAY=+1WE,+3WE", "First and third of the month, Wednesday"),
        ("FREQ=MONTHLY;BYDAY=2TH,4TH", "Every month, the second Thursday and the fourth Thursday"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE", "Every 3 weeks, Monday and Wednesday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
         "Every month, the last of Monday, Tuesday, Wednesday, Thursday and Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "Every month, on day 15 and the last day"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYDAY=1TH", "Every year, the first Thursday, in March and September"),
        ("FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231", "Every week, Thursday, until 31 Dec 2026"),
        ("FREQ=YEARLY;BYWEEKNO=20", "FREQ=YEARLY;BYWEEKNO=20"),
    ],
)  # fmt: skip
def test_rules_are_read_aloud_or_left_as_they_are(rule: str, words: str) -> None:
    assert (why_not_rule(rule), in_words(rule)) == ([], words)


PATHOLOGY, ONCOLOGY = Specialty.PATHOLOGY, Specialty.MEDICAL_ONCOLOGY
RADIOLOGY, PALLIATIVE = Specialty.INTERVENTIONAL_RADIOLOGY, Specialty.PALLIATIVE
LIVER, PROMPT = QuorumCondition.LIVER_DIRECTED, QuorumCondition.GOALS_PROMPT


def test_needs_carry_the_reason_of_what_a_case_adds() -> None:
    when = {"liver_directed": [RADIOLOGY, PATHOLOGY], "goals_prompt": [PALLIATIVE, RADIOLOGY], "surgery": ["gone"]}
    needs = needs_of([PATHOLOGY, "gone"], when, conditions_of("liver_directed", goals_prompt_open=True))
    assert needs == (
        Need(RADIOLOGY, "open goals prompt, liver-directed question"),
        Need(PALLIATIVE, "open goals prompt"),
        Need(PATHOLOGY),
    )
    quorum = quorum_of(needs, [PATHOLOGY, PALLIATIVE])
    assert (quorum.is_quorate, quorum.missing_label) == (
        False,
        "Interventional radiology (open goals prompt, liver-directed question)",
    )


@pytest.mark.parametrize(
    ("kind", "prompt", "expected"),
    [
        ("liver_directed", False, {LIVER}),
        ("liver_directed", True, {LIVER, PROMPT}),
        ("next_line", True, {PROMPT}),
        ("other", False, set()),
        ("goals_prompt", False, {PROMPT}),
    ],
)
def test_conditions_follow_the_question_and_the_prompt(kind: str, prompt: bool, expected: set[QuorumCondition]) -> None:
    assert conditions_of(kind, goals_prompt_open=prompt) == expected


def test_default_conditions_are_those_of_the_clinical_page() -> None:
    assert default_quorum_when() == {"liver_directed": [RADIOLOGY], "goals_prompt": [PALLIATIVE]}


def test_a_meeting_needs_what_any_case_needs_once() -> None:
    """What the board always needs is not excused by a case; two cases that ask for one specialty name both reasons."""
    liver, prompt = Need(RADIOLOGY, "liver-directed question"), Need(RADIOLOGY, "open goals prompt")
    assert together([[Need(PATHOLOGY)], [liver], [prompt], [Need(PATHOLOGY, "pathology question")]]) == (
        Need(RADIOLOGY, "liver-directed question, open goals prompt"),
        Need(PATHOLOGY),
    )


def test_conditions_that_are_none_are_refused() -> None:
    assert len(why_not_quorum_when({"moon": ["pathology"], "surgery": ["astrology"]})) == 2


@pytest.mark.parametrize(
    "rule", ["", "x", "FREQ=FOO", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "DTSTART:20260101\nRRULE"]
)
def test_rule_that_is_none_is_refused_with_a_sentence(rule: str) -> None:
    assert len(why_not_rule(rule)) == 1
