"""An e-vote as a meeting of one case: opened, attended by who votes, prolonged, over. `tumorboard.ballots` asks who
may, and holds what is voted on; whoever calls these holds its lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from tumorboard.meetings import policies
from tumorboard.meetings.commands.agenda import defer_locked, place
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting
from tumorboard.meetings.queries import next_open_meeting
from tumorboard.meetings.rules import OPEN_ITEMS, AttendanceMode, MeetingKind, MeetingStatus
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.referrals.models import Referral


@transaction.atomic
def open_vote(referral: Referral, *, closes_at: datetime, chair: User, by: User, now: datetime) -> AgendaItem:
    """A submitted referral becomes the one case of an e-vote that runs from now on."""
    board = referral.board
    meeting = Meeting.objects.create(
        board=board,
        kind=MeetingKind.VOTE,
        status=MeetingStatus.RUNNING,
        starts_at=now,
        ends_at=closes_at,
        cutoff_at=now,
        occurrence_on=board.team.local_date(now),
        chair=chair,
    )
    item = place(referral, Meeting.objects.lock(meeting.pk), by=by, now=now)
    _audit("meetings.open_vote", meeting, by=by, now=now)
    return item


@transaction.atomic
def attend_by_vote(meeting: Meeting, person: User, *, specialty: str, counts: bool, by: User, now: datetime) -> None:
    """Who votes attends, for the specialty the vote counts for; who abstains does not (`counts` false)."""
    meeting = Meeting.objects.lock(meeting.pk)
    there = Attendance.objects.select_for_update().filter(meeting=meeting, user=person).first()
    if there is None and not counts:
        return
    row = there or Attendance(meeting=meeting, user=person, joined_at=now, mode=AttendanceMode.VOTE)
    row.specialty, row.left_at = specialty, None if counts else now
    row.save()
    meeting.save_version()
    _audit("meetings.attend_by_vote", meeting, by=by, now=now, details={"person": person.pk, "counts": counts})


@transaction.atomic
def prolong_vote(meeting: Meeting, *, closes_at: datetime, by: User, now: datetime) -> None:
    """A later end."""
    meeting = Meeting.objects.lock(meeting.pk)
    before, meeting.ends_at = meeting.ends_at, closes_at
    meeting.save_version("ends_at")
    _audit("meetings.prolong_vote", meeting, by=by, now=now, details={"before": before.isoformat()})


@transaction.atomic
def chair_vote(meeting: Meeting, *, chair: User, by: User, now: datetime) -> None:
    """Somebody else closes it: the chair is away."""
    meeting = Meeting.objects.lock(meeting.pk)
    before, meeting.chair = meeting.chair_id, chair
    meeting.save_version("chair")
    _audit("meetings.chair_vote", meeting, by=by, now=now, details={"before": before, "after": chair.pk})


@transaction.atomic
def end_vote(item: AgendaItem, *, by: User | None, now: datetime) -> AgendaItem | None:
    """The e-vote is over. A case without a decision goes on to the next meeting of the board that still takes cases
    (its place there is returned); without one, or for a patient who has died, its referral waits. `by=None`: the
    deadline."""
    target = next_open_meeting(item.meeting.board_id, now)
    ids = sorted({item.meeting_id} | ({target.pk} if target else set()))
    locked = {pk: Meeting.objects.lock(pk) for pk in ids}  # in one order, as everywhere
    meeting = locked[item.meeting_id]
    item = AgendaItem.objects.lock_full(item.pk)
    placed = None
    if item.status in OPEN_ITEMS:
        defer_locked(item, meeting, reason=DeferReason.VOTE, by=by, now=now)
        target = locked[target.pk] if target else None
        if target is not None and not policies.is_late(target, now) and not item.patient.is_deceased:
            placed = place(item.referral, target, by=by, now=now)
    insist(policies.why_not_move_meeting(meeting, MeetingStatus.HELD))
    meeting.status, meeting.held_at = MeetingStatus.HELD, now
    meeting.ends_at = max(now, meeting.starts_at + timedelta(seconds=1))
    meeting.save_version("status", "held_at", "ends_at")
    _audit("meetings.end_vote", meeting, by=by, now=now, details={"to": placed.meeting_id if placed else None})
    return placed


def _audit(
    action: str, meeting: Meeting, *, by: User | None, now: datetime, details: dict[str, object] | None = None
) -> None:
    record(action, by=by, now=now, subject=meeting, team_id=meeting.board.team_id, details=details or {})
