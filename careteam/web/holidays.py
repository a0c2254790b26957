"""Nation-wide public holidays: one place for the calendar, the planning of meetings and the mail's days off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

SATURDAY = 5


@lru_cache(maxsize=64)
def holidays_of(country: str, year: int) -> Mapping[date, str]:
    """The holidays of a year by name (English); none for a country (ISO 3166) that is not known."""
    try:
        return dict(holidays.country_holidays(country, years=year, language="en_US"))
    except NotImplementedError:
        return {}


def is_day_off(on: date, country: str) -> bool:
    """A weekend or a public holiday of the country."""
    return on.weekday() >= SATURDAY or on in holidays_of(country, on.year)
