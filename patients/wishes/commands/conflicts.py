"""While a contradiction is open somebody is asked to settle it; the answer “both hold, because …” is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.record.commands import close_step, open_step
from patients.record.commands.trail import record_about
from patients.record.models import Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from patients.wishes import policies
from patients.wishes.models import WishConflictAnswer, WishDocument
from patients.wishes.queries import CONFLICT_STEP, conflicts_of
from patients.wishes.rules import DocumentState

if TYPE_CHECKING:
    from careteam.people.models import User


def follow_conflicts(patient: Patient, *, now: datetime) -> bool:
    """Opens or closes the one step that asks for a settlement, from what is on record now. True while one is open.
    In the transaction of the command that changed something; nothing is asked for the dead."""
    if not patient.is_in_care:
        return False
    today = patient.team.local_date(now)
    found = [row.conflict for row in conflicts_of(patient.pk, today) if row.is_open]
    if not found:
        close_step(patient, source_key=CONFLICT_STEP, because="No contradiction any more", now=now)
        return False
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    open_step(
        patient,
        kind=StepKind.GOALS,
        source_key=CONFLICT_STEP,
        what=f"Wishes contradict: {found[0].title.lower()}{more}",
        now=now,
        owner=responsible_clinician(patient.pk),
        owner_role=Role.PALLIATIVE,
        due_on=today,
        url=reverse("wishes", args=[patient.pk]),
    )
    return True


@transaction.atomic
def answer_conflict(patient: Patient, fingerprint: str, *, because: str, by: User, now: datetime) -> WishConflictAnswer:
    """“Both hold, because …”: closes the question until one side says something else. Answered twice, the first
    answer stands."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    insist(policies.why_not_answer_conflict(patient, by, because=because))
    today = patient.team.local_date(now)
    found = next((row for row in conflicts_of(patient.pk, today) if row.conflict.fingerprint == fingerprint), None)
    if found is None:
        raise ValidationError("This contradiction is no longer there: one of its sides was changed meanwhile.")
    if found.answer is not None:
        return found.answer
    answer: WishConflictAnswer = WishConflictAnswer.objects.create(
        patient=patient,
        conflict=found.conflict.kind,
        fingerprint=fingerprint,
        title=found.conflict.words[:200],
        because=because.strip(),
        answered_by=by,
        answered_at=now,
        created_by=by,
    )
    record_about(answer, "wishes.answer_conflict", by=by, now=now, team_id=patient.team_id, reason=because.strip())
    follow_conflicts(patient, now=now)
    return answer


def follow_patient(patient_id: int, *, now: datetime) -> bool:
    """The same after something else than a wish changed: a contact, the enrollment, the day."""
    with transaction.atomic():
        patient = Patient.objects.in_care().select_related("team").filter(pk=patient_id).first()
        return patient is not None and follow_conflicts(patient, now=now)


def follow_expired(*, now: datetime) -> int:
    """Documents that expired in the last days leave the wishes that rest on them without ground: asked for once a
    day, safe to repeat. How many patients were looked at."""
    ids: set[int] = set()
    for team in Team.objects.order_by("pk"):
        today = team.local_date(now)
        rows = WishDocument.objects.valid().filter(
            patient__team=team,
            state=DocumentState.CURRENT,
            valid_until__range=(today - timedelta(days=8), today - timedelta(days=1)),
        )
        ids.update(rows.values_list("patient_id", flat=True))
    for patient_id in sorted(ids):
        follow_patient(patient_id, now=now)
    return len(ids)
