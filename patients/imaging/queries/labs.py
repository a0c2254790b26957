"""Results of the laboratory, as surveillance looks at them: what answers a study, what it says, whether it is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from careteam.web.words import day, since
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.facts import known_of, labs_missing, resolution_for
from patients.imaging.rules import (
    DONE,
    LABS,
    ONE_DRAW,
    PANELS,
    TESTED,
    TESTS,
    Resolution,
    StudyModality,
    StudyStatus,
    Value,
    days_of,
    is_lab,
    is_too_soon,
    repeat_code,
    repeat_words,
)
from patients.protocol.queries import number
from patients.record.models import Measurement, NextStep, Patient
from patients.record.queries import not_comparable, result_of
from patients.record.rules import MEASURES


@dataclass(frozen=True)
class Drawn:
    """What was measured for one lab, by the day that completed it. `said`: values with units and references as the team
    reads them; `before`: what they were the time before; `is_quiet`: each has a reference range and lies within it."""

    modality: str
    on: date
    rows: tuple[Measurement, ...]
    said: str
    before: str
    is_quiet: bool
    ways: frozenset[str]  # `said` in either unit system: a team that changes its units has changed no result

    @property
    def ids(self) -> list[int]:
        return sorted(row.pk for row in self.rows)


class Results:
    """The patient's results of the tests that surveillance looks at (one query)."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        rows = Measurement.objects.valid().filter(patient=patient, code__in=TESTED).order_by("taken_at", "pk")
        self._by_day: dict[date, list[Measurement]] = defaultdict(list)
        for row in rows:
            self._by_day[patient.team.local_date(row.taken_at)].append(row)
        self._values = [Value(row.code, on) for on, found in self._by_day.items() for row in found]

    def days(self, modality: str) -> tuple[date, ...]:
        """The days on which this lab was measured, newest first."""
        return days_of(modality, self._values)

    def on(self, modality: str, day_: date) -> Drawn:
        codes = TESTS[modality]
        since = day_ - ONE_DRAW if modality in PANELS else day_
        drawn = [row for on in sorted(self._by_day) if since <= on <= day_ for row in self._by_day[on]]
        latest = {row.code: row for row in drawn if row.code in codes}
        rows = tuple(latest[code] for code in codes if code in latest)
        units = self.patient.team.units
        ways = {system: "; ".join(_said(row, system) for row in rows) for system in ("conventional", "si", units)}
        before = "; ".join(filter(None, (self._before(row) for row in rows)))
        return Drawn(modality, day_, rows, ways[units], before, all(map(_is_quiet, rows)), frozenset(ways.values()))

    def _before(self, row: Measurement) -> str:
        on = self.patient.team.local_date(row.taken_at)
        earlier = [r for day_ in sorted(self._by_day) if day_ < on for r in self._by_day[day_] if r.code == row.code]
        if not earlier:
            return ""
        last = earlier[-1]
        found = result_of(last, self.patient.team.units)
        beside = not_comparable(MEASURES.get(row.code), last, row)
        when = day(self.patient.team.local_date(last.taken_at))
        value = f"{_name(row)} {found.text} {found.unit}".rstrip()
        return f"{value} on {when}{f', not comparable: {beside}' if beside else ''}"


def _name(row: Measurement) -> str:
    return MEASURES[row.code].label if row.code in MEASURES else row.label


def _said(row: Measurement, system: str) -> str:
    found = result_of(row, system)
    words = f"{_name(row)} {found.text} {found.unit}".strip()
    inside = ", ".join(filter(None, (found.reference, found.reading.lower())))
    return f"{words} ({inside})" if inside else words


def _is_quiet(row: Measurement) -> bool:
    if row.value is None or row.comparator or row.reference_high is None:
        return False
    return (row.reference_low is None or row.value >= row.reference_low) and row.value <= row.reference_high


@dataclass(frozen=True)
class Repeat:
    """The same was done a short while ago. `days`: how long it counts as new."""

    words: str
    on: date
    days: int


