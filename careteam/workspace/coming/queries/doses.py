"""Doses of running lines, lines that start, procedures: what treatment plans for the coming weeks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, QuerySet
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.workspace.coming.queries.scope import Found, Scope, gather, of_scope, oldest, owned, owners_of
from careteam.workspace.coming.rules import KIND_OF_MODALITY, Entry, Kind, kind_of, modalities_of
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.policies import why_not_record_dose
from patients.treatment.rules import AdministrationStatus, LineStatus

if TYPE_CHECKING:
    from careteam.people.models import User

DOSE_KINDS = (Kind.INJECTION, Kind.CYCLE, Kind.PRRT, Kind.PROCEDURE)
_PROCEDURES = frozenset(modality for modality, kind in KIND_OF_MODALITY.items() if kind is Kind.PROCEDURE)


def _doses(scope: Scope) -> QuerySet[Administration]:
    rows = Administration.objects.valid().filter(of_scope(scope), owned(scope, "line", "line_id"))
    if scope.modality:
        rows = rows.filter(line__modality=scope.modality)
    if scope.kind:
        rows = rows.filter(line__modality__in=modalities_of(scope.kind))
    # In the order of the index, so that a page costs its own rows only; names are sorted within the day later.
    return rows.select_related("line", "patient").order_by("planned_on", "patient_id", "pk")


def planned_dose_rows(scope: Scope) -> QuerySet[Administration]:
    """Doses, cycles and sessions of running lines that are planned inside the window."""
    return _doses(scope).filter(
        status=AdministrationStatus.PLANNED,
        line__status=LineStatus.ACTIVE,
        planned_on__range=(scope.window.since, scope.window.until),
    )


def given_dose_rows(scope: Scope) -> QuerySet[Administration]:
    """What was given inside the window."""
    rows = _doses(scope).filter(
        status=AdministrationStatus.GIVEN, given_on__range=(scope.window.since, scope.window.until)
    )
    return rows.order_by("given_on", "patient_id", "pk")


def doses(scope: Scope) -> Found:
    """Planned doses, cycles and sessions of running lines inside the window."""
    if not scope.wants(*DOSE_KINDS):
        return Found()
    return gather(planned_dose_rows(scope), scope, lambda first: dose_entries(first, scope), _by_modality)


def given_doses(scope: Scope) -> Found:
    """The part of the week that is done."""
    if not scope.wants(*DOSE_KINDS):
        return Found()
    return gather(given_dose_rows(scope), scope, lambda first: dose_entries(first, scope), _given_by_modality)


def overdue_doses(scope: Scope) -> Found:
    """Planned for a day that has passed, and nobody has said what became of them; the oldest first."""
    if not scope.wants(*DOSE_KINDS):
        return Found()
    rows = _doses(scope).filter(
        status=AdministrationStatus.PLANNED, line__status=LineStatus.ACTIVE, planned_on__lt=scope.today
    )
    return oldest(rows, scope, lambda first: dose_entries(first, scope))


def held_doses(scope: Scope) -> list[Found]:
    """Held until somebody dates them anew, and what a line on hold had planned."""
    if not scope.wants(*DOSE_KINDS):
        return []
    # Two questions, each with an index of its own; as one condition they would read every dose.
    held = _doses(scope).filter(
        status=AdministrationStatus.HELD, line__status__in=[LineStatus.ACTIVE, LineStatus.ON_HOLD]
    )
    paused = _doses(scope).filter(status=AdministrationStatus.PLANNED, line__status=LineStatus.ON_HOLD)
    return [oldest(rows, scope, lambda first: dose_entries(first, scope)) for rows in (held, paused)]


def starts(scope: Scope) -> Found:
    """Planned lines that are to start inside the window; procedures stand among the procedures."""
    if not scope.wants(Kind.START, Kind.PROCEDURE):
        return Found()
    return gather(start_rows(scope), scope, start_entries, _starts_by_kind)


def start_rows(scope: Scope) -> QuerySet[TreatmentLine]:
    """Lines that are to start inside the window."""
    return _starts(scope).filter(planned_on__range=(scope.window.since, scope.window.until))


def overdue_starts(scope: Scope) -> Found:
    """Lines that were to start on a day that has passed."""
    if not scope.wants(Kind.START, Kind.PROCEDURE):
        return Found()
    return oldest(_starts(scope).filter(planned_on__lt=scope.today), scope, start_entries)


def _starts(scope: Scope) -> QuerySet[TreatmentLine]:
    rows = TreatmentLine.objects.valid().filter(
        of_scope(scope), owned(scope, "line", "pk"), status=LineStatus.PLANNED, planned_on__isnull=False
    )
    if scope.modality:
        rows = rows.filter(modality=scope.modality)
    if scope.kind == Kind.PROCEDURE:
        rows = rows.filter(modality__in=_PROCEDURES)
    elif scope.kind == Kind.START:
        rows = rows.exclude(modality__in=_PROCEDURES)
    return rows.select_related("patient").order_by("planned_on", "patient_id", "pk")


def dose_entries(rows: list[Administration], scope: Scope) -> list[Entry]:
    owners = owners_of((row.patient_id for row in rows), (f"line:{row.line_id}" for row in rows))
    return [_dose(row, owners.get(f"line:{row.line_id}", ""), scope) for row in rows]


def start_entries(rows: list[TreatmentLine]) -> list[Entry]:
    owners = owners_of((row.patient_id for row in rows), (f"line:{row.pk}" for row in rows))
    return [_start(row, owners.get(f"line:{row.pk}", "")) for row in rows]


def why_not_give(dose: Administration, user: User, today: date) -> tuple[str, ...]:
    """Why the dose cannot be recorded as given today from a list (empty: it can)."""
    return tuple(why_not_record_dose(dose, AdministrationStatus.GIVEN, user, on=today, today=today))


def _dose(row: Administration, owner: str, scope: Scope) -> Entry:
    line = row.line
    of = f" of {line.planned_count}" if line.planned_count else ""
    which = f"{_word(line)} {row.number}{of}"
    is_done = row.status == AdministrationStatus.GIVEN
    if is_done:
        note = f"given elsewhere: {row.given_elsewhere}" if row.given_elsewhere else ""
    elif row.status == AdministrationStatus.HELD:
        note = f"held: {row.reason}" if row.reason else "held"
    elif line.status == LineStatus.ON_HOLD:
        note = "line on hold"
    elif row.moved_from:
        note = "moved" + (f": {row.reason}" if row.reason else "")
    else:
        note = ""
    records = access_of(scope.user).may(Permission.ADMINISTRATION_RECORD, row.patient.team_id)
    return Entry(
        key=f"dose:{row.pk}",
        kind=kind_of(line.modality),
        on=row.given_on if row.given_on is not None else row.planned_on,
        what=f"{line.label}, {which}",
        short=f"{line.agent or line.get_modality_display()}, {which}",
        url=reverse("dose-record", args=[row.patient_id, row.pk])
        if records and not is_done
        else reverse("line-page", args=[row.patient_id, line.pk]),
        note=note,
        patient_id=row.patient_id,
        patient=row.patient.name,
        patient_url=reverse("patient", args=[row.patient_id]),
        owner=owner,
        modality=line.modality,
        dose_id=row.pk,
        version=row.version,
        why_not=why_not_give(row, scope.user, scope.today),
        is_done=is_done,
    )


def _word(line: TreatmentLine) -> str:
    kind = kind_of(line.modality)
    return {Kind.CYCLE: "cycle" if line.planned_count else "dose", Kind.PROCEDURE: "session"}.get(kind, "dose")


def _start(row: TreatmentLine, owner: str) -> Entry:
    is_procedure = row.modality in _PROCEDURES
    return Entry(
        key=f"line:{row.pk}",
        kind=Kind.PROCEDURE if is_procedure else Kind.START,
        on=row.planned_on or date.max,
        what=row.label if is_procedure else f"Start {row.label}",
        short=row.agent or row.get_modality_display(),
        url=reverse("line-page", args=[row.patient_id, row.pk]),
        note=row.site if is_procedure else "",
        patient_id=row.patient_id,
        patient=row.patient.name,
        patient_url=reverse("patient", args=[row.patient_id]),
        owner=owner,
        modality=row.modality,
    )


def _by_modality(rows: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
    counted = rows.values_list("planned_on", "line__modality").annotate(n=Count("pk"))
    return ((on, str(kind_of(modality)), number) for on, modality, number in counted)


def _given_by_modality(rows: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
    counted = rows.values_list("given_on", "line__modality").annotate(n=Count("pk"))
    return ((on, str(kind_of(modality)), number) for on, modality, number in counted)


def _starts_by_kind(rows: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
    counted = rows.values_list("planned_on", "modality").annotate(n=Count("pk"))
    return (
        (on, str(Kind.PROCEDURE if modality in _PROCEDURES else Kind.START), number) for on, modality, number in counted
    )
