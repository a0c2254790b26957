"""What the palliative team does for the family after a death. Only for those who may be told, never to the patient."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.palliative import policies
from patients.palliative.models import BereavementTask
from patients.palliative.queries import known_to_team, may_be_told
from patients.palliative.rules import BEREAVEMENT_TRANSITIONS, BereavementKind, BereavementStatus
from patients.protocol.queries import numbers
from patients.record.commands import record_about
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User

# A death that reaches us late (an import) asks for nothing that was due so many days ago.
TOO_LATE = timedelta(days=30)


@transaction.atomic
def plan_bereavement(patient: Patient, *, by: User | None, now: datetime) -> list[BereavementTask]:
    """Call, letter and remembrance for everybody who may be told; what is planned already stays. By itself (`by=None`)
    only where the palliative team knew the patient."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    if by is None and (not patient.is_deceased or not known_to_team(patient.pk)):
        return []
    insist(policies.why_not_plan_bereavement(patient, by))
    today, died = patient.team.local_date(now), patient.deceased_on
    if died is None:  # the policy has refused it
        raise ValueError("bereavement of the living")
    settings = numbers(patient.team_id)
    planned = set(BereavementTask.objects.valid().filter(patient=patient).values_list("contact_id", "kind"))
    made = []
    for contact in may_be_told(patient.pk):
        for kind in BereavementKind:
            due_on = died + timedelta(days=settings[f"bereavement.{kind}"].days)
            if (contact.pk, str(kind)) in planned or due_on + TOO_LATE < today:
                continue
            task = BereavementTask.objects.create(
                patient=patient, contact=contact, kind=kind, due_on=due_on, created_by=by
            )
            made.append(task)
    if made:
        record(
            "palliative.plan_bereavement",
            by=by,
            now=now,
            subject=patient,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"tasks": [task.pk for task in made]},
        )
    return made


@transaction.atomic
def void_bereavement(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    """The death was recorded by mistake: nothing is done for a bereaved family, and what was done counts as entered in
    error, so that a later death is followed up anew. How many tasks."""
    rows = BereavementTask.objects.valid().filter(patient=patient).select_related("patient")
    tasks = list(rows.select_for_update(of=("self",)))
    for task in tasks:
        task.error_at, task.error_by = now, by
        task.error_reason = f"The death was recorded by mistake: {reason}"
        task.save_version("error_at", "error_by", "error_reason")
        record_about(task, "palliative.void_bereavement", by=by, now=now, reason=task.error_reason)
    return len(tasks)


@transaction.atomic
def answer_bereavement(
    task: BereavementTask, to: BereavementStatus, *, by: User, now: datetime, note: str = "", version: int | None = None
) -> BereavementTask:
    """Done, not done with the reason, or open again (undo)."""
    rows = BereavementTask.objects.select_related("patient__team", "contact")
    locked: BereavementTask = rows.lock(task.pk, version=version)
    insist(policies.why_not_answer_bereavement(locked, locked.patient, by, to, note=note))
    if to not in BEREAVEMENT_TRANSITIONS[BereavementStatus(locked.status)]:
        raise ValueError(f"bereavement task {locked.pk}: {locked.status} → {to} is not in the table")
    locked.status, locked.note = to, note.strip()
    over = to != BereavementStatus.OPEN
    locked.closed_at, locked.closed_by = (now, by) if over else (None, None)
    locked.save_version("status", "note", "closed_at", "closed_by")
    record_about(locked, "palliative.answer_bereavement", by=by, now=now, reason=note, details={"status": str(to)})
    return locked
