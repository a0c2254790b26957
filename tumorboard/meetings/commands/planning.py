"""Meetings follow from the board's rhythm."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from tumorboard.boards.commands import BoardSettings, change_board, create_board
from tumorboard.boards.models import Board
from tumorboard.boards.queries import planned_occurrences, times_on
from tumorboard.boards.rules import AHEAD, Times
from tumorboard.meetings import policies
from tumorboard.meetings.commands.invitations import invite_anew
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import NEW_RHYTHM, as_ahead, day_of, open_cases, wanted_of
from tumorboard.meetings.rules import OPEN_MEETINGS, Fate, MeetingStatus, fate_of
from tumorboard.referrals.commands import refresh_step

if TYPE_CHECKING:
    from careteam.people.models import Team, User


@transaction.atomic
def unfold_meetings(board: Board, *, until: date, by: User | None, now: datetime) -> int:
    """Plans the meetings that the rhythm gives from today until the local date `until`; returns how many are new.

    Running it again, or twice at once, changes nothing (the board's row is locked, a date is planned once).
    `by=None` is the tick. An inactive board plans nothing.
    """
    board = Board.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=board.pk)
    insist(policies.why_not_unfold(board, by))
    if not board.is_active:
        return 0
    coming = planned_occurrences(board, since=board.team.local_date(now), until=until)
    known = set(
        Meeting.objects.sessions()
        .filter(board=board, occurrence_on__in=[occurrence.on for occurrence in coming])
        .values_list("occurrence_on", flat=True)
    )
    fresh = [occurrence for occurrence in coming if occurrence.on not in known and occurrence.starts_at > now]
    Meeting.objects.bulk_create([planned(board, occurrence.on, times_on(board, occurrence.on)) for occurrence in fresh])
    if fresh:
        record(
            "meetings.unfold_meetings",
            by=by,
            now=now,
            subject=board,
            team_id=board.team_id,
            details={"dates": [occurrence.on.isoformat() for occurrence in fresh]},
        )
    return len(fresh)


def planned(board: Board, on: date, times: Times, *, is_extra: bool = False) -> Meeting:
    """A meeting of the board on that local day, not saved."""
    return Meeting(
        board=board,
        starts_at=times.starts_at,
        ends_at=times.ends_at,
        cutoff_at=times.cutoff_at,
        occurrence_on=on,
        place=board.place,
        link=board.link,
        is_extra=is_extra,
    )


@transaction.atomic
def set_up_board(
    team: Team,
    settings: BoardSettings,
    *,
    by: User | None,
    now: datetime,
    board: Board | None = None,
    version: int | None = None,
) -> Board:
    """Creates the board, or changes it, and plans its meetings.

    Empty meetings that the rhythm itself gave follow a changed rhythm, time, length or cut-off; those it no longer
    gives are taken off. Meetings with cases, with a frozen agenda, moved or added by hand keep their date, for a person
    to move or cancel (`rules.fate_of`; the form says which before it saves). A changed room or video link reaches all
    that had the old one. Raises `StaleEdit` when `version` is no longer the board's.
    """
    if board is None:
        board = create_board(team, settings, by=by, now=now)
    else:
        before = Board.objects.select_related("team").get(pk=board.pk)
        board = change_board(before, settings, by=by, now=now, version=version)
        _follow(board, before, by=by, now=now)
    unfold_meetings(board, until=board.team.local_date(now) + AHEAD, by=by, now=now)
    return board


def _follow(board: Board, before: Board, *, by: User | None, now: datetime) -> None:
    ahead = list(
        Meeting.objects.select_for_update(of=("self",))
        .filter(board=board, starts_at__gt=now)
        .order_by("starts_at", "pk")
    )
    if not ahead:
        return
    wanted = wanted_of(board, now, ahead)
    cases = dict(
        Meeting.objects.filter(pk__in=[row.pk for row in ahead]).annotate(n=open_cases()).values_list("pk", "n")
    )
    changed: dict[str, list[int]] = {"cancelled": [], "moved": [], "kept": [], "room": []}
    for meeting in ahead:
        if meeting.status == MeetingStatus.CANCELLED:
            _bring_back(meeting, wanted)
            continue
        if meeting.status not in OPEN_MEETINGS:
            continue
        meeting.board = board
        fate = fate_of(as_ahead(meeting, cases[meeting.pk]), wanted)
        room_changed = _new_room(meeting, board, before)
        if fate == Fate.OFF:
            meeting.status, meeting.cancel_reason = MeetingStatus.CANCELLED, NEW_RHYTHM
            changed["cancelled"].append(meeting.pk)
        elif fate == Fate.NEW_TIME:
            put_at(meeting, wanted[meeting.occurrence_on])
            changed["moved"].append(meeting.pk)
        elif fate != Fate.SAME:
            changed["kept"].append(meeting.pk)
        if fate in {Fate.OFF, Fate.NEW_TIME} or room_changed:
            changed["room"] += [meeting.pk] if room_changed else []
            meeting.version += 1
            meeting.save()
            invite_anew(meeting, now=now)
    if any(changed.values()):
        record("meetings.follow_board", by=by, now=now, subject=board, team_id=board.team_id, details=changed)


def _new_room(meeting: Meeting, board: Board, before: Board) -> bool:
    """The board's new room and link, where the meeting had the old ones."""
    changed = False
    for name in ("place", "link"):
        old, new = getattr(before, name), getattr(board, name)
        if old != new and getattr(meeting, name) == old:
            setattr(meeting, name, new)
            changed = True
    return changed


def _bring_back(meeting: Meeting, wanted: dict[date, Times]) -> None:
    """A date that an earlier change of rhythm took off and this one gives again."""
    times = wanted.get(meeting.occurrence_on)
    if times is None or meeting.cancel_reason != NEW_RHYTHM:
        return
    put_at(meeting, times)
    meeting.status, meeting.cancel_reason = MeetingStatus.PLANNED, ""
    meeting.version += 1
    meeting.save()


def put_at(meeting: Meeting, times: Times) -> None:
    """Start, end and cut-off; saves nothing."""
    meeting.starts_at, meeting.ends_at, meeting.cutoff_at = times.starts_at, times.ends_at, times.cutoff_at


def refresh_steps(meeting: Meeting, *, now: datetime) -> None:
    """The next step of every listed case is due on the day of the meeting, wherever it was moved."""
    for item in AgendaItem.objects.open().filter(meeting=meeting).select_related("referral"):
        refresh_step(item.referral, on=day_of(meeting), url=reverse("meeting", args=[meeting.pk]), now=now)
