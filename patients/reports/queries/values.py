"""Markers and weight as curves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from patients.record.models import Measurement, Patient
from patients.record.queries import spoken
from patients.record.rules import CGA, WEIGHT, in_preferred
from patients.reports.rules import Curve, Point

# What is drawn as a curve: label, codes (LOINC). A marker that spans a decade or more gets a logarithmic axis.
CURVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CgA", (CGA,)),
    ("CgA, molar", ("25587-7",)),
    ("CgA, units", ("30169-7",)),
    ("5-HIAA", ("1695-6",)),
    ("NSE", ("57371-7", "15060-7")),
    ("NT-proBNP", ("33762-6",)),
    ("Weight", (WEIGHT,)),
)
DECADE = 10
PPI_MATTERS = frozenset({CGA, "25587-7", "30169-7"})  # `clinical.md` 3.3: a PPI raises chromogranin A


@dataclass(frozen=True)
class _Value:
    on: date
    value: float
    unit: str
    assay: str
    on_ppi: bool
    limit: float | None


def curves_of(patient: Patient) -> tuple[Curve, ...]:
    """Markers and weight, each as its team reads it; values in units that cannot be converted stand in the record."""
    codes = {code: label for label, codes in CURVES for code in codes}
    series: dict[str, list[_Value]] = defaultdict(list)
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=codes, value__isnull=False)
        .order_by("taken_at", "pk")
        .values_list("code", "taken_at", "value", "unit", "assay", "on_ppi", "reference_high")
    )
    system = patient.team.units
    for code, at, stored, unit, assay, on_ppi, high in rows:
        value, name = in_preferred(code, stored, unit, system)
        limit = float(in_preferred(code, high, unit, system)[0]) if high is not None else None
        series[codes[code]].append(_Value(patient.team.local_date(at), float(value), name, assay, bool(on_ppi), limit))
    url = reverse("record-page", args=[patient.pk])
    curves = []
    for label, known in CURVES:
        values = series.get(label)
        if not values:
            continue
        unit = values[-1].unit
        same = [value for value in values if value.unit == unit]
        is_marker = WEIGHT not in known
        spread = [value.value for value in same if value.value > 0]
        limit = next((value.limit for value in reversed(same) if value.limit is not None), None) if is_marker else None
        curves.append(
            Curve(
                label,
                spoken(unit),
                tuple(
                    Point(value.on, value.value, value.assay, on_ppi=value.on_ppi and known[0] in PPI_MATTERS)
                    for value in same
                ),
                url,
                limit=limit,
                log=is_marker and bool(spread) and max(spread) >= DECADE * min(spread),
            )
        )
    return tuple(curves)
