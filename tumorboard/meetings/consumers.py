"""A death takes the patient off every agenda."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from tumorboard.meetings.commands import withdraw
from tumorboard.referrals.queries import open_referrals


@consumes(EventKind.DECEASED)
def withdraw_referrals_of_deceased(event: Event, *, now: datetime) -> None:
    """Withdraws open referrals, listed ones too; the case leaves the screen at the next poll."""
    if event.patient_id is None:
        return
    for referral in open_referrals(event.patient_id):
        withdraw(referral, reason="Patient died", by=None, now=now)
