"""Amounts as they are typed: "7.4 GBq", "200 mCi", "0.12 g", "AUC 5". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# Spellings of a unit; the first is how it is written back.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "GBq": ("gbq",),
    "MBq": ("mbq",),
    "mCi": ("mci",),
    "mg/m²": ("mg/m²", "mg/m2", "mg/m^2", "mg/qm"),
    "mg": ("mg",),
    "µg": ("µg", "μg", "ug", "mcg"),
    "g": ("g",),
    "MU": ("mu", "miu", "m.u.", "mio", "million units"),
    "AUC": ("auc",),
    "Gy": ("gy",),
}
UNITS = tuple(_SPELLINGS)
# Physical constants, no clinical numbers: 1 mCi is 37 MBq.
_FACTORS: dict[tuple[str, str], Decimal] = {
    ("mCi", "GBq"): Decimal("0.037"),
    ("MBq", "GBq"): Decimal("0.001"),
    ("g", "mg"): Decimal(1000),
    ("µg", "mg"): Decimal("0.001"),
}
_WORDS = sorted(((word, unit) for unit, words in _SPELLINGS.items() for word in words), key=lambda pair: -len(pair[0]))
_UNIT = "|".join(re.escape(word) for word, _ in _WORDS)
_TYPED = re.compile(rf"^\s*(?:(AUC)\s*)?(\d+(?:[.,]\d+)?)\s*({_UNIT})?(?![\w/])\s*(.*)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Amount:
    """A number with its unit ("" when none was typed) and the words after it."""

    value: Decimal
    unit: str = ""
    rest: str = ""

    def __str__(self) -> str:
        number = f"{self.value.normalize():f}"
        head = f"AUC {number}" if self.unit == "AUC" else f"{number} {self.unit}".strip()
        return f"{head} {self.rest}".strip()

    def in_unit(self, unit: str) -> Amount | None:
        """The same amount in another unit; None where there is no conversion."""
        if unit == self.unit:
            return self
        factor = _FACTORS.get((self.unit, unit))
        if factor is None:
            back = _FACTORS.get((unit, self.unit))
            factor = 1 / back if back else None
        return None if factor is None else Amount((self.value * factor).normalize(), unit, self.rest)


def read_amount(text: str) -> Amount | None:
    """The amount at the beginning of the text; None when it does not begin with a number."""
    found = _TYPED.match(text)
    if found is None:
        return None
    auc, number, unit, rest = found.groups()
    try:
        value = Decimal(number.replace(",", "."))
    except InvalidOperation:  # pragma: no cover  (the pattern only lets digits through)
        return None
    name = "AUC" if auc else next((name for word, name in _WORDS if unit and word == unit.lower()), "")
    return Amount(value, name, rest.strip())


@dataclass(frozen=True)
class Usual:
    """What is usual for a drug, from the protocol: unit and the range in which nothing is asked."""

    name: str
    unit: str
    low: Decimal
    high: Decimal

    def holds(self, value: Decimal) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Weighed:
    """What became of a typed dose: how it is stored, and what is asked about it ("" for nothing). `final`: the
    question cannot be waved through, the unit does not fit."""

    text: str
    question: str = ""
    final: bool = False


def weigh(text: str, usual: Usual | None) -> Weighed:
    """The dose in the drug's own unit, and a question where it is not plausible.

    A unit that converts is converted ("200 mCi" is stored as "7.4 GBq"). A missing unit is filled in. A value that is
    implausible in its unit but plausible in a related one is asked about with the conversion beside it.
    """
    amount = read_amount(text)
    if amount is None or usual is None:
        return Weighed(text.strip())
    own = Amount(amount.value, usual.unit, amount.rest) if not amount.unit else amount.in_unit(usual.unit)
    if own is None:
        return Weighed(text.strip(), f"{usual.name} is given in {usual.unit}, not in {amount.unit}.", final=True)
    if usual.holds(own.value):
        return Weighed(str(own))
    number = f"{amount.value.normalize():f}"
    typed_unit = amount.unit or usual.unit
    for unit in (usual.unit, *UNITS):
        other = Amount(amount.value, unit).in_unit(usual.unit)
        if unit != typed_unit and other is not None and usual.holds(other.value):
            same = "" if unit == usual.unit else f" That is {other}."
            return Weighed(
                text.strip(),
                f"{number} {typed_unit} is not plausible for {usual.name}. Did you mean {number} {unit}?{same}",
            )
    return Weighed(
        text.strip(),
        f"{own} lies outside what is usual for {usual.name}, {usual.low.normalize():f} to "
        f"{usual.high.normalize():f} {usual.unit}.",
    )
