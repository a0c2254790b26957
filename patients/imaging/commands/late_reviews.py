"""Reports past their review limit, reminded of once."""

from __future__ import annotations

from datetime import date, datetime
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
from patients.imaging.commands.base import REVIEW_KIND, review_key
from patients.imaging.commands.isolating import isolating
from patients.imaging.commands.staffing import Staff, responsible_of
from patients.imaging.queries.worklist import overdue_reviews

BATCH = 2000


def remind_reviews(team: Team, today: date, staff: Staff, *, now: datetime) -> tuple[int, list[int]]:
    """One reminder for each report past its review limit: to the responsible clinician, else to leads and
    coordinators. Once per report and limit; taken back and overdue again, again. How many, and the studies that could
    not be reminded of."""
    key = Concat(Value("review:"), Cast("pk", CharField()), Value(":"), Cast("review_due_on", CharField()))
    late = (
        overdue_reviews([team.pk], today)
        .annotate(inbox_key=key)
        .filter(~Exists(InboxItem.objects.filter(key=OuterRef("inbox_key"), withdrawn_at__isnull=True)))
        .order_by("review_due_on", "pk")
    )
    found = list(late.values_list("pk", flat=True)[:BATCH])
    return isolating(found, lambda ids: _remind(team, today, staff, late.filter(pk__in=ids), now=now))


@transaction.atomic
def _remind(team: Team, today: date, staff: Staff, late: QuerySet[Any], *, now: datetime) -> int:
    studies = list(late.select_for_update(of=("self",), skip_locked=True))
    if not studies:
        return 0
    responsible = responsible_of(study.patient_id for study in studies)
    messages = []
    for study in studies:
        clinician = staff.present(responsible.get(study.patient_id))
        people = [clinician] if clinician is not None else ([*staff.leads, *staff.coordinators] or staff.somebody)
        messages += [
            Message(
                recipient_id=person,
                key=review_key(study.pk, study.review_due_on or today),
                kind=REVIEW_KIND,
                title=f"Review overdue: {study}, limit {day(study.review_due_on)}",
                url=reverse("study-review", args=[study.pk]),
                patient_id=study.patient_id,
                due_on=study.review_due_on,
                is_urgent=study.is_urgent,
            )
            for person in people
        ]
    if notify_many(messages, now=now) == 0:
        return 0
    record(
        "imaging.remind_reviews",
        by=None,
        now=now,
        patient_ids=[study.patient_id for study in studies],
        team_id=team.pk,
        kind=Kind.SYSTEM,
        details={"studies": len(studies)},
    )
    return len(studies)
