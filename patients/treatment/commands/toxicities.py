"""Toxicities (CTCAE v5): recorded, changed, entered in error."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.treatment import policies
from patients.treatment.models import AdverseEvent, TreatmentLine

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def _audit(verb: str, event: AdverseEvent, patient: Patient, *, by: User, now: datetime, reason: str = "") -> None:
    record(
        f"treatment.{verb}",
        by=by,
        now=now,
        subject=event,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={"line": event.line_id, "term": event.term, "grade": event.grade},
    )


@transaction.atomic
def record_toxicity(
    line: TreatmentLine,
    *,
    term: str,
    grade: int,
    noticed_on: date,
    by: User,
    now: datetime,
    resolved_on: date | None = None,
    note: str = "",
) -> AdverseEvent:
    """Writes down an adverse event of a line with its grade."""
    today = line.patient.team.local_date(now)
    insist(policies.why_not_toxicity(line.patient, by))
    problems = policies.toxicity_problems(
        line, term=term, grade=grade, noticed_on=noticed_on, resolved_on=resolved_on, today=today
    )
    insist(list(problems.values()))
    event = AdverseEvent.objects.create(
        patient_id=line.patient_id,
        line=line,
        term=term.strip(),
        grade=grade,
        noticed_on=noticed_on,
        resolved_on=resolved_on,
        note=note.strip(),
        created_by=by,
    )
    _audit("record_toxicity", event, line.patient, by=by, now=now)
    return event


@transaction.atomic
def change_toxicity(
    event: AdverseEvent,
    *,
    term: str,
    grade: int,
    noticed_on: date,
    resolved_on: date | None,
    note: str,
    version: int,
    by: User,
    now: datetime,
) -> AdverseEvent:
    """Another grade, or resolved. Raises `StaleEdit` when somebody saved meanwhile; the former grade stays in the
    history."""
    event = AdverseEvent.objects.select_related("patient__team", "line__patient__team").lock(event.pk, version=version)
    insist(policies.why_not_toxicity(event.patient, by))
    today = event.patient.team.local_date(now)
    problems = policies.toxicity_problems(
        event.line, term=term, grade=grade, noticed_on=noticed_on, resolved_on=resolved_on, today=today
    )
    insist(list(problems.values()))
    event.term, event.grade, event.note = term.strip(), grade, note.strip()
    event.noticed_on, event.resolved_on = noticed_on, resolved_on
    event.save_version("term", "grade", "noticed_on", "resolved_on", "note")
    _audit("change_toxicity", event, event.patient, by=by, now=now)
    return event


@transaction.atomic
def toxicity_in_error(
    event: AdverseEvent, *, reason: str, by: User, now: datetime, version: int | None = None
) -> AdverseEvent:
    """Marks it as entered in error; nothing is deleted."""
    event = AdverseEvent.objects.select_related("patient__team").lock(event.pk, version=version)
    insist([*policies.why_not_toxicity(event.patient, by), *([] if reason.strip() else ["Say what was wrong."])])
    if event.error_at is None:
        event.error_at, event.error_by, event.error_reason = now, by, reason.strip()
        event.save_version("error_at", "error_by", "error_reason")
        _audit("toxicity_in_error", event, event.patient, by=by, now=now, reason=reason.strip())
    return event
