"""A death takes the patient off every agenda; hospice care is told to who leads the meeting, and takes off nothing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.record.commands import close_step
from patients.record.models import NextStep, Patient
from tumorboard.meetings.commands import withdraw
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.rules import OPEN_ITEMS
from tumorboard.referrals.models import Referral
from tumorboard.referrals.queries import open_referrals
from tumorboard.referrals.rules import ReferralStatus, step_key

_DIED = "Patient died"


@consumes(EventKind.DECEASED)
def withdraw_referrals_of_deceased(event: Event, *, now: datetime) -> None:
    """Withdraws open referrals, listed ones too; the case leaves the screen at the next poll."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is None or not patient.is_deceased:
        return
    for referral in open_referrals(patient.pk):
        withdraw(referral, reason=_DIED, by=None, now=now)


@consumes(EventKind.DEATH_WITHDRAWN)
def let_withdrawn_referrals_rest(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: a referral that it withdrew stays so, its place is given away. Nothing is
    asked for it; whoever took the death back refers again."""
    gone = Referral.objects.filter(
        patient_id=event.patient_id or 0, status=ReferralStatus.WITHDRAWN, withdraw_reason=_DIED
    )
    for referral in gone.select_related("patient"):
        open_steps = NextStep.objects.filter(patient=referral.patient, closed_at__isnull=True)
        of = Q(source_key=step_key(referral.pk)) | Q(source_key__startswith=f"ready:{referral.pk}:")
        for key in open_steps.filter(of).values_list("source_key", flat=True):
            close_step(referral.patient, source_key=key, because="Referral withdrawn", now=now)


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
