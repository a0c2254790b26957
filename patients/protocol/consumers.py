"""What the team's numbers ask for when symptoms were asked (`clinical.md` 5.4)."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.rules import Role
from patients.protocol.queries import numbers
from patients.protocol.rules import working_days_after
from patients.record.commands import close_step, open_step, symptoms_key
from patients.record.models import Patient, SymptomAssessment
from patients.record.rules import ESAS_LABELS, StepKind, items_at_least


@consumes(EventKind.SYMPTOMS)
def call_when_severe(event: Event, *, now: datetime) -> None:
    """The latest assessment counts: severe symptoms open one task for the nurse; a newer assessment, a correction or an
    entry in error closes what it replaces. Distress starts psychosocial care, in the slice of that name."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).select_related("team").first()
    if patient is None:
        return
    rows = SymptomAssessment.objects.filter(patient=patient).order_by("-assessed_on", "-pk")
    latest = rows.filter(error_at__isnull=True).first()
    for row in rows[:20]:
        if row != latest:
            close_step(patient, source_key=symptoms_key(row), because="Asked again, or corrected", now=now)
    if latest is None:
        return
    limits = numbers(patient.team_id)
    severe = items_at_least(latest.scores, limits["symptoms.severe"].days)
    if not severe or latest.answered_at is not None or not patient.is_in_care:
        close_step(patient, source_key=symptoms_key(latest), because="Not severe", now=now)
        return
    words = [f"{ESAS_LABELS[name].lower()} {latest.scores[name]}" for name in severe]
    open_step(
        patient,
        kind=StepKind.VISIT,
        source_key=symptoms_key(latest),
        what=f"Call: severe symptoms ({'; '.join(words)})",
        now=now,
        owner_role=Role.NURSE_COORDINATOR,
        due_on=working_days_after(patient.team.local_date(latest.created_at), limits["symptoms.answer"].days),
        url=reverse("symptoms-answer", args=[patient.pk, latest.pk]),
    )
