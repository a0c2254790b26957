"""Symptoms, distress, weight and performance of one patient over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from careteam.web.svg import Sparkline, sparkline
from patients.record.models import Measurement, Patient, SymptomAssessment
from patients.record.queries.results import Result, result_of
from patients.record.rules import (
    ECOG,
    ESAS_LABELS,
    SEVERE,
    WEIGHT,
    WeightLoss,
    esas_total,
    items_at_least,
    losses_of,
    severity,
    total_change,
)

SHOWN = 12


@dataclass(frozen=True)
class Course:
    """One symptom: the latest score, the one before, the course (oldest first)."""

    label: str
    score: int | None
    before: int | None
    spark: Sparkline | None

    @property
    def severity(self) -> str:
        return severity(self.score)

    @property
    def kind(self) -> str:
        return {"severe": "red", "moderate": "amb"}.get(self.severity, "")

    @property
    def rise(self) -> int:
        """Points above the time before, 0 when not higher."""
        return max(0, (self.score or 0) - (self.before or 0)) if None not in {self.score, self.before} else 0


@dataclass(frozen=True)
class SymptomsNow:
    """`latest` None: never asked. Weights and ECOG oldest first; `loss` over about three and six months."""

    latest: SymptomAssessment | None
    earlier: tuple[SymptomAssessment, ...]
    items: tuple[Course, ...]
    distress: Course | None
    total: int | None
    total_before: int | None
    total_spark: Sparkline | None
    weights: tuple[tuple[date, Result], ...]
    weight_spark: Sparkline | None
    losses: tuple[WeightLoss, ...]
    ecogs: tuple[tuple[date, Result], ...]
    ecog_spark: Sparkline | None

    @property
    def change(self) -> str:
        return total_change(self.total, self.total_before)

    @property
    def severe(self) -> tuple[str, ...]:
        return items_at_least(self.latest.scores, SEVERE) if self.latest else ()

    @property
    def to_review(self) -> tuple[Course, ...]:
        """Moderate: looked at during the next visit (`clinical.md` 5.4)."""
        return tuple(item for item in self.items if item.severity == "moderate")

    @property
    def weight(self) -> Result | None:
        return self.weights[-1][1] if self.weights else None

    @property
    def ecog(self) -> Result | None:
        return self.ecogs[-1][1] if self.ecogs else None

    @property
    def ecog_history(self) -> tuple[tuple[date, Result], ...]:
        """Newest first, one row for each change."""
        kept = [
            pair
            for n, pair in enumerate(self.ecogs)
            if n == len(self.ecogs) - 1 or not n or self.ecogs[n - 1][1].value != pair[1].value
        ]
        return tuple(reversed(kept))


def _spark(values: list[float], label: str) -> Sparkline | None:
    return sparkline(values, label=f"{label}, last {len(values)} times") if len(values) > 1 else None


def _course(label: str, scores: list[int | None]) -> Course:
    known = [float(score) for score in scores if score is not None]
    before = next((score for score in reversed(scores[:-1]) if score is not None), None)
    return Course(label, scores[-1], before, _spark(known, label))


def kilograms(patient: Patient) -> list[tuple[date, Decimal]]:
    """Every weight in kilograms with the day where the team is, oldest first (one query)."""
    rows = Measurement.objects.valid().filter(patient=patient, code=WEIGHT, value__isnull=False, unit="kg")
    local = patient.team.local_date
    return [
        (local(at), value) for at, value in rows.order_by("taken_at", "pk").values_list("taken_at", "value") if value
    ]


def symptoms_of(patient: Patient) -> SymptomsNow:
    """Two queries."""
    found = SymptomAssessment.objects.valid().filter(patient=patient).select_related("answered_by")
    asked = list(found.order_by("-assessed_on", "-pk")[:SHOWN])
    oldest_first = asked[::-1]
    rows: dict[str, list[tuple[date, Result]]] = {WEIGHT: [], ECOG: []}
    taken = Measurement.objects.valid().filter(patient=patient, code__in=[WEIGHT, ECOG], value__isnull=False)
    for row in taken.order_by("taken_at", "pk"):
        rows[row.code].append((patient.team.local_date(row.taken_at), result_of(row, patient.team.units)))
    kilos = [(on, result.row.value) for on, result in rows[WEIGHT] if result.row.unit == "kg" and result.row.value]
    totals = [esas_total(row.scores) for row in oldest_first]

    def label(name: str) -> str:
        other = asked[0].other_name if name == "other" else ""
        return other or ESAS_LABELS[name]

    return SymptomsNow(
        latest=asked[0] if asked else None,
        earlier=tuple(asked[1:]),
        items=tuple(_course(label(name), [row.scores[name] for row in oldest_first]) for name in ESAS_LABELS)
        if asked
        else (),
        distress=_course("Distress", [row.distress for row in oldest_first]) if asked else None,
        total=totals[-1] if totals else None,
        total_before=next((total for total in reversed(totals[:-1]) if total is not None), None),
        total_spark=_spark([float(total) for total in totals if total is not None], "ESAS total"),
        weights=tuple(rows[WEIGHT][-SHOWN:]),
        weight_spark=_spark([float(r.value) for _, r in rows[WEIGHT][-SHOWN:] if r.value is not None], "Weight"),
        losses=losses_of(kilos),
        ecogs=tuple(rows[ECOG]),
        ecog_spark=_spark([float(r.value) for _, r in rows[ECOG][-SHOWN:] if r.value is not None], "ECOG"),
    )
