"""An early scan that somebody asked for on the phone: a suggestion, answered by ordering one or by a reason."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.people.rules import Role
from patients.imaging import policies
from patients.imaging.commands.pets import suggest_pets
from patients.protocol.queries import number
from patients.protocol.rules import working_days_after
from patients.record.commands import close_step, open_step
from patients.record.models import Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from patients.triage.commands import answer_scan
from patients.triage.models import SymptomCall
from patients.triage.rules import ScanAnswer

if TYPE_CHECKING:
    from careteam.people.models import User


def early_key(call: SymptomCall) -> str:
    """The key of the suggestion's row in the table of next steps."""
    return f"early-scan:{call.pk}"


def suggest_early(call_id: int, *, now: datetime) -> bool:
    """Opens the next step of whoever decides about scans; the call itself holds the answer. True when it was opened;
    nothing for patients who are not in active care, and nothing is ordered."""
    call = SymptomCall.objects.valid().filter(pk=call_id, wants_scan=True, scan_answer="").first()
    patient = Patient.objects.in_care().select_related("team").filter(pk=call.patient_id).first() if call else None
    if call is None or patient is None:
        return False
    open_step(
        patient,
        kind=StepKind.STUDY,
        source_key=early_key(call),
        what="Early scan asked for by phone: order, or say why not",
        now=now,
        owner=responsible_clinician(patient.pk),
        owner_role=Role.ONCOLOGIST,
        due_on=working_days_after(patient.team.local_date(now), number(patient.team_id, "triage.scan").days),
        url=reverse("early-scan", args=[patient.pk, call.pk]),
    )
    return True


def ordered_early(patient: Patient, *, by: User, now: datetime) -> int:
    """A study outside the plan was added: every suggestion that waited is answered by it. Returns how many."""
    suggest_pets(patient, by=by, now=now)  # a PET that is on its way now is suggested no longer
    waiting = list(SymptomCall.objects.valid().filter(patient=patient, wants_scan=True, scan_answer="").order_by("pk"))
    for call in waiting:
        answer_scan(call, ScanAnswer.ORDERED, by=by, now=now)
        close_step(patient, source_key=early_key(call), because="Scan ordered", now=now)
    return len(waiting)


@transaction.atomic
def decline_early(call: SymptomCall, *, reason: str, by: User, now: datetime) -> SymptomCall:
    """No early scan, because …"""
    patient = Patient.objects.select_related("team").get(pk=call.patient_id)
    insist(policies.why_not_add_study(patient, by))
    answered = answer_scan(call, ScanAnswer.NOT_NEEDED, reason=reason, by=by, now=now)
    close_step(patient, source_key=early_key(call), because="Not needed", now=now)
    return answered
