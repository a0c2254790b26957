"""Boards: which ones a person sees, when they meet."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING

from django.http import Http404

from tumorboard.boards.models import Board, BoardMember
from tumorboard.boards.rules import EXCEPTION, Occurrence, Times, occurrences, public_holidays, times_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


def visible_board(user: User | AnonymousUser, board_id: int) -> Board:
    """The board with its team, if the person belongs to the team; else 404."""
    board = Board.objects.visible_to(user).select_related("team").filter(pk=board_id).first()
    if board is None:
        raise Http404("No such board, or not yours to see.")
    return board


def boards_of_team(team_id: int) -> list[Board]:
    """The active boards of a team, by name."""
    return list(Board.objects.filter(team_id=team_id, is_active=True).order_by("name", "pk"))


def unfolded(board: Board, *, since: date, until: date) -> list[Occurrence]:
    """What the rhythm gives from `since` to `until` (local dates, both included): holidays and exceptions among them,
    each with why the board does not meet. Asks the database nothing; a board that is not saved yet will do."""
    skipped: dict[date, str] = dict.fromkeys(board.exceptions, EXCEPTION)
    if board.skip_holidays:
        skipped |= public_holidays(board.team.country, range(since.year, until.year + 1))
    return occurrences(
        rule=board.rrule,
        starts_on=board.starts_on,
        local_time=board.local_time,
        zone=board.team.time_zone,
        since=since,
        until=until,
        skipped=skipped,
    )


def planned_occurrences(board: Board, *, since: date, until: date) -> list[Occurrence]:
    """When the board meets from `since` to `until` (local dates, both included), holidays and exceptions left out."""
    return [each for each in unfolded(board, since=since, until=until) if not each.skipped_because]


def times_on(board: Board, on: date, at: time | None = None) -> Times:
    """A meeting of this board on that local day, at its usual time or another: start, end, cut-off."""
    return times_of(
        on,
        at or board.local_time,
        board.team.time_zone,
        duration_minutes=board.duration_minutes,
        cutoff_hours=board.cutoff_hours,
    )


def members_of(board_id: int) -> list[BoardMember]:
    """The standing members, with person and deputy, by specialty and name."""
    rows = BoardMember.objects.filter(board_id=board_id).select_related("user", "deputy")
    return sorted(rows, key=lambda member: (member.get_specialty_display(), member.user.name, member.pk))
