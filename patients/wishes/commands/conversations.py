"""What a signed conversation says of wishes becomes wishes; retracted, what held before holds again."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.audit.commands import record
from patients.record.models import Patient
from patients.wishes.commands.conflicts import follow_conflicts
from patients.wishes.commands.holding import Origin, place, rows_of_conversation, take_back
from patients.wishes.models import Wish
from patients.wishes.rules import Spoken

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def take_from_conversation(
    patient: Patient, conversation_id: int, spoken: Spoken, *, held_on: date, said_by: str, by: User, now: datetime
) -> list[Wish]:
    """Writes what a conversation said as wishes of the day it was held, in the transaction of its signature, whose
    policy was asked there. What was not spoken of goes on holding. `said_by`: the patient, or the proxy for them."""
    Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    origin = Origin(by, now, said_by=said_by, conversation_id=conversation_id)
    wishes = [place(patient, said, since=held_on, origin=origin) for said in spoken.wishes()]
    if wishes:
        record(
            "wishes.take_from_conversation",
            by=by,
            now=now,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"conversation": conversation_id, "wishes": [wish.pk for wish in wishes]},
        )
        follow_conflicts(patient, now=now)
    return wishes


@transaction.atomic
def give_back_conversation(patient: Patient, conversation_id: int, *, reason: str, by: User, now: datetime) -> int:
    """A retracted conversation says nothing of this patient: its wishes leave, each with an audit row, and what they
    had ended holds again. How many there were."""
    Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    rows = list(rows_of_conversation(conversation_id))
    for wish in rows:
        take_back(wish, reason=reason, by=by, now=now)
    follow_conflicts(patient, now=now)
    return len(rows)
