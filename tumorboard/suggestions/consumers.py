"""The last step of the ladder suggests a case; whatever answers it takes the suggestion back."""

from __future__ import annotations

from datetime import date, datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from tumorboard.referrals.models import Referral
from tumorboard.suggestions import commands
from tumorboard.suggestions.models import AgendaSuggestion


@consumes(EventKind.STUDY_OVERDUE)
def suggest_overdue_study(event: Event, *, now: datetime) -> None:
    """Suggests the case for the next agenda; a person accepts it or not."""
    due = str(event.payload.get("due_on", ""))
    if event.subject_id is not None and due:
        commands.suggest_study(event.subject_id, date.fromisoformat(due), now=now)


@consumes(EventKind.STUDY_ANSWERED)
def look_at_study_again(event: Event, *, now: datetime) -> None:
    """Booked, done, closed, due another day: the suggestion goes if it no longer holds."""
    if event.subject_id is not None:
        commands.look_again(study_id=event.subject_id, now=now)


@consumes(EventKind.DECEASED, EventKind.ENROLLMENT)
def look_at_patient_again(event: Event, *, now: datetime) -> None:
    """Nothing is suggested for somebody who died or left."""
    if event.patient_id is not None:
        commands.look_again(patient_id=event.patient_id, now=now)


@consumes(EventKind.REFERRED)
def note_referral(event: Event, *, now: datetime) -> None:
    """Somebody referred the patient to the same board by hand: that is the answer."""
    referral = Referral.objects.valid().select_related("submitted_by").filter(pk=event.subject_id or 0).first()
    if referral is None or referral.submitted_by is None:
        return
    open_rows = AgendaSuggestion.objects.open().filter(patient_id=referral.patient_id, board_id=referral.board_id)
    for row in open_rows.order_by("pk"):
        commands.mark_accepted(row, referral, by=referral.submitted_by, now=now)
