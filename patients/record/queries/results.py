"""Results over time, in the units in which the patient's team reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from careteam.web.svg import LinearScale, LogScale, Point, Sparkline, TimeScale, path, sparkline, tidy
from patients.record.models import Measurement, Medication, Patient
from patients.record.rules import MEASURES, SHEET, DrugClass, Measure, Unit, in_preferred, plain

SERIES_LENGTH = 12
ANNOTATION = re.compile(r"\{([^}]*)\}?")  # UCUM annotations: {score}, {1.73_m2}
DECADE = 10


def spoken(unit: str) -> str:
    """A UCUM unit that we do not know, as people write it."""
    return "" if unit == "1" else ANNOTATION.sub(r"\1", unit).replace("_", " ")


@dataclass(frozen=True)
class Result:
    """One result as the team reads it. `value` None: the result is words. `entered` is what was typed or sent, when
    that was in another unit. `beside`: why it cannot be compared with the result before ("" when it can)."""

    row: Measurement
    value: Decimal | None
    unit: str
    low: Decimal | None
    high: Decimal | None
    entered: str = ""
    beside: str = ""
    change: str = ""
    implausible: bool = False

    @property
    def text(self) -> str:
        if self.value is None:
            return self.row.text
        return f"{self.row.comparator}{plain(self.value)}"

    @property
    def reading(self) -> str:
        if self.value is None:
            return self.row.interpretation
        if self.high is not None and self.value > self.high:
            return "High"
        return "Low" if self.low is not None and self.value < self.low else ""

    @property
    def reference(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{plain(self.low)}–{plain(self.high)}"
        return f"ULN {plain(self.high)}" if self.high is not None else ""


def result_of(row: Measurement, system: str) -> Result:
    """The row in the team's unit (`conventional` or `si`)."""

    def here(value: Decimal | None, original: str = "") -> Decimal | None:
        if value is None or not row.unit:
            return value  # sent without a unit: as it was sent
        return in_preferred(row.code, value, row.unit, system, original=original, original_unit=row.original_unit)[0]

    measure = MEASURES.get(row.code)
    _, unit = in_preferred(row.code, Decimal(1), row.unit, system)
    if measure is None or measure.unit_named(row.unit) is None:
        unit = spoken(row.unit)
    value = here(row.value, row.original_value)
    entered = ""
    known = measure.unit_named(row.original_unit) if measure and row.original_unit else None
    if row.value is not None and row.original_value and row.original_unit and (known is None or known.name != unit):
        entered = f"{row.original_value} {known.name if known else spoken(row.original_unit)}".strip()
    possible = measure is None or row.value is None or measure.unit_named(row.unit) is not measure.unit
    return Result(
        row,
        value,
        unit,
        here(row.reference_low),
        here(row.reference_high),
        entered if entered != f"{plain(value) if value is not None else ''} {unit}".strip() else "",
        implausible=not possible and not measure.unit.low <= row.value <= measure.unit.high,  # type: ignore[union-attr, operator]
    )


def not_comparable(measure: Measure | None, before: Measurement, row: Measurement) -> str:
    """Why two results of a test must not be compared: other assays are other numbers, a PPI raises chromogranin A
    (`clinical.md` 3.3). Empty when they can be."""
    if measure is None:
        return ""
    if measure.by_assay and before.assay != row.assay:
        return "other assay" if before.assay and row.assay else "assay not stated"
    if measure.ppi_matters and bool(before.on_ppi) != bool(row.on_ppi):
        return "PPI started" if row.on_ppi else "PPI stopped"
    return ""


@dataclass(frozen=True)
class Trend:
    """One measured thing: the latest result and its series, oldest first, in one unit."""

    code: str
    label: str
    latest: Result
    values: tuple[float, ...]
    broken: str = ""

    @property
    def spark(self) -> Sparkline | None:
        if len(self.values) < 2:
            return None
        return sparkline(self.values, label=f"{self.label}, last {len(self.values)} comparable values")

    @property
    def unit(self) -> str:
        return self.latest.unit

    @property
    def reference(self) -> str:
        return self.latest.reference

    @property
    def reading(self) -> str:
        return self.latest.reading

    @property
    def link_code(self) -> str:
        """The code where it can stand in an address, else empty."""
        return self.code if re.fullmatch(r"[-\w]+", self.code) else ""


def trends_of(patient: Patient) -> tuple[Trend, ...]:
    """Every measured code with its last values, in one query; known tests first, in the order of the catalog. The
    course begins anew where assay or PPI changed: what lies before cannot be compared."""
    series: dict[str, list[Measurement]] = {}
    recent = (
        Measurement.objects.valid()
        .filter(patient=patient)
        .annotate(place=Window(RowNumber(), partition_by=[F("code")], order_by=[F("taken_at").desc(), F("id").desc()]))
        .filter(place__lte=SERIES_LENGTH)
        .order_by("code", "taken_at", "pk")
    )
    for row in recent:
        series.setdefault(row.code, []).append(row)
    order = {code: position for position, code in enumerate(MEASURES)}
    codes = sorted(series, key=lambda code: (order.get(code, len(order)), series[code][-1].label))
    return tuple(_trend(code, series[code], patient.team.units) for code in codes)


def _trend(code: str, rows: list[Measurement], system: str) -> Trend:
    measure, start, why = MEASURES.get(code), 0, ""
    for n in range(1, len(rows)):
        if broken := not_comparable(measure, rows[n - 1], rows[n]):
            start, why = n, broken
    results = [result_of(row, system) for row in rows[start:]]
    latest = results[-1]
    values = tuple(float(found.value) for found in results if found.value is not None and found.unit == latest.unit)
    return Trend(code, measure.label if measure else latest.row.label, latest, values, why)


