"""The course of a meeting: freeze, start, who is there, held."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, When
from django.urls import reverse

from careteam.access.policies import insist
from careteam.access.queries import access_of
from careteam.audit.commands import record
from careteam.people.rules import Permission
from tumorboard.meetings import policies
from tumorboard.meetings.commands.agenda import defer_locked, show_item
from tumorboard.meetings.commands.cutoff import keep_lacks
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting
from tumorboard.meetings.queries import specialty_at
from tumorboard.meetings.rules import OPEN_ITEMS, AttendanceMode, MeetingStatus
from tumorboard.referrals.commands import nothing_to_put_up
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def freeze(meeting: Meeting, *, by: User, now: datetime) -> Meeting:
    """The agenda stands; what is listed from now on shows its reason."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_prepare(meeting, by))
    meeting.frozen_at = now
    _move(meeting, MeetingStatus.FROZEN, "frozen_at")
    keep_lacks(meeting, now=now)
    _audit("meetings.freeze", meeting, by=by, now=now)
    return meeting


@transaction.atomic
def start(meeting: Meeting, *, by: User, now: datetime) -> Meeting:
    """Opens the meeting. Who may decide and starts it without a chair being named is the chair, and is present."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_run(meeting, by))
    may_decide = access_of(by).may(Permission.BOARD_DECIDE, meeting.board.team_id)
    if meeting.chair_id is None and may_decide:
        meeting.chair = by
    if meeting.frozen_at is None:  # nobody froze it: this is the last moment at which cases were to be ready
        keep_lacks(meeting, now=now)
    _move(meeting, MeetingStatus.RUNNING, "chair")
    _audit("meetings.start", meeting, by=by, now=now)
    set_attendance(meeting, by, present=True, by=by, now=now)
    return meeting


@transaction.atomic
def hold(meeting: Meeting, *, by: User, now: datetime) -> Meeting:
    """Ends the meeting. Cases without a recorded decision are deferred (no time left); recorded ones wait for the
    signature."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_run(meeting, by))
    if meeting.status == MeetingStatus.RUNNING:
        show_item(meeting, None, by=by, now=now)
        meeting.refresh_from_db()
    meeting.held_at = now
    _move(meeting, MeetingStatus.HELD, "held_at")
    standing = Case(When(decision__error_at__isnull=True, then="decision__pk"))
    left = AgendaItem.objects.filter(meeting=meeting, status__in=OPEN_ITEMS).values_list("pk", standing)
    deferred = 0
    for item_id, decision_id in list(left):
        if decision_id is None:
            defer_locked(AgendaItem.objects.lock_full(item_id), meeting, reason=DeferReason.NO_TIME, by=by, now=now)
            deferred += 1
    nothing_to_put_up(f"{reverse('meeting', args=[meeting.pk])}shown/", now=now)
    _audit("meetings.hold", meeting, by=by, now=now, details={"deferred": deferred})
    return meeting


@transaction.atomic
def set_functions(meeting: Meeting, *, chair: User | None, scribe: User | None, by: User, now: datetime) -> Meeting:
    """Who chairs and who writes: functions of this one meeting. The chair must be able to decide at the board."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_prepare(meeting, by))
    team_id = meeting.board.team_id
    if chair is not None and not access_of(chair).may(Permission.BOARD_DECIDE, team_id):
        raise ValidationError({"chair": f"{chair} has no role that signs decisions of this board."})
    if scribe is not None and not access_of(scribe).may(Permission.PATIENT_VIEW, team_id):
        raise ValidationError({"scribe": f"{scribe} does not belong to the team of this board."})
    meeting.chair, meeting.scribe = chair, scribe
    meeting.save_version("chair", "scribe")
    _audit(
        "meetings.set_functions",
        meeting,
        by=by,
        now=now,
        details={"chair": chair.pk if chair else None, "scribe": scribe.pk if scribe else None},
    )
    return meeting


@transaction.atomic
def set_attendance(
    meeting: Meeting, person: User, *, present: bool, by: User, now: datetime, mode: str = ""
) -> Attendance | None:
    """Marks a person as there (in the room or remote; `mode` empty: as before), or as gone; saying it twice changes
    nothing. Quorum counts their specialty."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_attend(meeting, person, by))
    row = Attendance.objects.select_for_update().filter(meeting=meeting, user=person).first()
    if mode and mode not in {AttendanceMode.ROOM, AttendanceMode.REMOTE}:
        raise ValidationError("Choose in the room or remote.")
    is_there = row is not None and row.left_at is None
    if is_there == present and not (row is not None and present and mode and mode != row.mode):
        return row
    if row is None:
        row = Attendance(meeting=meeting, user=person, specialty=specialty_at(meeting, person), joined_at=now)
    row.left_at, row.mode = None if present else now, mode or row.mode
    row.save()
    meeting.save_version()
    _audit(
        "meetings.set_attendance",
        meeting,
        by=by,
        now=now,
        details={"person": person.pk, "present": present, "mode": row.mode},
    )
    return row


def _move(meeting: Meeting, to: MeetingStatus, *fields: str) -> None:
    insist(policies.why_not_move_meeting(meeting, to))
    meeting.status = to
    meeting.save_version("status", *fields)


def _audit(
    action: str,
    meeting: Meeting,
    *,
    by: User,
    now: datetime,
    reason: str = "",
    details: dict[str, object] | None = None,
) -> None:
    record(action, by=by, now=now, subject=meeting, team_id=meeting.board.team_id, reason=reason, details=details or {})
