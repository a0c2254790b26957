"""Scans that have a slot, and board meetings: what else fills the coming weeks (capacity will be counted on these)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse

from careteam.workspace.coming.queries.scope import NOBODY, Found, Scope, gather, of_scope
from careteam.workspace.coming.rules import Entry, Kind
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import StudyStatus
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.rules import OPEN_ITEMS, MeetingStatus


def scan_rows(scope: Scope) -> QuerySet[ImagingStudy]:
    """Studies with a slot inside the window."""
    start, end = scope.moments
    rows = (
        ImagingStudy.objects.valid()
        .filter(of_scope(scope), status=StudyStatus.SCHEDULED, scheduled_for__gte=start, scheduled_for__lt=end)
        .filter(team_id__in=scope.team_ids)
    )
    if scope.owner == NOBODY:
        return rows.filter(owner__isnull=True)
    return rows.filter(owner_id=int(scope.owner)) if scope.owner else rows


def scans(scope: Scope) -> Found:
    """Studies with a slot inside the window. A filter by line modality leaves them out: they are no treatment."""
    if not scope.wants(Kind.SCAN) or scope.modality:
        return Found()
    rows = scan_rows(scope).select_related("patient", "owner").order_by("scheduled_for", "pk")

    def counted(queryset: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
        days = queryset.annotate(day=TruncDate("scheduled_for", tzinfo=scope.zone)).values_list("day")
        return ((on, str(Kind.SCAN), number) for on, number in days.annotate(n=Count("pk")))

    return gather(rows, scope, lambda first: scan_entries(first, scope), counted)


def meetings(scope: Scope) -> Found:
    """Meetings of the teams' boards. They belong to no patient and no line: such filters leave them out."""
    if not scope.wants(Kind.MEETING) or scope.modality or scope.site:
        return Found()
    start, end = scope.moments
    rows = (
        Meeting.objects.visible_to(scope.user)
        .sessions()
        .filter(starts_at__gte=start, starts_at__lt=end)
        .exclude(status=MeetingStatus.CANCELLED)
    )
    if scope.owner:
        rows = rows.filter(chair__isnull=True) if scope.owner == NOBODY else rows.filter(chair_id=int(scope.owner))
    rows = (
        rows.select_related("board", "chair")
        .annotate(cases=Count("items", filter=Q(items__status__in=OPEN_ITEMS)))
        .order_by("starts_at", "pk")
    )

    def counted(queryset: QuerySet[Any]) -> Iterable[tuple[date, str, int]]:
        for row in queryset:
            yield scope.local(row.starts_at).date(), str(Kind.MEETING), 1

    return gather(rows, scope, lambda first: [_meeting(row, scope) for row in first], counted)


def scan_entries(rows: list[ImagingStudy], scope: Scope) -> list[Entry]:
    return [_scan(row, scope) for row in rows]


def _scan(row: ImagingStudy, scope: Scope) -> Entry:
    at = scope.local(row.scheduled_for) if row.scheduled_for else None
    return Entry(
        key=f"study:{row.pk}",
        kind=Kind.SCAN,
        on=at.date() if at else date.max,
        at=at,
        what=str(row),
        short=row.get_modality_display(),
        url=reverse("study-page", args=[row.pk]),
        note=row.place,
        patient_id=row.patient_id,
        patient=row.patient.name,
        patient_url=reverse("patient", args=[row.patient_id]),
        owner=str(row.owner or ""),
    )


def _meeting(row: Any, scope: Scope) -> Entry:
    at = scope.local(row.starts_at)
    return Entry(
        key=f"meeting:{row.pk}",
        kind=Kind.MEETING,
        on=at.date(),
        at=at,
        what=row.board.name,
        url=reverse("meeting", args=[row.pk]),
        note=f"{row.cases} on the agenda",
        owner=str(row.chair or ""),
    )
