"""Meetings follow from the board's rhythm."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from tumorboard.boards.commands import BoardSettings, change_board, create_board
from tumorboard.boards.models import Board
from tumorboard.boards.queries import planned_occurrences
from tumorboard.boards.rules import AHEAD, local_moment
from tumorboard.meetings import policies
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.rules import OPEN_ITEMS, MeetingStatus

if TYPE_CHECKING:
    from careteam.people.models import Team, User

NEW_RHYTHM = "The rhythm of the board changed"


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
        Meeting.objects.filter(board=board, occurrence_on__in=[occurrence.on for occurrence in coming]).values_list(
            "occurrence_on", flat=True
        )
    )
    fresh = [occurrence for occurrence in coming if occurrence.on not in known and occurrence.starts_at > now]
    Meeting.objects.bulk_create(
        [
            Meeting(
                board=board,
                starts_at=occurrence.starts_at,
                ends_at=occurrence.starts_at + timedelta(minutes=board.duration_minutes),
                cutoff_at=occurrence.starts_at - timedelta(hours=board.cutoff_hours),
                occurrence_on=occurrence.on,
                place=board.place,
            )
            for occurrence in fresh
        ]
    )
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

    Planned meetings follow a changed time, length, cut-off or place, unless they were moved by hand. Those that the
    new rhythm no longer gives are cancelled when nothing is listed on them; with cases they stay, for a person to
    decide. Raises `StaleEdit` when `version` is no longer the board's.
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
    zone = board.team.time_zone
    planned = list(
        Meeting.objects.select_for_update(of=("self",)).filter(
            board=board, status=MeetingStatus.PLANNED, starts_at__gt=now
        )
    )
    if not planned:
        return
    last = max(meeting.occurrence_on for meeting in planned)
    wanted = {occurrence.on for occurrence in planned_occurrences(board, since=board.team.local_date(now), until=last)}
    if not board.is_active:
        wanted = set()
    with_cases = set(
        Meeting.objects.filter(pk__in=[row.pk for row in planned], items__status__in=OPEN_ITEMS).values_list(
            "pk", flat=True
        )
    )
    changed: dict[str, list[int]] = {"cancelled": [], "moved": []}
    for meeting in planned:
        if meeting.occurrence_on not in wanted and meeting.pk not in with_cases:
            meeting.status, meeting.cancel_reason = MeetingStatus.CANCELLED, NEW_RHYTHM
            changed["cancelled"].append(meeting.pk)
        elif meeting.starts_at == local_moment(meeting.occurrence_on, before.local_time, zone):
            starts_at = local_moment(meeting.occurrence_on, board.local_time, zone)
            times = {
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(minutes=board.duration_minutes),
                "cutoff_at": starts_at - timedelta(hours=board.cutoff_hours),
                "place": board.place if meeting.place == before.place else meeting.place,
            }
            if all(getattr(meeting, name) == value for name, value in times.items()):
                continue
            for name, value in times.items():
                setattr(meeting, name, value)
            changed["moved"].append(meeting.pk)
        else:
            continue
        meeting.version += 1
        meeting.save()
    _bring_back(board, wanted, now=now)
    if changed["cancelled"] or changed["moved"]:
        record("meetings.follow_board", by=by, now=now, subject=board, team_id=board.team_id, details=changed)


def _bring_back(board: Board, wanted: set[date], *, now: datetime) -> None:
    """Dates that an earlier change of rhythm cancelled and this one gives again."""
    Meeting.objects.filter(
        board=board,
        status=MeetingStatus.CANCELLED,
        cancel_reason=NEW_RHYTHM,
        starts_at__gt=now,
        occurrence_on__in=wanted,
    ).update(status=MeetingStatus.PLANNED, cancel_reason="")
