"""One configured number, and what its tag says about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import TextChoices


class Tag(TextChoices):
    V = "V", "Read in a primary source"
    V2 = "V2", "Read in a secondary source"
    P = "P", "Prior knowledge, unsigned"
    S = "S", "Founding article"
    D = "D", "Design choice"


@dataclass(frozen=True)
class ProtocolNumber:
    """One configured number. `low` and `high` bound what a team may choose; intervals are in days."""

    code: str
    name: str
    value: Decimal
    unit: str
    source: str
    tag: Tag
    low: Decimal | None = None
    high: Decimal | None = None
    modality: str = ""

    @property
    def needs_signature(self) -> bool:
        return self.tag == Tag.P


def number(
    code: str, name: str, value: str, unit: str, source: str, tag: Tag, low: str = "", high: str = ""
) -> ProtocolNumber:
    """A number from the words of the catalog; without a range only its own value can be signed."""
    return ProtocolNumber(
        code, name, Decimal(value), unit, source, tag, Decimal(low) if low else None, Decimal(high) if high else None
    )


def working_days_after(start: date, days: int) -> date:
    """The day so many working days (Monday to Friday) after the start."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
