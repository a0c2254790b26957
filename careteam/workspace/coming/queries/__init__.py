"""Reads for the coming weeks. A new kind of dated work becomes visible by one more entry of `SOURCES`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from careteam.workspace.coming.queries.doses import (
    doses,
    given_doses,
    held_doses,
    overdue_doses,
    overdue_starts,
    starts,
    why_not_give,
)
from careteam.workspace.coming.queries.others import meetings, scans
from careteam.workspace.coming.queries.places import places
from careteam.workspace.coming.queries.preparation import overdue_preparation, preparation
from careteam.workspace.coming.queries.scope import FEW, LIMIT, NOBODY, Found, Scope
from careteam.workspace.coming.rules import Entry

__all__ = [
    "FEW",
    "LIMIT",
    "NOBODY",
    "SOURCES",
    "Coming",
    "Found",
    "Scope",
    "coming",
    "places",
    "why_not_give",
    "within",
]

# Each answers with what falls into the window. The order does not matter.
SOURCES: tuple[Callable[[Scope], Found], ...] = (doses, given_doses, preparation, starts, scans, meetings)
# What should have happened already.
OVERDUE: tuple[Callable[[Scope], Found], ...] = (overdue_doses, overdue_preparation, overdue_starts)


@dataclass(frozen=True)
class Coming:
    """Everything of a window: entries (perhaps cut), complete counts, what is overdue, what is held."""

    entries: tuple[Entry, ...]
    counts: Counter[tuple[date, str]]
    overdue: tuple[Entry, ...]
    held: tuple[Entry, ...]
    is_cut: bool

    @property
    def patient_ids(self) -> set[int]:
        rows = (*self.entries, *self.overdue, *self.held)
        return {entry.patient_id for entry in rows if entry.patient_id is not None}


def within(scope: Scope) -> list[Found]:
    """What falls into the window, source by source: at most two queries each, and one for its owners."""
    return [source(scope) for source in SOURCES]


def coming(scope: Scope) -> Coming:
    """The weeks of the scope, with what is overdue and what is held; the number of rows costs no query."""
    found = within(scope)
    counts: Counter[tuple[date, str]] = Counter()
    for each in found:
        counts.update(each.counts)
    late, held = [source(scope) for source in OVERDUE], held_doses(scope)
    return Coming(
        entries=tuple(entry for each in found for entry in each.entries),
        counts=counts,
        overdue=_by_day(late),
        held=_by_day(held),
        is_cut=any(each.is_cut for each in (*found, *late, *held)),
    )


def _by_day(found: list[Found]) -> tuple[Entry, ...]:
    entries = (entry for each in found for entry in each.entries)
    return tuple(sorted(entries, key=lambda entry: (entry.on, entry.patient, entry.key)))
