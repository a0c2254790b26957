"""Saying, ending and taking back a wish outside of a conversation."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.record.commands.trail import record_about
from patients.record.models import Patient, StaleEdit
from patients.wishes import policies
from patients.wishes.commands.conflicts import follow_conflicts
from patients.wishes.commands.holding import Origin, end, place, rows_of_slot, take_back
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import MANY, EndReason, Said, SaidBy

if TYPE_CHECKING:
    from careteam.people.models import User


def locked(patient_id: int) -> Patient:
    """The patient, locked: what is said of wishes happens one after the other."""
    patients = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team")
    return patients.get(pk=patient_id)


@transaction.atomic
def say(
    patient: Patient,
    said: Said,
    *,
    since: date,
    version: int,
    by: User,
    now: datetime,
    until: date | None = None,
    said_by: str = SaidBy.PATIENT,
    document: WishDocument | None = None,
    origin: str = "",
) -> Wish:
    """Records a wish; one of the same kind that held ends. `version` is that of the wish that held when the form was
    opened, 0 for none. Raises `StaleEdit` with the wish that holds now when it is another one."""
    patient = locked(patient.pk)
    today = patient.team.local_date(now)
    insist(policies.why_not_wish(patient, by, said, since=since, until=until, today=today))
    if said.kind not in MANY:
        held = rows_of_slot(patient.pk, said).holding().first()
        if held is not None and held.version != version:
            raise StaleEdit(held)
    where = Origin(by, now, said_by=said_by, document=document, words=origin.strip())
    wish = place(patient, said, since=since, until=until, origin=where)
    details = {"kind": said.kind, "code": said.code, "document": document.pk if document else None}
    record_about(wish, "wishes.say", by=by, now=now, team_id=patient.team_id, details=details)
    follow_conflicts(patient, now=now)
    return wish


@transaction.atomic
def end_wish(wish: Wish, *, reason: EndReason, on: date, note: str = "", version: int, by: User, now: datetime) -> Wish:
    """Ends a wish with a coded reason; nothing takes its place. Raises `StaleEdit`."""
    patient = locked(wish.patient_id)
    current: Wish = Wish.objects.lock(wish.pk, version=version)
    today = patient.team.local_date(now)
    insist(policies.why_not_end(current, patient, by, reason=reason, note=note, on=on, today=today))
    end(current, on, reason, by=by, note=note.strip())
    record_about(
        current, "wishes.end", by=by, now=now, team_id=patient.team_id, reason=note.strip(), details={"reason": reason}
    )
    follow_conflicts(patient, now=now)
    return current


@transaction.atomic
def withdraw(wish: Wish, *, reason: str, by: User, now: datetime) -> Wish:
    """Entered in error: the wish leaves, what it had ended holds again."""
    patient = locked(wish.patient_id)
    current: Wish = Wish.objects.lock(wish.pk)
    insist(policies.why_not_take_back(current, patient, by, reason=reason))
    take_back(current, reason=reason.strip(), by=by, now=now)
    follow_conflicts(patient, now=now)
    return current
