"""The step that asks for labs which the record wants and nobody has started or declined."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from careteam.people.rules import Role
from patients.imaging.models import SurveillancePlan
from patients.imaging.queries.facts import labs_missing
from patients.imaging.rules import LABS, StudyModality
from patients.record.commands import close_step, open_step
from patients.record.models import Patient
from patients.record.rules import StepKind


def labs_key(patient: Patient) -> str:
    """The source key of the step."""
    return f"labs:{patient.pk}"


def ask_labs(patient: Patient, *, now: datetime) -> bool:
    """Opens or closes the step; True when it is open. Only where surveillance runs: else the question whether it starts
    comes first, and its page offers the labs too. Nothing starts by itself."""
    plans = SurveillancePlan.objects.valid().filter(patient=patient, stopped_on=None).exclude(modality__in=LABS)
    missing = {}
    if patient.is_in_care and plans.exists():
        missing = labs_missing(patient.pk, today=patient.team.local_date(now))
    if not missing:
        close_step(patient, source_key=labs_key(patient), because="Started, declined, or asked for no longer", now=now)
        return False
    names = ", ".join(str(StudyModality(modality).label) for modality in missing)
    open_step(
        patient,
        kind=StepKind.STUDY,
        source_key=labs_key(patient),
        what=f"Start the surveillance labs that the record asks for, or say why not: {names}",
        now=now,
        owner_role=Role.NURSE_COORDINATOR,
        url=reverse("plan-labs", args=[patient.pk]),
    )
    return True
