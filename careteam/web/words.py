"""Dates, spans and numbers in the words of the interface: pure functions, no clock.

The template filters of the same names (`templatetags/ui.py`) call these; queries may use them for ready-made phrases.
A missing value becomes an empty string, so that a template can say `{{ value|day|default:"Not done" }}`.
"""

import datetime as dt
from collections.abc import Sized
from decimal import Decimal, InvalidOperation

from django.utils import timezone, translation

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SMALL_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def as_date(value: object) -> dt.date | None:
    """The calendar date of a date or a datetime (aware ones in the current time zone); None for anything else."""
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value if isinstance(value, dt.date) else None


def day(value: object, near: object = None) -> str:
    """`3 Oct 2026`. With `near` (today) the year is left out when it is the same: `3 Oct`."""
    on = as_date(value)
    if on is None:
        return ""
    today = as_date(near)
    year = "" if today is not None and today.year == on.year else f" {on.year}"
    return f"{on.day} {MONTHS[on.month - 1]}{year}"


def short_day(value: object) -> str:
    """`3 Oct ’26`: as short as a date can be without hiding its year."""
    on = as_date(value)
    return "" if on is None else f"{on.day} {MONTHS[on.month - 1]} \N{RIGHT SINGLE QUOTATION MARK}{on.year % 100:02}"


def weekday(value: object, near: object = None) -> str:
    """`Thu 26 Nov 2026`, or `Thu 26 Nov` when `near` (today) lies in the same year."""
    on = as_date(value)
    return "" if on is None else f"{WEEKDAYS[on.weekday()]} {day(on, near)}"


def clock(value: object) -> str:
    """`14:05` of a time or a datetime (aware ones in the current time zone)."""
    if isinstance(value, dt.datetime):
        value = (timezone.localtime(value) if timezone.is_aware(value) else value).time()
    return value.strftime("%H:%M") if isinstance(value, dt.time) else ""


def moment(value: object, near: object = None) -> str:
    """`3 Oct 2026, 14:05`; with `near` (today): `14:05` on the same day, without the year in the same year."""
    on, today = as_date(value), as_date(near)
    if on is None:
        return ""
    time = clock(value)
    if on == today and time:
        return time
    return f"{day(on, near)}, {time}" if time else day(on, near)


def ago(value: object, today: object) -> str:
    """How far a due date is away: `43 days over`, `today`, `in 4 days`."""
    on, base = as_date(value), as_date(today)
    if on is None or base is None:
        return ""
    days = (on - base).days
    if days == 0:
        return "today"
    return f"in {count(days, 'day', 'days')}" if days > 0 else f"{count(-days, 'day', 'days')} over"


def since(value: object, today: object) -> str:
    """How long something lies back: `today`, `3 days ago`, `5 weeks ago`, `14 months ago`, `3 years ago`."""
    on, base = as_date(value), as_date(today)
    if on is None or base is None:
        return ""
    days = (base - on).days
    if days < 0:
        return ago(on, base)
    if days == 0:
        return "today"
    if days < 28:
        return f"{count(days, 'day', 'days')} ago"
    months = months_between(on, base)
    if months < 3:
        return f"{count(days // 7, 'week', 'weeks')} ago"
    if months < 24:
        return f"{count(months, 'month', 'months')} ago"
    return f"{count(months // 12, 'year', 'years')} ago"


def months_between(start: dt.date, end: dt.date) -> int:
    """Whole calendar months from `start` to `end` (31 Jan to 28 Feb counts as none)."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def age(born: object, on: object) -> int | None:
    """Whole years lived on a day; None when either date is unknown or the day lies before birth.

    Born on 29 February, a birthday in other years is 1 March.
    """
    birth, at = as_date(born), as_date(on)
    if birth is None or at is None or at < birth:
        return None
    return at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))


def num(value: object) -> str:
    """A number without trailing zeros, thousands separated: `58.4`, `2,140`, `−4`. Anything else comes back as text."""
    if value is None or value == "":
        return ""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    text = f"{number:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text[1:] if text.startswith("-") and text != "-0" else text.removeprefix("-")


def pct(value: object) -> str:
    """A percentage, number and sign kept on one line: `14 %`. A computed share (float) is rounded to a tenth."""
    text = num(round(value, 1) if isinstance(value, float) else value)
    return f"{text}{NBSP}%" if text else ""


def count(number: int, one: str, many: str) -> str:
    """`1 day`, `3 days`, `2,140 days`."""
    return f"{number:,} {one if number == 1 else many}"


def plural(value: object, forms: str) -> str:
    """`3 days` for 3 (or three items) and the forms `day,days`; one form alone takes an s."""
    one, _, many = forms.partition(",")
    number = len(value) if isinstance(value, Sized) else int(str(value or 0))
    return count(number, one, many or f"{one}s")


def in_words(number: int) -> str:
    """`Two` for 2, figures above ten: the start of a sentence."""
    return SMALL_NUMBERS[number] if 0 <= number < len(SMALL_NUMBERS) else f"{number:,}"


def base_language(language: str) -> str:
    """`de` of `de-AT`; empty for none."""
    return language.replace("_", "-").partition("-")[0].strip().lower()


def language_info(language: str) -> dict[str, object]:
    """What Django knows of it (`name`, `name_local`, `bidi`); empty for none that it knows."""
    try:
        return dict(translation.get_language_info(base_language(language)))
    except KeyError:
        return {}


def language_name(language: str) -> str:
    """`Turkish` of `tr`; the code itself where nobody knows its name."""
    return str(language_info(language).get("name", "")) or language
