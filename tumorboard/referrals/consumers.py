"""Progression suggests a referral, progression taken back withdraws the suggestion. Nothing is ever filed."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify, withdraw
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.record.models import Patient
from patients.record.queries import responsible_clinician
from tumorboard.boards.queries import boards_of_team
from tumorboard.referrals.queries import open_referrals


@consumes(EventKind.PROGRESSION)
def suggest_referral(event: Event, *, now: datetime) -> None:
    """Asks the responsible clinician (without one: the nurse coordinators) whether the board should see the patient."""
    patient = Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()
    if patient is None or not patient.is_in_care or not boards_of_team(patient.team_id) or open_referrals(patient.pk):
        return
    clinician = responsible_clinician(patient.pk)
    notify(
        [clinician] if clinician else people_with_role(patient.team, Role.NURSE_COORDINATOR),
        key=_key(patient.pk, event.subject_id or event.pk),
        kind="suggestion",
        title="Progression: refer to the board?",
        url=reverse("referral-create", args=[patient.pk]),
        now=now,
        patient_id=patient.pk,
    )


@consumes(EventKind.PROGRESSION_WITHDRAWN)
def withdraw_suggestion(event: Event, *, now: datetime) -> None:
    """The progression was read in error: nobody is asked for a referral because of it any more."""
    withdraw(keys=[_key(event.patient_id or 0, event.subject_id or 0)], now=now)


def _key(patient_id: int, subject_id: int) -> str:
    """What the inbox knows a suggestion by: the patient and the study (or the entry) that progressed."""
    return f"suggest-referral:{patient_id}:{subject_id}"
