"""The figures of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, F, Func

from patients.protocol.queries import numbers
from tumorboard.decisions.rules import DeviationReason
from tumorboard.readiness.rules import Item
from tumorboard.referrals.rules import DeferReason
from tumorboard.reports.queries.definitions import (
    NEW_PATIENTS,
    WHY,
    Scope,
    bases,
    counts_of,
    listed,
    read_counts,
    span_values,
)
from tumorboard.reports.rules import GROUPS, Concordance, FigureKey, SpanKey, quantile, share

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import TextChoices


@dataclass(frozen=True)
class Figure:
    key: FigureKey
    count: int
    of: int | None = None

    @property
    def label(self) -> str:
        return self.key.label

    @property
    def percent(self) -> float | None:
        return share(self.count, self.of)


@dataclass(frozen=True)
class Span:
    """How long something took: median and ninth decile of so many cases."""

    key: SpanKey
    cases: int
    median: float | None
    ninth: float | None

    @property
    def label(self) -> str:
        return self.key.label


@dataclass(frozen=True)
class Reason:
    code: str
    label: str
    count: int


@dataclass(frozen=True)
class Benchmark:
    """A configured number that a figure is held against. `is_settled` False: local, nobody has signed it."""

    name: str
    value: float
    source: str
    is_settled: bool


@dataclass(frozen=True)
class Figures:
    """`reasons` by the figure that they explain; `benchmarks` by their codes in the protocol."""

    counts: Mapping[FigureKey, int]
    spans: tuple[Span, ...]
    reasons: Mapping[FigureKey, tuple[Reason, ...]]
    benchmarks: Mapping[str, Benchmark]

    def figure(self, key: FigureKey) -> Figure:
        return Figure(key, self.counts[key], self.counts[key.whole] if key.whole else None)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
        return tuple((name, tuple(self.figure(key) for key in keys)) for name, keys in GROUPS)

    @property
    def concordance(self) -> Concordance:
        return Concordance(
            full=self.counts[FigureKey.IMPLEMENTED],
            partial=self.counts[FigureKey.PARTLY],
            discordant=self.counts[FigureKey.NOT_IMPLEMENTED],
        )


_WORDS: dict[FigureKey, type[TextChoices]] = {
    FigureKey.DEFERRED: DeferReason,
    FigureKey.DEVIATED: DeviationReason,
    FigureKey.LACKING: Item,
}
BENCHMARKS = (
    "board.prospective",
    "board.presented",
    "board.new_patients",
    "board.concordance",
    "board.partial",
    "board.discordant",
    "board.patient_choice",
)


def figures(scope: Scope, *, protocol_of: int | None = None, new_patients: bool = False) -> Figures:
    """Counts, spans and reasons of the scope; `protocol_of` is the team whose benchmarks hold; `new_patients`: those
    are counted too. The number of queries depends on nothing that is counted."""
    counts: dict[FigureKey, int] = {}
    for rows, conditions in bases(scope):
        if conditions is NEW_PATIENTS and not new_patients:
            continue
        counts |= read_counts(rows.aggregate(**counts_of(conditions)), conditions)
    return Figures(
        counts=counts,
        spans=spans(span_values(scope)),
        reasons={key: _reasons(key, scope) for key in WHY},
        benchmarks=benchmarks(protocol_of) if protocol_of else {},
    )


def spans(measured: Iterable[tuple[date, Mapping[SpanKey, float]]]) -> tuple[Span, ...]:
    """Each span of the cases that have it."""
    values: dict[SpanKey, list[float]] = {span: [] for span in SpanKey}
    for _, took in measured:
        for span, value in took.items():
            values[span].append(value)
    return tuple(Span(span, len(found), quantile(found, 0.5), quantile(found, 0.9)) for span, found in values.items())


def benchmarks(team_id: int) -> dict[str, Benchmark]:
    """By the second part of the code: `concordance` of `board.concordance`."""
    known = numbers(team_id)
    return {
        code.partition(".")[2]: Benchmark(
            known[code].definition.name,
            float(known[code].value),
            known[code].definition.source,
            known[code].is_settled,
        )
        for code in BENCHMARKS
    }


def reason_label(key: FigureKey, code: str) -> str:
    """The words of a coded reason of the figure; empty for none, or one that is not on its list."""
    return str(dict(_WORDS[key].choices).get(code, "")) if code and key in _WORDS else ""


def _reasons(key: FigureKey, scope: Scope) -> tuple[Reason, ...]:
    """The coded reasons behind a figure, the most frequent first."""
    rows = listed(key, scope).order_by()
    if key is FigureKey.LACKING:
        rows = rows.annotate(why=Func(F("lacked_at_cutoff"), function="unnest"))
    else:
        rows = rows.annotate(why=F(WHY[key]))
    labels = dict(_WORDS[key].choices)
    found = [
        Reason(code, str(labels.get(code, "Not said")), count)
        for code, count in rows.values_list("why").annotate(many=Count("pk"))
    ]
    return tuple(sorted(found, key=lambda reason: (-reason.count, reason.label)))
