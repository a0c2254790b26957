"""The weekly board around today: made as histories name its dates."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta

from careteam.cohort.cast import BOARD_NAME
from careteam.people.models import Membership, Team
from careteam.people.rules import Role, Specialty
from tumorboard.boards.models import Board, BoardMember
from tumorboard.meetings.models import Attendance, Meeting


class Meetings:
    """Dates of the team's first active board; week 0 is the next one after today."""

    def __init__(self, team: Team, *, now: datetime) -> None:
        self._team, self._now = team, now
        self.board = Board.objects.filter(team=team, is_active=True).order_by("pk").first()
        self._found: dict[int, int] = {}

    def find(self, week: int) -> int:
        if week not in self._found:
            self._found[week] = self._make(week)
        return self._found[week]

    @property
    def board_id(self) -> int:
        if self.board is None:
            raise ValueError(f"{self._team.name} has no board: open one first.")
        return self.board.pk

    def _make(self, week: int) -> int:
        raise NotImplementedError