def repeat_of(patient: Patient, modality: str, *, today: date) -> Repeat | None:
    """What was done of this kind so lately that asking again wants a sentence (two or three queries)."""
    days = number(patient.team_id, repeat_code(modality)).days
    name = str(StudyModality(modality).label)
    if is_lab(modality):
        results = Results(patient)
        last = next((on for on in results.days(modality) if on <= today), None)
        if last is None or not is_too_soon(last, today, days):
            return None
        return Repeat(repeat_words(name, last, today, _short(results, modality, last)), last, days)
    done = ImagingStudy.objects.valid().filter(patient=patient, modality=modality, status__in=DONE)
    row = done.filter(performed_on__range=(today - timedelta(days=days), today)).order_by("-performed_on").first()
    if row is None or row.performed_on is None or not is_too_soon(row.performed_on, today, days):
        return None
    return Repeat(f"{row} was done {since(row.performed_on, today)} ({day(row.performed_on)})", row.performed_on, days)


def _short(results: Results, modality: str, on: date) -> str:
    rows = results.on(modality, on).rows
    if len(rows) != 1:
        return ""
    found = result_of(rows[0], results.patient.team.units)
    return f"{found.text} {found.unit}".strip()


def drawn_together(study: ImagingStudy, *, today: date) -> list[ImagingStudy]:
    """The patient's other labs that wait to be ordered or taken and are due soon: one sample serves them all."""
    within = timedelta(days=number(study.team_id, "labs.together").days)
    until = max(study.due_on or today, today) + within
    rows = (
        ImagingStudy.objects.valid()
        .filter(patient_id=study.patient_id, modality__in=LABS, due_on__lte=until)
        .filter(status__in=[StudyStatus.PLANNED, StudyStatus.ORDERED])
        .exclude(pk=study.pk)
    )
    return list(rows.select_related("patient__team", "plan", "owner").order_by("due_on", "pk"))


def waiting_labs(patient: Patient) -> list[Any]:
    """Labs that are outstanding, or whose sample was taken and whose result is not here."""
    rows = ImagingStudy.objects.valid().filter(patient=patient, modality__in=LABS)
    waits = rows.outstanding() | rows.filter(status=StudyStatus.PERFORMED)
    return list(waits.select_related("patient__team", "plan", "owner").order_by("due_on", "pk"))


def measured_studies(patient: Patient) -> Sequence[ImagingStudy]:
    """Labs whose report was made of results."""
    rows = ImagingStudy.objects.valid().filter(patient=patient, modality__in=LABS, status__in=DONE)
    return list(rows.exclude(measured=[]).select_related("patient__team", "plan", "owner").order_by("pk"))


@dataclass(frozen=True)
class LabOffer:
    """A lab that the record asks for: when it would be due, and why. `is_missing`: nobody looks after it and nobody has
    declined it."""

    modality: str
    resolution: Resolution
    is_missing: bool

    @property
    def words(self) -> str:
        found = self.resolution
        unsigned = "" if found.is_settled else " (interval local, unsigned)"
        return f"{StudyModality(self.modality).label}, next due {day(found.due_on)}: {found.why}{unsigned}"


def lab_offers(patient: Patient, *, today: date, every: bool = False) -> tuple[LabOffer, ...]:
    """What may be started for the patient; `every`: also what somebody declined before, as when surveillance begins
    anew."""
    says = known_of([patient.pk])[patient.pk]
    missing = labs_missing(patient.pk, today=today)
    asked = says.asked(today=today) if every else missing
    offers = []
    for modality in asked:
        found = resolution_for(patient.team_id, says.of(today=today, plan_modality=modality))
        if found is not None and modality not in says.running:
            offers.append(LabOffer(modality, found, modality in missing))
    return tuple(offers)


def labs_step(patient_id: int) -> NextStep | None:
    """The open step that asks for labs, if the record asks for any."""
    rows = NextStep.objects.filter(patient_id=patient_id, source_key=f"labs:{patient_id}", closed_at__isnull=True)
    found: NextStep | None = rows.first()
    return found
