"""Names, ages, and how they are sorted and searched. Pure."""

from __future__ import annotations

import unicodedata
from datetime import date


def age_on(birth: date | None, on: date) -> int | None:
    """Completed years; None when the birth date is unknown or after `on`."""
    if birth is None or birth > on:
        return None
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def plain_form(text: str) -> str:
    """Lower case without accents, for sorting and searching: "Drăgan" and "dragan" are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def sort_key(family_name: str, given_name: str) -> str:
    return plain_form(f"{family_name} {given_name}")[:250]


def search_key(family_name: str, given_name: str, identifiers: list[str], birth: date | None) -> str:
    """What the search looks through: names in both orders, identifiers with and without separators, birth date."""
    numbers = [form for value in identifiers for form in {value.lower(), "".join(filter(str.isalnum, value.lower()))}]
    birth_forms = [birth.isoformat(), birth.strftime("%d.%m.%Y")] if birth else []
    name = plain_form(f"{given_name} {family_name} {given_name}")
    return " ".join([name, *sorted(numbers), *birth_forms])
