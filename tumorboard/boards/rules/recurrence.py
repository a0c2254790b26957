"""Rhythms that a form offers, and what a rule says in words. Pure."""

from __future__ import annotations

from datetime import datetime

from dateutil.rrule import rrulestr
from django.db.models import TextChoices


class Rhythm(TextChoices):
    """The rhythms a form offers; anything else is written as an RRULE."""

    WEEKLY = "weekly", "Every week"
    BIWEEKLY = "biweekly", "Every second week"
    FIRST = "first", "First of the month"
    SECOND = "second", "Second of the month"
    THIRD = "third", "Third of the month"
    FOURTH = "fourth", "Fourth of the month"
    LAST = "last", "Last of the month"
    FIRST_THIRD = "first_third", "First and third of the month"
    SECOND_FOURTH = "second_fourth", "Second and fourth of the month"
    CUSTOM = "custom", "Other (RRULE)"


class Weekday(TextChoices):
    MO = "MO", "Monday"
    TU = "TU", "Tuesday"
    WE = "WE", "Wednesday"
    TH = "TH", "Thursday"
    FR = "FR", "Friday"
    SA = "SA", "Saturday"
    SU = "SU", "Sunday"


_PATTERN: dict[Rhythm, str] = {
    Rhythm.WEEKLY: "FREQ=WEEKLY;BYDAY={0}",
    Rhythm.BIWEEKLY: "FREQ=WEEKLY;INTERVAL=2;BYDAY={0}",
    Rhythm.FIRST: "FREQ=MONTHLY;BYDAY=+1{0}",
    Rhythm.SECOND: "FREQ=MONTHLY;BYDAY=+2{0}",
    Rhythm.THIRD: "FREQ=MONTHLY;BYDAY=+3{0}",
    Rhythm.FOURTH: "FREQ=MONTHLY;BYDAY=+4{0}",
    Rhythm.LAST: "FREQ=MONTHLY;BYDAY=-1{0}",
    Rhythm.FIRST_THIRD: "FREQ=MONTHLY;BYDAY=+1{0},+3{0}",
    Rhythm.SECOND_FOURTH: "FREQ=MONTHLY;BYDAY=+2{0},+4{0}",
}
_OF_RULE: dict[str, tuple[Rhythm, Weekday]] = {
    pattern.format(day): (rhythm, day) for rhythm, pattern in _PATTERN.items() for day in Weekday
}
_ORDINAL = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "last but one"}
_EVERY = {
    "DAILY": ("every day", "days"),
    "WEEKLY": ("every week", "weeks"),
    "MONTHLY": ("every month", "months"),
    "YEARLY": ("every year", "years"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SAID = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST"})


def rule_of(rhythm: Rhythm, weekday: Weekday) -> str:
    """The RRULE of a rhythm the form offers. Raises `KeyError` for `CUSTOM`."""
    return _PATTERN[rhythm].format(weekday)


def rhythm_of(rule: str) -> tuple[Rhythm, Weekday | None]:
    """Which rhythm and weekday a rule is; `(CUSTOM, None)` when the form does not offer it."""
    return _OF_RULE.get(rule, (Rhythm.CUSTOM, None))


def why_not_rule(rule: str) -> list[str]:
    """What is wrong with an RRULE; empty when it can be used."""
    if any(part in rule.upper() for part in ("DTSTART", "SECONDLY", "MINUTELY", "HOURLY", "BYHOUR", "BYMIN", "\n")):
        return ["Give the repetition only, by days or longer, for example FREQ=WEEKLY;BYDAY=TH."]
    try:
        rrulestr(rule, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001  # local wall time, RFC 5545 floating
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return ["This is no RRULE. Write it like FREQ=WEEKLY;BYDAY=TH."]
    return []


def in_words(rule: str) -> str:
    """`Every week, Thursday`; a rule of another kind is read part by part, and stands as it is where a part is not
    understood: half a sentence would be a wrong one."""
    rhythm, weekday = rhythm_of(rule)
    if weekday:
        return f"{rhythm.label}, {weekday.label}"
    try:
        return _read(rule) or rule
    except (KeyError, ValueError):
        return rule


def _read(rule: str) -> str:
    parts = dict(part.split("=", 1) for part in rule.upper().removeprefix("RRULE:").split(";") if part)
    if not parts.keys() <= _SAID:
        return ""
    always, unit = _EVERY[parts["FREQ"]]
    interval = int(parts.get("INTERVAL", "1"))
    said = [always if interval == 1 else f"every {interval} {unit}"]
    place = int(parts["BYSETPOS"]) if "BYSETPOS" in parts else 0
    if "BYDAY" in parts:
        days = [_day(day) for day in parts["BYDAY"].split(",")]
        said.append(f"the {_ORDINAL[place]} of {_and(days)}" if place else _and(days))
    elif place:
        return ""
    if "BYMONTHDAY" in parts:
        days_of_month = [int(day) for day in parts["BYMONTHDAY"].split(",")]
        said.append(f"on {_and('the last day' if day == -1 else f'day {day}' for day in days_of_month)}")
    if "BYMONTH" in parts:
        said.append(f"in {_and(_MONTHS[int(month) - 1] for month in parts['BYMONTH'].split(','))}")
    if "COUNT" in parts:
        said.append(f"{int(parts['COUNT'])} times")
    if "UNTIL" in parts:
        until = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007  # a local date
        said.append(f"until {until.day} {until:%b %Y}")
    sentence = ", ".join(said)
    return sentence[:1].upper() + sentence[1:]


def _day(text: str) -> str:
    name, place = Weekday(text[-2:]).label, text[:-2]
    return f"the {_ORDINAL[int(place)]} {name}" if place else name


def _and(words: object) -> str:
    listed = [str(word) for word in words]  # type: ignore[attr-defined]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
