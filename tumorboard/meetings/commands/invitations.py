"""Mails with a calendar entry: to whom, and how they leave. Board, place and time are in them, and no patient."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from careteam.access.policies import insist
from careteam.access.queries import access_of
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.calendars.rules import invitation_text
from careteam.notifications.outbox import message_id
from careteam.notifications.rules import LEASE, MAX_ATTEMPTS, DeliveryStatus, next_attempt_after
from careteam.people.models import User
from careteam.people.rules import Permission
from tumorboard.meetings import policies
from tumorboard.meetings.models import Invitation, Meeting
from tumorboard.meetings.queries import entry_of, expected_people, local_words
from tumorboard.meetings.rules import MeetingStatus

log = logging.getLogger(__name__)

MAIL_SECONDS = 20.0  # of one round; the next one goes on


@transaction.atomic
def invite(meeting: Meeting, *, by: User, now: datetime) -> int:
    """Invites everybody who is expected and has no invitation to the meeting as it stands; returns how many."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_prepare(meeting, by))
    made = _make(meeting, expected_people(meeting), now=now)
    record("meetings.invite", by=by, now=now, subject=meeting, team_id=meeting.board.team_id, details={"people": made})
    return made


def invite_anew(meeting: Meeting, *, now: datetime, people: Iterable[User] = ()) -> int:
    """The meeting has changed: whoever was invited before, and `people`, get the entry as it is now. Called inside the
    transaction of the command that changed it, which audits."""
    before = User.objects.filter(pk__in=Invitation.objects.filter(meeting=meeting).values("user_id"), is_active=True)
    told = {person.pk: person for person in [*before, *people]}
    if not told:
        return 0
    meeting.sequence += 1
    meeting.save(update_fields=["sequence"])
    Invitation.objects.filter(meeting=meeting, status=DeliveryStatus.PENDING).update(status=DeliveryStatus.WITHDRAWN)
    return _make(meeting, told.values(), now=now)


def _make(meeting: Meeting, people: Iterable[User], *, now: datetime) -> int:
    known = set(Invitation.objects.filter(meeting=meeting, sequence=meeting.sequence).values_list("user_id", flat=True))
    fresh = [
        Invitation(meeting=meeting, user=person, sequence=meeting.sequence, made_at=now, next_attempt_at=now)
        for person in people
        if person.pk not in known
    ]
    Invitation.objects.bulk_create(fresh)
    return len(fresh)


@transaction.atomic
def send_invitation_again(invitation: Invitation, *, by: User, now: datetime) -> Invitation:
    """An invitation that was given up is tried anew, under its old Message-ID; any other stays as it is."""
    row = Invitation.objects.select_for_update(of=("self",)).select_related("meeting__board").get(pk=invitation.pk)
    if row.status == DeliveryStatus.FAILED:
        row.status, row.attempts, row.next_attempt_at, row.leased_until = DeliveryStatus.PENDING, 0, now, None
        row.save(update_fields=["status", "attempts", "next_attempt_at", "leased_until"])
        record("meetings.send_invitation_again", by=by, now=now, subject=row.meeting, team_id=row.meeting.board.team_id)
    return row


def send_invitations(*, now: datetime, limit: int = 2000, seconds: float = MAIL_SECONDS) -> tuple[int, int]:
    """Sends what waits; returns (sent, failed). Two at once never send the same one; a worker killed in between leaves
    a lease that runs out. The first failure ends the round when the server did not answer."""
    began, sent, failed = time.monotonic(), 0, 0
    while sent + failed < limit:
        spent = time.monotonic() - began
        row = _claim(now + timedelta(seconds=spent)) if spent <= seconds else None
        if row is None:
            break
        outcome = _send(row, now=now)
        sent += outcome is True
        if outcome is False:
            failed += 1
            break
    return sent, failed


@transaction.atomic
def _claim(moment: datetime) -> Invitation | None:
    row = (
        Invitation.objects.claimable(moment)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("attempts", "next_attempt_at", "pk")
        .first()
    )
    if row is not None:
        row.leased_until, row.attempts = moment + LEASE, row.attempts + 1
        row.save(update_fields=["leased_until", "attempts"])
    return row


def _send(row: Invitation, *, now: datetime) -> bool | None:
    """True: sent; False: failed, tried again later or given up; None: there is nothing left to say."""
    mine = Invitation.objects.filter(pk=row.pk, status=DeliveryStatus.PENDING)
    message = _mail(row)
    if message is None:
        mine.update(status=DeliveryStatus.WITHDRAWN, leased_until=None)
        return None
    try:
        message.send()
    except Exception as error:  # noqa: BLE001  # any mail failure is retried, none may stop the others
        gave_up = row.attempts >= MAX_ATTEMPTS
        mine.update(
            status=DeliveryStatus.FAILED if gave_up else DeliveryStatus.PENDING,
            leased_until=None,
            next_attempt_at=now + next_attempt_after(row.attempts, spread=str(row.pk)),
            last_error=f"{type(error).__name__}: {error}"[:300],
        )
        log.warning("invitation %s %s (attempt %s)", row.pk, "given up" if gave_up else "failed", row.attempts)
        return False
    with transaction.atomic():
        if mine.update(status=DeliveryStatus.SENT, sent_at=now, leased_until=None):
            record("meetings.invitation_sent", by=None, now=now, subject=row.meeting, kind=Kind.SYSTEM)
    return True


def _mail(row: Invitation) -> EmailMessage | None:
    """The mail as it is true now; None when a later one says it, or when the person no longer belongs to the team."""
    meeting = Meeting.objects.select_related("board__team").get(pk=row.meeting_id)
    person = User.objects.get(pk=row.user_id)
    belongs = person.is_active and access_of(person).may(Permission.PATIENT_VIEW, meeting.board.team_id)
    if row.sequence != meeting.sequence or not belongs or not person.email:
        return None
    is_off = meeting.status == MeetingStatus.CANCELLED
    if is_off and not Invitation.objects.filter(meeting=meeting, user=person, status=DeliveryStatus.SENT).exists():
        return None  # who was never invited reads in the inbox that it is off
    entry, when = entry_of(meeting), local_words(meeting)
    method = "CANCEL" if is_off else "REQUEST"
    text = invitation_text(
        entry,
        sequence=row.sequence,
        at=row.made_at,
        method=method,
        site=settings.SITE_URL,
        organizer=settings.DEFAULT_FROM_EMAIL,
        attendee=person.email,
    )
    what = "is canceled" if is_off else "takes place"
    lines = [
        f"Hello {person},",
        "",
        f"{meeting.board.name} {what}: {when}.",
        *([f"Place: {entry.place}"] if entry.place and not is_off else []),
        f"{settings.SITE_URL.rstrip('/')}{entry.path}",
        "",
        "The attached entry is for your calendar. This message carries no patient data.",
        "",
    ]
    message = EmailMessage(
        subject=f"{'Canceled: ' if is_off else ''}{meeting.board.name}, {when}",
        body="\n".join(lines),
        to=[person.email],
        headers={"Message-ID": message_id(f"meeting-{meeting.pk}-{person.pk}-{row.sequence}")},
    )
    message.attach("meeting.ics", text.decode(), f"text/calendar; method={method}")
    return message
