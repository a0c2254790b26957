"""Criterion failed: a value that forbids or holds what is asked. Never mixed with completeness: what is missing or too
old is there, and only there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from patients.guidance.rules.eligibility import MISSING, NOT_MET, REVIEW, STALE, Eligibility
from tumorboard.readiness.rules.facts import CaseFacts


@dataclass(frozen=True)
class Failed:
    """One value. `forbids`: not met, else for review. `kind`: the table of criteria that says so, empty for consent.
    `unsigned`: judged by a number that nobody signed for the team; shown, and counted as nothing."""

    name: str
    words: str
    on: date | None = None
    threshold: str = ""
    forbids: bool = True
    unsigned: bool = False
    kind: str = ""
    title: str = ""

    @property
    def mark(self) -> str:
        return "plain" if self.unsigned else "red" if self.forbids else "amb"

    @property
    def word(self) -> str:
        return "Not met" if self.forbids else "Review"


@dataclass(frozen=True)
class Criteria:
    """`tables` were looked at (titles); `unknown` of their rows say nothing because a value is missing or too old."""

    failed: tuple[Failed, ...] = ()
    tables: tuple[str, ...] = ()
    unknown: int = 0

    @property
    def counted(self) -> tuple[Failed, ...]:
        return tuple(each for each in self.failed if not each.unsigned)

    @property
    def has_failed(self) -> bool:
        return bool(self.counted)

    @property
    def forbids(self) -> bool:
        return any(each.forbids for each in self.counted)


def tables_asked(f: CaseFacts) -> tuple[str, ...]:
    """Which tables of `patients.guidance` the question asks for."""
    return tuple(kind for kind, asked in (("prrt", f.asks_prrt), ("tare", f.asks_embolization)) if asked)


def criteria(f: CaseFacts, tables: Iterable[Eligibility]) -> Criteria:
    """What fails in the tables that were computed, and a patient who does not agree."""
    read = tuple(tables)
    failed = [Failed("Consent", "the patient does not agree to the discussion")] if f.consent is False else []
    failed += [
        Failed(
            row.name,
            row.value,
            row.on,
            row.threshold,
            forbids=row.state == NOT_MET,
            unsigned=row.unsigned,
            kind=table.kind,
            title=table.title,
        )
        for table in read
        for row in table.rows
        if row.state in {NOT_MET, REVIEW}
    ]
    unknown = sum(row.state in {MISSING, STALE} for table in read for row in table.rows)
    return Criteria(tuple(failed), tuple(table.title for table in read), unknown)
