"""Limits besides the ladder that were passed, each reminded of once: a report without review, a scan without report, a
progression without decision, images that were asked for and did not come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.commands import Message, notify_many
from careteam.notifications.models import InboxItem
from careteam.people.models import Team
from careteam.web.words import day
from patients.imaging.commands.base import LATE_KINDS, REMINDER_KIND, REVIEW_KIND, late_key
from patients.imaging.commands.isolating import isolating
from patients.imaging.commands.staffing import Staff, responsible_of
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.worklist import (
    awaited_images,
    overdue_decisions,
    overdue_reports,
    overdue_reviews,
)
from patients.protocol.queries import number

BATCH = 2000


@dataclass(frozen=True)
class Limit:
    """One limit. `words` take study and limit; the clinician's are told to who decides, the others to the owner."""

    kind: str
    inbox_kind: str
    url: str
    words: Callable[[ImagingStudy, date], str]
    to_clinician: bool


LIMITS = (
    Limit("review", REVIEW_KIND, "study-review", lambda s, on: f"Review overdue: {s}, limit {day(on)}", True),
    Limit("decision", REVIEW_KIND, "study-page", lambda s, on: f"Progression, decide: {s}, limit {day(on)}", True),
    Limit("report", REMINDER_KIND, "study-page", lambda s, on: f"No report yet: {s}, limit {day(on)}", False),
    Limit("images", REMINDER_KIND, "study-page", lambda s, on: f"Images not here: {s}, asked {day(on)}", False),
)


def _passed(kind: str, team: Team, today: date) -> QuerySet[Any]:
    if kind == "review":
        return overdue_reviews([team.pk], today)
    if kind == "decision":
        return overdue_decisions([team.pk], today)
    if kind == "report":
        return overdue_reports([team.pk], today)
    return awaited_images([team.pk], today - timedelta(days=number(team.pk, "images.chase").days))


def remind_late(team: Team, today: date, staff: Staff, *, now: datetime) -> tuple[int, list[int]]:
    """One reminder for each limit that was passed, once per study and limit; taken back and passed again, again. How
    many, and the studies that could not be reminded of."""
    total = 0
    stuck: list[int] = []
    for limit in LIMITS:
        count, failed = _remind_limit(limit, team, today, staff, spare=len(stuck), now=now)
        total += count
        stuck += failed
    return total, stuck


def _remind_limit(
    limit: Limit, team: Team, today: date, staff: Staff, *, spare: int, now: datetime
) -> tuple[int, list[int]]:
    column = LATE_KINDS[limit.kind]
    key = Concat(Value(f"{limit.kind}:"), Cast("pk", CharField()), Value(":"), Cast(column, CharField()))
    late = (
        _passed(limit.kind, team, today)
        .annotate(inbox_key=key)
        .filter(~Exists(InboxItem.objects.filter(key=OuterRef("inbox_key"), withdrawn_at__isnull=True)))
        .order_by(column, "pk")
    )
    found = list(late.values_list("pk", flat=True)[:BATCH])
    return isolating(found, lambda ids: _remind(limit, team, staff, late.filter(pk__in=ids), now=now), spare=spare)


@transaction.atomic
def _remind(limit: Limit, team: Team, staff: Staff, late: QuerySet[Any], *, now: datetime) -> int:
    studies = list(late.select_for_update(of=("self",), skip_locked=True))
    if not studies:
        return 0
    column = LATE_KINDS[limit.kind]
    responsible = responsible_of(study.patient_id for study in studies) if limit.to_clinician else {}
    messages = []
    for study in studies:
        on = getattr(study, column)
        messages += [
            Message(
                recipient_id=person,
                key=late_key(limit.kind, study.pk, on),
                kind=limit.inbox_kind,
                title=limit.words(study, on),
                url=reverse(limit.url, args=[study.pk]),
                patient_id=study.patient_id,
                due_on=on,
                is_urgent=limit.kind == "review" and study.is_urgent,
            )
            for person in _recipients(limit, study, staff, responsible.get(study.patient_id))
        ]
    if notify_many(messages, now=now) == 0:
        return 0
    record(
        "imaging.remind_late",
        by=None,
        now=now,
        patient_ids=[study.patient_id for study in studies],
        team_id=team.pk,
        kind=Kind.SYSTEM,
        details={limit.kind: len(studies)},
    )
    return len(studies)


def _recipients(limit: Limit, study: ImagingStudy, staff: Staff, responsible: int | None) -> Iterable[int]:
    """The responsible clinician (after progression else who reviewed), or the owner; else leads and coordinators."""
    if limit.to_clinician:
        reviewer = study.reviewed_by_id if limit.kind == "decision" else None
        person = staff.present(responsible) or staff.present(reviewer)
        everybody = [*dict.fromkeys([*staff.leads, *staff.coordinators])] or staff.somebody
        return [person] if person is not None else everybody
    owner = staff.present(study.owner_id)
    return [owner] if owner is not None else staff.somebody
