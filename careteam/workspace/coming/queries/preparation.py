"""Steps before and after a dose at its site: labs by, go / no-go by, isotope order by, room, nadir labs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.workspace.coming.queries.scope import NOBODY, Found, Scope, gather, of_scope, oldest
from careteam.workspace.coming.rules import Entry, Kind
from patients.treatment.models import PreparationStep
from patients.treatment.rules import AdministrationStatus, LineStatus


def preparation(scope: Scope) -> Found:
    """Open steps that are due inside the window."""
    if not scope.wants(Kind.PREPARATION):
        return Found()
    rows = _steps(scope).filter(due_on__range=(scope.window.since, scope.window.until))
    return gather(rows, scope, lambda first: [_step(row, scope) for row in first], _counted)


def overdue_preparation(scope: Scope) -> Found:
    """Steps whose day has passed and that nobody recorded."""
    if not scope.wants(Kind.PREPARATION):
        return Found()
    rows = _steps(scope).filter(due_on__lt=scope.today)
    return oldest(rows, scope, lambda first: [_step(row, scope) for row in first])


def _steps(scope: Scope) -> QuerySet[PreparationStep]:
    rows = PreparationStep.objects.valid().filter(
        of_scope(scope),
        outcome="",
        dose__error_at__isnull=True,
        dose__status__in=[AdministrationStatus.PLANNED, AdministrationStatus.GIVEN],
        dose__line__status=LineStatus.ACTIVE,
    )
    if scope.modality:
        rows = rows.filter(dose__line__modality=scope.modality)
    if scope.owner:
        rows = rows.filter(owner__isnull=True) if scope.owner == NOBODY else rows.filter(owner_id=int(scope.owner))
    # In the order of the index, as with doses; names are sorted within the day later.
    return rows.select_related("dose__line", "patient", "owner", "site").order_by("due_on", "patient_id", "pk")


def _counted(rows: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
    days = rows.values_list("due_on").annotate(n=Count("pk"))
    return ((on, str(Kind.PREPARATION), number) for on, number in days)


def _step(row: PreparationStep, scope: Scope) -> Entry:
    line = row.dose.line
    records = access_of(scope.user).may(Permission.ADMINISTRATION_RECORD, row.patient.team_id)
    what = str(row.get_kind_display())
    return Entry(
        key=f"step:{row.pk}",
        kind=Kind.PREPARATION,
        on=row.due_on,
        what=f"{what}: {line.agent or line.get_modality_display()}, dose {row.dose.number}",
        short=f"{what}, dose {row.dose.number}",
        url=reverse("step-finish", args=[row.patient_id, row.pk])
        if records
        else reverse("line-page", args=[row.patient_id, line.pk]),
        note=f"dose planned {row.dose.planned_on:%d %b}, {row.site}",
        patient_id=row.patient_id,
        patient=row.patient.name,
        patient_url=reverse("patient", args=[row.patient_id]),
        owner=str(row.owner or row.get_owner_role_display()),
        modality=line.modality,
    )
