"""What care does when a weight was stored, or symptoms were asked."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from patients.care.commands import ask_dietitian, offer_psychosocial
from patients.record.models import SymptomAssessment


@consumes(EventKind.WEIGHT)
def follow_weight(event: Event, *, now: datetime) -> None:
    """Weight loss asks for the dietitian."""
    if event.patient_id is not None:
        ask_dietitian(event.patient_id, now=now)


@consumes(EventKind.SYMPTOMS)
def follow_distress(event: Event, *, now: datetime) -> None:
    """Distress of the latest assessment starts psychosocial care."""
    rows = SymptomAssessment.objects.valid().filter(patient_id=event.patient_id or 0)
    latest = rows.order_by("-assessed_on", "-pk").first()
    if latest is not None and latest.pk == event.subject_id and latest.distress is not None:
        offer_psychosocial(latest.patient_id, distress=latest.distress, on=latest.assessed_on, now=now)
