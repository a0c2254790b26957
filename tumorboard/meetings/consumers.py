"""A death takes the patient off every agenda; hospice care is told to who leads the meeting, and takes off nothing."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from tumorboard.meetings.commands import withdraw
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.rules import OPEN_ITEMS
from tumorboard.referrals.queries import open_referrals


@consumes(EventKind.DECEASED)
def withdraw_referrals_of_deceased(event: Event, *, now: datetime) -> None:
    """Withdraws open referrals, listed ones too; the case leaves the screen at the next poll."""
    if event.patient_id is None:
        return
    for referral in open_referrals(event.patient_id):
        withdraw(referral, reason="Patient died", by=None, now=now)


@consumes(EventKind.HOSPICE)
def tell_of_hospice(event: Event, *, now: datetime) -> None:
    """Whoever leads the meeting (without a chair: the board's coordinators) hears that the patient of a waiting case is
    in hospice care; the case stays, marked on the agenda, until somebody decides."""
    for referral in open_referrals(event.patient_id or 0):
        listed = (
            AgendaItem.objects.valid().filter(referral=referral, status__in=OPEN_ITEMS).select_related("meeting__chair")
        )
        item = listed.order_by("-pk").first()
        chair = item.meeting.chair if item is not None else None
        team = referral.board.team
        notify(
            [chair] if chair is not None else people_with_role(team, Role.BOARD_COORDINATOR),
            key=f"hospice:{event.subject_id}:{referral.pk}",
            kind="hospice",
            title="Hospice care began: is this case still to be discussed?",
            url=reverse("meeting", args=[item.meeting_id]) if item is not None else reverse("boards"),
            now=now,
            patient_id=referral.patient_id,
        )
