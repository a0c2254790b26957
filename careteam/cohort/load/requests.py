"""A referral from another hospital, as FHIR: the demo's board has a draft that waits for its coordinator."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from careteam.people.models import Team
from patients.fhir.commands import import_sources
from patients.record.models import Patient
from tumorboard.referrals.rules import OPEN_REFERRALS

NAMESPACE = "st-anna"


def bring_request(team: Team, *, now: datetime) -> int | None:
    """Imports a request about somebody in care whom no board is to discuss; returns who. None: there is nobody."""
    free = Patient.objects.in_care().filter(team=team, identifiers__isnull=False)
    patient = free.exclude(referrals__status__in=OPEN_REFERRALS).order_by("-pk").first()
    number = patient.identifiers.order_by("pk").first() if patient else None
    if patient is None or number is None:
        return None
    request = {
        "resourceType": "ServiceRequest",
        "id": "board-1",
        "status": "active",
        "intent": "order",
        "priority": "asap",
        "code": {"text": "Tumor board discussion"},
        "subject": {"type": "Patient", "identifier": {"system": number.system, "value": number.value}},
        "authoredOn": (now - timedelta(days=2)).isoformat(timespec="seconds"),
        "requester": {"display": "Dr Astrid Lund, St. Anna Hospital"},
        "reasonCode": [{"text": "Seen in our emergency department with flushing: embolization, or PRRT first?"}],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "referral.json"
        path.write_text(
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": request}]}),
            encoding="utf-8",
        )
        import_sources([path], team=team, by=None, now=now, namespace=NAMESPACE)
    return patient.pk