# --- one test ---------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1060, 200, 56, 16, 14, 26


@dataclass(frozen=True)
class Dot:
    """One value of the drawing; `old` lies before a change of assay and is drawn in grey."""

    x: float
    y: float
    title: str
    row_id: int
    old: bool


@dataclass(frozen=True)
class Plot:
    """The course of one test: one path for each stretch that can be compared, the last one in full color."""

    width: int
    height: int
    left: int
    right: float
    strands: tuple[tuple[str, bool], ...]
    dots: tuple[Dot, ...]
    limit_y: float | None
    top_label: str
    low_label: str
    top_y: float
    low_y: float
    first: date
    last: date


@dataclass(frozen=True)
class Series:
    """All results of one test, newest first, with the drawing."""

    code: str
    label: str
    measure: Measure | None
    unit: str
    results: tuple[Result, ...]
    plot: Plot | None
    since_last: int
    breaks: int


def series_of(patient: Patient, code: str, today: date) -> Series | None:
    """Every valid result of the test; None when there is none (one query)."""
    rows = list(Measurement.objects.valid().filter(patient=patient, code=code).order_by("taken_at", "pk"))
    if not rows:
        return None
    measure, team = MEASURES.get(code), patient.team
    results: list[Result] = []
    strand, strands = 0, []
    for n, row in enumerate(rows):
        found = result_of(row, team.units)
        beside = not_comparable(measure, rows[n - 1], row) if n else ""
        strand += bool(beside)
        change = "" if not n or beside else _change(results[-1], found)
        strands.append(strand)
        results.append(replace(found, beside=beside, change=change))
    last_on = team.local_date(rows[-1].taken_at)
    plot = _plot(results, strands, [team.local_date(row.taken_at) for row in rows])
    label = measure.label if measure else rows[-1].label
    return Series(
        code, label, measure, results[-1].unit, tuple(reversed(results)), plot, (today - last_on).days, strand
    )


def _change(before: Result, now: Result) -> str:
    if not before.value or now.value is None or before.unit != now.unit:
        return ""
    if before.row.comparator or now.row.comparator:
        return ""
    percent = (now.value - before.value) * 100 / before.value
    return f"{percent:+.0f} %".replace("-", "−") if abs(percent) >= 1 else "±0 %"


def _plot(results: list[Result], strands: list[int], days: list[date]) -> Plot | None:
    unit = results[-1].unit
    drawn = [
        (day, float(found.value), strand, found)
        for found, strand, day in zip(results, strands, days, strict=True)
        if found.value is not None and found.unit == unit
    ]
    if len(drawn) < 2 or drawn[0][0] == drawn[-1][0]:
        return None
    values = [value for _, value, _, _ in drawn]
    low, high = min(values), max(values)
    across = TimeScale(drawn[0][0], drawn[-1][0], LEFT, WIDTH - RIGHT)
    up: LinearScale | LogScale = LinearScale(low, high or 1, HEIGHT - BOTTOM, TOP)
    if low > 0 and high >= DECADE * low:
        up = LogScale(low, high, HEIGHT - BOTTOM, TOP)
    elif low == high:
        up = LinearScale(low - 1, high + 1, HEIGHT - BOTTOM, TOP)
    newest = strands[-1]
    lines: dict[int, list[Point]] = {}
    dots = []
    for day, value, strand, found in drawn:
        point = (across(day), up(value))
        lines.setdefault(strand, []).append(point)
        title = f"{day:%d %b %Y}: {found.text} {unit}" + (f", {found.row.assay}" if found.row.assay else "")
        dots.append(Dot(*point, title, found.row.pk, strand != newest))
    limit = next((float(found.high) for found in reversed(results) if found.high is not None), None)
    return Plot(
        WIDTH,
        HEIGHT,
        LEFT,
        WIDTH - RIGHT,
        tuple((path(points), strand != newest) for strand, points in lines.items() if len(points) > 1),
        tuple(dots),
        tidy(up(limit)) if limit is not None and low <= limit <= high else None,
        plain(Decimal(str(high))),
        plain(Decimal(str(low))),
        up(high),
        up(low),
        drawn[0][0],
        drawn[-1][0],
    )


# --- the sheet of one day ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SheetLine:
    """One test of the sheet: the unit in which it is typed, and what it was last time."""

    measure: Measure
    unit: Unit
    last: Result | None
    last_on: date | None


def sheet_of(patient: Patient) -> tuple[SheetLine, ...]:
    """The tests of the sheet with their latest results (one query)."""
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=[measure.code for measure in SHEET])
        .order_by("code", "-taken_at", "-pk")
        .distinct("code")
    )
    latest = {row.code: row for row in rows}
    lines = []
    for measure in SHEET:
        row = latest.get(measure.code)
        on = patient.team.local_date(row.taken_at) if row else None
        lines.append(
            SheetLine(
                measure,
                measure.preferred(patient.team.units),
                result_of(row, patient.team.units) if row else None,
                on,
            )
        )
    return tuple(lines)


def takes_ppi(patient: Patient) -> bool:
    """Whether a proton-pump inhibitor is among the current drugs: it raises chromogranin A."""
    drugs = Medication.objects.valid().filter(patient=patient, drug_class=DrugClass.PPI, ended_on__isnull=True)
    return drugs.exists()
