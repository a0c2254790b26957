"""What a row of the record should hold, before any table is touched."""

from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from patients.fhir.rules.dates import PartialDate, Precision
from patients.fhir.rules.facts import Fact
from patients.record.rules import DatePrecision


@dataclass(frozen=True, slots=True)
class Sourced:
    """A fact and the source record it comes from. ``member`` names the record within its patient; ``links`` says which
    members the references in the fact mean."""

    member: str
    fact: Fact
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of ``table`` (a model's name). ``key`` finds it again; rows made of several records (lines) are found
    by ``members`` too. ``settled`` fields are written once and left to people afterwards."""

    table: str
    key: str
    values: dict[str, Any]
    members: tuple[str, ...]
    settled: frozenset[str] = frozenset()
    children: "tuple[Row, ...]" = ()


@dataclass(slots=True)
class Rows:
    """All rows of one patient; for members without a row the reason; warnings with their member."""

    zone: tzinfo
    today: date
    rows: list[Row] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def add(self, table: str, of: Sourced, values: dict[str, Any], part: str = "") -> None:
        """One row from one fact."""
        self.rows.append(Row(table, f"{of.member}#{part}", values, (of.member,)))

    def keep(self, of: Sourced, reason: str) -> None:
        """No row from this fact, and why."""
        self.reasons.setdefault(of.member, reason)

    def warn(self, of: Sourced, message: str) -> None:
        """A line for the report."""
        self.warnings.append((of.member, message))


def day(on: PartialDate | None) -> date | None:
    """The first day that it can mean."""
    return on.day if on else None


def precision(on: PartialDate | None) -> str:
    """The record knows years, months and days."""
    known = {Precision.YEAR: DatePrecision.YEAR, Precision.MONTH: DatePrecision.MONTH}
    return str(known.get(on.precision, DatePrecision.DAY)) if on else str(DatePrecision.DAY)
