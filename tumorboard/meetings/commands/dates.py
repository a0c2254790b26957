"""One date at a time: move it, add one, cancel one, hold it after all. Whoever belongs to it is told."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.commands import notify, withdraw
from patients.record.models import StaleEdit
from tumorboard.boards.models import Board
from tumorboard.boards.queries import times_on
from tumorboard.meetings import policies
from tumorboard.meetings.commands.agenda import defer_locked, place
from tumorboard.meetings.commands.invitations import invite_anew
from tumorboard.meetings.commands.order import note_change
from tumorboard.meetings.commands.planning import planned, put_at, refresh_steps
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import day_of, expected_people, local_words, next_open_meeting
from tumorboard.meetings.rules import ChangeKind, MeetingStatus, why_not_on
from tumorboard.referrals.commands import nothing_to_put_up
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def move_meeting(
    meeting: Meeting,
    on: date,
    at: time,
    *,
    reason: str,
    by: User,
    now: datetime,
    room: str | None = None,
    link: str | None = None,
    version: int | None = None,
) -> Meeting:
    """Puts one meeting on another local day or time; the cut-off moves with it, the cases and their order stay. A
    frozen agenda stays frozen. Members, deputies and presenters are told.

    Raises `StaleEdit` when `version` is no longer the meeting's.
    """
    _lock_dates(meeting.board_id)
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_reschedule(meeting, by))
    if version is not None and meeting.version != version:
        raise StaleEdit(meeting)
    if not reason.strip():
        raise ValidationError({"reason": "Say why the meeting is moved."})
    times, before, was = times_on(meeting.board, on, at), meeting.starts_at, local_words(meeting)
    new_room = meeting.place if room is None else room
    new_link = meeting.link if link is None else link
    if (times.starts_at, new_room, new_link) == (before, meeting.place, meeting.link):
        raise ValidationError({"on": "This is when and where the meeting is planned already."})
    _insist_free(meeting.board, times.starts_at, now=now, but=meeting.pk)
    if times.starts_at != before:
        meeting.moved_from, meeting.move_reason = meeting.moved_from or before, reason.strip()[:200]
        put_at(meeting, times)
    meeting.place, meeting.link = new_room, new_link
    meeting.version += 1
    meeting.save()
    if times.starts_at != before:  # who has read the agenda sees that its date is another one
        note_change(meeting, ChangeKind.DATE, by=by, now=now, note=f"{was} → {local_words(meeting)}")
    refresh_steps(meeting, now=now)
    _tell(meeting, "moved", also=_presenters(meeting), by=by, now=now)
    _audit("meetings.move_meeting", meeting, by=by, now=now, reason=reason, details={"before": before.isoformat()})
    return meeting


@transaction.atomic
def add_meeting(board: Board, on: date, at: time, *, reason: str, by: User, now: datetime) -> Meeting:
    """An extra date of the board. On a day whose meeting was canceled, that meeting takes place after all."""
    board = _lock_dates(board.pk)
    insist(policies.why_not_plan(board, by))
    if not reason.strip():
        raise ValidationError({"reason": "Say what the extra meeting is for."})
    times = times_on(board, on, at)
    _insist_free(board, times.starts_at, now=now)
    there = Meeting.objects.select_for_update().sessions().filter(board=board, occurrence_on=on).first()
    if there is not None and there.status != MeetingStatus.CANCELLED:
        raise ValidationError({"on": "The board has a meeting of this day already. Move that one instead."})
    meeting = there or planned(board, on, times, is_extra=True)
    meeting.board = board
    put_at(meeting, times)
    meeting.status, meeting.cancel_reason, meeting.is_extra = MeetingStatus.PLANNED, "", True
    meeting.frozen_at = meeting.moved_from = None
    meeting.move_reason = ""
    meeting.version += 1 if there else 0
    meeting.save()
    _tell(meeting, "added", by=by, now=now)
    _audit("meetings.add_meeting", meeting, by=by, now=now, reason=reason)
    return meeting


@transaction.atomic
def cancel(meeting: Meeting, *, reason: str, by: User, now: datetime, carry_over: bool = True) -> Meeting:
    """Cancels the meeting with a reason. Its cases go, in their order, onto the next meeting whose cut-off is still
    ahead; where there is none, or without `carry_over`, their referrals wait. Everybody concerned is told."""
    target = next_open_meeting(meeting.board_id, now, but=meeting.pk) if carry_over else None
    ids = sorted({meeting.pk} | ({target.pk} if target else set()))
    locked = {pk: Meeting.objects.lock(pk) for pk in ids}  # in one order: two that cancel wait for each other once
    meeting = locked[meeting.pk]
    target = locked[target.pk] if target else None
    if target is not None and policies.is_late(target, now):
        target = None
    insist(policies.why_not_prepare(meeting, by))
    if not reason.strip():
        raise ValidationError({"reason": "Say why the meeting is cancelled."})
    insist(policies.why_not_move_meeting(meeting, MeetingStatus.CANCELLED))
    presenters = _presenters(meeting)
    meeting.status, meeting.cancel_reason = MeetingStatus.CANCELLED, reason.strip()[:200]
    meeting.save_version("status", "cancel_reason")
    carried = 0
    for item_id in list(AgendaItem.objects.open().filter(meeting=meeting).in_order().values_list("pk", flat=True)):
        item = AgendaItem.objects.lock_full(item_id)
        defer_locked(item, meeting, reason=DeferReason.MEETING_CANCELLED, by=by, now=now)
        if target is not None and not item.patient.is_deceased:
            place(item.referral, target, minutes=item.minutes, by=by, now=now)
            carried += 1
    nothing_to_put_up(f"{reverse('meeting', args=[meeting.pk])}shown/", now=now)
    _tell(meeting, "canceled", also=presenters, by=by, now=now)
    details: dict[str, object] = {"carried": carried, "to": target.pk if target else None}
    _audit("meetings.cancel", meeting, by=by, now=now, reason=reason, details=details)
    return meeting


@transaction.atomic
def reinstate(meeting: Meeting, *, by: User, now: datetime) -> Meeting:
    """A canceled meeting takes place after all, at its time. Cases that went elsewhere stay there."""
    _lock_dates(meeting.board_id)
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_plan(meeting.board, by))
    insist(policies.why_not_move_meeting(meeting, MeetingStatus.PLANNED))
    _insist_free(meeting.board, meeting.starts_at, now=now, but=meeting.pk)
    meeting.status, meeting.cancel_reason, meeting.frozen_at = MeetingStatus.PLANNED, "", None
    meeting.save_version("status", "cancel_reason", "frozen_at")
    _tell(meeting, "takes place after all", by=by, now=now)
    _audit("meetings.reinstate", meeting, by=by, now=now)
    return meeting


def _lock_dates(board_id: int) -> Board:
    """The board, locked: two people who plan its dates do so one after the other."""
    return Board.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=board_id)


def _insist_free(board: Board, starts_at: datetime, *, now: datetime, but: int = 0) -> None:
    others = Meeting.objects.sessions().filter(board=board, starts_at=starts_at).exclude(status=MeetingStatus.CANCELLED)
    taken = others.exclude(pk=but).values_list("starts_at", flat=True)
    reasons = why_not_on(starts_at, now, list(taken))
    if reasons:
        raise ValidationError({"on": reasons})


def _presenters(meeting: Meeting) -> list[User]:
    items = AgendaItem.objects.open().filter(meeting=meeting).select_related("referral__presenter")
    return [item.referral.presenter for item in items if item.referral.presenter is not None]


def _tell(meeting: Meeting, what: str, *, by: User, now: datetime, also: list[User] | None = None) -> None:
    """Inbox and invitation of everybody concerned: board, date and time only. The reason was typed and may name a
    patient; it stands on the meeting's page."""
    people = {person.pk: person for person in [*expected_people(meeting), *(also or [])]}
    withdraw(keys=[_key(meeting)], now=now)
    invite_anew(meeting, now=now, people=list(people.values()))
    notify(
        [person for person in people.values() if person.pk != by.pk],
        key=_key(meeting),
        kind="meeting",
        title=f"{meeting.board.name} {what}: {local_words(meeting)}"[:200],
        url=reverse("meeting", args=[meeting.pk]),
        now=now,
        due_on=day_of(meeting),
    )


def _key(meeting: Meeting) -> str:
    return f"meeting:{meeting.pk}:{meeting.sequence}"


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
