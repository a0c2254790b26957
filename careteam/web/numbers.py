"""Numbers as people type them: comma or point, thousands separators, "<5". Pure, but for the form field at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f'’_]+")
_COMPARATOR = re.compile(r"^(<=|>=|≤|≥|<|>)")
_NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)")
_SAID = {"≤": "<=", "≥": ">="}
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")
EXAMPLE = "Write a number such as 12.5."


@dataclass(frozen=True)
class Typed:
    """What was typed: "<5 ng/mL" is comparator "<", number 5, unit "ng/mL"."""

    number: Decimal
    comparator: str = ""
    unit: str = ""


def _plain(text: str) -> str:
    """Digits with a point. Raises ValueError where a separator could be either."""
    commas, points = text.count(","), text.count(".")
    if commas and points:
        last, other = (",", ".") if text.rfind(",") > text.rfind(".") else (".", ",")
        whole, _, fraction = text.rpartition(last)
        if last in whole or not _GROUPED.fullmatch(whole.lstrip("+-")):
            raise ValueError(f"{text} cannot be read as a number. {EXAMPLE}")
        return f"{whole.replace(other, '')}.{fraction}"
    if commas == 1:
        whole, _, fraction = text.partition(",")
        digits = whole.lstrip("+-")
        if len(fraction) == 3 and digits and digits != "0":
            raise ValueError(
                f"{text} can be read as {whole}{fraction} or as {whole}.{fraction}. "
                "Write it without a separator, or with a point."
            )
        return f"{whole}.{fraction}"
    if commas or points > 1:
        if not _GROUPED.fullmatch(text.lstrip("+-")):
            raise ValueError(f"{text} cannot be read as a number. {EXAMPLE}")
        return text.replace(",", "").replace(".", "")
    return text


def typed_number(text: str) -> Typed:
    """Reads what a person typed: "12,5", "1 234", "1,234.5", "<5", "104 g/L".

    Raises ValueError with a sentence for that person when it is no number, or could be two ("1,234").
    """
    rest = text.strip()
    comparator = ""
    if found := _COMPARATOR.match(rest):
        comparator = _SAID.get(found[0], found[0])
        rest = rest[len(found[0]) :].strip()
    number = re.match(r"[+-]?[\d.,](?:[\d.,\s\u00a0\u2009\u202f'’_]*[\d.,])?", rest)
    if number is None:
        raise ValueError(EXAMPLE)
    unit = rest[number.end() :].strip()
    # 10⁹/L behind a number ("5.1 10*9/L") begins with digits of its own.
    if found := re.search(r"(?<=\d)\s+(10(?:\*|\^|⁹|³|E|e).*)$", rest):
        number_text, unit = rest[: found.start()], found[1].strip()
    else:
        number_text = number[0]
    plain = _plain(_SPACES.sub("", number_text))
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{text.strip()} cannot be read as a number. {EXAMPLE}")
    return Typed(Decimal(plain), comparator, unit)


class NumberField(forms.DecimalField):
    """A decimal that may be typed with a comma or with thousands separators; what could be two numbers is asked back.
    `units` are words that may stand behind the number (its own unit); any other is refused."""

    units: tuple[str, ...] = ()

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, Decimal | int | float):
            return super().to_python(value)
        try:
            typed = typed_number(str(value))
        except ValueError as problem:
            raise ValidationError(str(problem), code="invalid") from problem
        if typed.comparator:
            raise ValidationError("Write the number alone, without < or >.", code="invalid")
        if typed.unit and typed.unit.lower() not in {unit.lower() for unit in self.units}:
            raise ValidationError(f"Write the number alone, without “{typed.unit[:20]}”.", code="invalid")
        return super().to_python(typed.number)


class WholeNumberField(forms.IntegerField):
    """A whole number that may be typed with thousands separators."""

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values or isinstance(value, int):
            return super().to_python(value)
        try:
            typed = typed_number(str(value))
        except ValueError as problem:
            raise ValidationError(str(problem), code="invalid") from problem
        if typed.comparator or typed.unit not in {"", "%"} or typed.number != typed.number.to_integral_value():
            raise ValidationError("Write a whole number, without anything beside it.", code="invalid")
        return super().to_python(int(typed.number))
