"""A next step that a person sets by hand, where no slice's work says what comes next."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record import policies
from patients.record.commands.care import open_step
from patients.record.models import NextStep, Patient
from patients.record.rules import OWN_STEP, StepKind

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def set_step(patient: Patient, *, what: str, owner: User, due_on: date, by: User, now: datetime) -> NextStep:
    """What comes next for this patient, who does it, by when. It stays open until `finish_step`."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    today = patient.team.local_date(now)
    insist(policies.why_not_set_step(patient, by, what=what, owner=owner, due_on=due_on, today=today))
    step = open_step(
        patient,
        kind=StepKind.VISIT,
        source_key=f"{OWN_STEP}:{uuid4().hex}",
        what=what.strip(),
        now=now,
        owner=owner,
        due_on=due_on,
    )
    step.url = reverse("own-step", args=[step.pk])
    step.save(update_fields=["url"])
    _audit("record.set_step", step, by=by, now=now, owner=owner.pk, due=due_on.isoformat())
    return step


@transaction.atomic
def finish_step(step: NextStep, *, note: str, by: User, now: datetime) -> NextStep:
    """Done, with a word on what came of it. Raises `ValidationError` when somebody finished it before."""
    locked = NextStep.objects.select_for_update(of=("self",)).select_related("patient__team").get(pk=step.pk)
    insist(policies.why_not_finish_step(locked, by))
    locked.closed_at, locked.closed_because = now, note.strip()[:120] or "Done"
    locked.save(update_fields=["closed_at", "closed_because"])
    _audit("record.finish_step", locked, by=by, now=now, reason=note.strip())
    return locked


def _audit(action: str, step: NextStep, *, by: User, now: datetime, reason: str = "", **details: object) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=step,
        patient_ids=[step.patient_id],
        team_id=step.team_id,
        reason=reason,
        details=details,
    )
