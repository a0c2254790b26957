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


class ScanChoice(TextChoices):
    """Which cross-sectional scan a situation asks for. The same as last time keeps the
    series comparable (the first one is CT); where the liver does not dominate, the last choice means CT."""

    AS_BEFORE = "as_before", "Same as last scan"
    CT = "ct", "CT"
    MRI = "mri", "MRI"
    LIVER_MRI = "liver_mri", "MRI if liver-dominant"


@dataclass(frozen=True)
class ProtocolNumber:
    """One configured number. `low` and `high` bound what a team may choose; intervals are in days. `scan` is a
    `ScanChoice` where the number is the interval of a scan, else empty."""

    code: str
    name: str
    value: Decimal
    unit: str
    source: str
    tag: Tag
    low: Decimal | None = None
    high: Decimal | None = None
    scan: str = ""

    @property
    def needs_signature(self) -> bool:
        return self.tag == Tag.P


def number(
    code: str, name: str, value: str, unit: str, source: str, tag: Tag, low: str = "", high: str = "", scan: str = ""
) -> ProtocolNumber:
    """A number from the words of the catalog; without a range only its own value can be signed."""
    least, most = Decimal(low) if low else None, Decimal(high) if high else None
    return ProtocolNumber(code, name, Decimal(value), unit, source, tag, least, most, scan)


def working_days_after(start: date, days: int) -> date:
    """The day so many working days (Monday to Friday) after the start."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
