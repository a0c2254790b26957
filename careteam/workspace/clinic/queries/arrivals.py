"""Who comes: visits, doses, starts and scans of patients in care."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import DateField, DateTimeField, F, QuerySet, Value
from django.db.models.functions import Cast
from django.urls import reverse

from careteam.workspace.clinic.queries.day import ClinicDay
from careteam.workspace.clinic.rules import CLINIC_OF, Clinic, Reason
from careteam.workspace.coming.queries.doses import (
    dose_entries,
    given_dose_rows,
    planned_dose_rows,
    start_entries,
    start_rows,
)
from careteam.workspace.coming.queries.others import scan_entries, scan_rows
from careteam.workspace.coming.queries.scope import Scope
from careteam.workspace.coming.rules import Window, modalities_of
from patients.record.models import Encounter, Patient, among
from patients.record.rules.visits import NOT_COMING, VisitKind, VisitStatus, visit_status

_NO_HOUR = Cast(Value(None), DateTimeField())
_NO_DAY = Cast(Value(None), DateField())


@dataclass(frozen=True)
class Arrival:
    """Somebody is expected on a day, at an hour where one is known."""

    patient_id: int
    name: str
    on: date
    at: datetime | None

    @property
    def order(self) -> tuple[bool, float, str]:
        return (self.at is None, self.at.timestamp() if self.at else 0.0, self.name)


def expected(day: ClinicDay, window: Window, *, limit: int | None = None) -> list[Arrival]:
    """Everybody who comes inside the window, once per thing they come for; of each thing at most `limit`, the
    earliest. One query."""
    scope = day.scope(window)
    dated = [(rows, "planned_on") for rows in (*_planned(day, scope), *_starting(day, scope))]
    dated += [(rows, "given_on") for rows in _given(day, scope)]
    timed = [(rows, "scheduled_for") for rows in _scanned(day, scope)]
    timed += [(rows, "starts_at") for rows in _visiting(day, scope)]
    parts: list[QuerySet[Any, Any]] = [_columns(rows, F(name), _NO_HOUR, name)[:limit] for rows, name in dated]
    parts += [_columns(rows, _NO_DAY, F(name), name)[:limit] for rows, name in timed]
    if not parts:
        return []
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return [
        Arrival(patient_id, name, on or at.astimezone(day.zone).date(), at.astimezone(day.zone) if at else None)
        for patient_id, name, on, at in found
    ]


def _columns(rows: QuerySet[Any], on: Any, at: Any, order: str) -> QuerySet[Any, Any]:
    dated: QuerySet[Any] = rows.order_by(order).annotate(day=on, hour=at)
    return dated.values_list("patient_id", "patient__sort_key", "day", "hour")


def _of_clinic(day: ClinicDay, rows: QuerySet[Any], path: str) -> Iterator[QuerySet[Any]]:
    """Rows of lines, narrowed to the clinic where their kind is given and to the site."""
    kinds = [kind for kind, clinic in CLINIC_OF.items() if day.wants(clinic)]
    modalities = {modality for kind in kinds for modality in modalities_of(kind)}
    if day.clinic:
        rows = rows.filter(**{f"{path}modality__in": modalities})
    if day.site:
        rows = rows.filter(**{f"{path}plan__place": int(day.site)})
    if modalities:
        yield rows


def _planned(day: ClinicDay, scope: Scope) -> Iterator[QuerySet[Any]]:
    return _of_clinic(day, planned_dose_rows(scope), "line__")


def _given(day: ClinicDay, scope: Scope) -> Iterator[QuerySet[Any]]:
    return _of_clinic(day, given_dose_rows(scope), "line__")


def _starting(day: ClinicDay, scope: Scope) -> Iterator[QuerySet[Any]]:
    return _of_clinic(day, start_rows(scope), "")


def _scanned(day: ClinicDay, scope: Scope) -> Iterator[QuerySet[Any]]:
    if day.wants(Clinic.IMAGING) and not day.site:
        yield scan_rows(scope)


def _visiting(day: ClinicDay, scope: Scope) -> Iterator[QuerySet[Encounter]]:
    if not day.wants(Clinic.VISIT) or day.site:
        return
    start, end = scope.moments
    patients = Patient.objects.in_care().filter(team_id__in=scope.team_ids)
    if scope.patient_ids is not None:
        patients = patients.filter(pk__in=among(scope.patient_ids))
    rows = Encounter.objects.valid().filter(starts_at__gte=start, starts_at__lt=end, patient__in=patients)
    yield rows.exclude(status__in=NOT_COMING)


def reasons_of(day: ClinicDay, ids: frozenset[int]) -> dict[int, list[Reason]]:
    """Why these come on the day, in words, with the page of each."""
    scope = day.scope(Window(day.on, weeks=0), ids)
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for patient_id, reason in _visit_reasons(day, scope):
        reasons[patient_id].append(reason)
    doses = [dose for rows in (*_planned(day, scope), *_given(day, scope)) for dose in rows]
    starting = [line for rows in _starting(day, scope) for line in rows]
    scanned = [study for rows in _scanned(day, scope) for study in rows.select_related("patient", "owner")]
    for entry in (*dose_entries(doses, scope), *start_entries(starting), *scan_entries(scanned, scope)):
        if entry.patient_id is not None:
            reasons[entry.patient_id].append(Reason(entry.what, entry.url, entry.at, entry.is_done))
    return reasons


def _visit_reasons(day: ClinicDay, scope: Scope) -> Iterator[tuple[int, Reason]]:
    words = dict(VisitKind.choices)
    for visit in (visit for rows in _visiting(day, scope) for visit in rows.order_by("starts_at", "pk")):
        kind = words.get(visit.kind, visit.kind.capitalize() or "Visit")
        what = ", ".join(part for part in (kind, visit.reason, visit.with_whom) if part)
        is_done = visit_status(visit.status) is VisitStatus.CAME
        url = reverse("patient", args=[visit.patient_id])
        at = visit.starts_at.astimezone(day.zone)
        yield visit.patient_id, Reason(what, url, at, is_done, visit.pk, visit.version)
