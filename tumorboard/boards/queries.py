"""Boards: which ones a person sees, when they meet."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.http import Http404

from tumorboard.boards.models import Board
from tumorboard.boards.rules import Occurrence, occurrences, public_holidays

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


def planned_occurrences(board: Board, *, since: date, until: date) -> list[Occurrence]:
    """When the board meets from `since` to `until` (local dates, both included), holidays and exceptions left out."""
    skipped = set(board.exceptions)
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
