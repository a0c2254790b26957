"""The weekly board around today: five years back, and the next dates."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta

from careteam.cohort.histories.boards import WEEKS_AHEAD, WEEKS_BACK, board_day
from careteam.cohort.histories.rows import Person
from careteam.people.models import Team
from tumorboard.boards.models import Board, BoardMember
from tumorboard.meetings.models import Attendance, Meeting

WITH_ATTENDANCE = 56  # weeks back for which it is known who was there


def board_of(team: Team) -> Board:
    """The team's first active board. Raises `ValueError` when it has none."""
    board = Board.objects.filter(team=team, is_active=True).order_by("pk").first()
    if board is None:
        raise ValueError(f"{team.name} has no board: open one first.")
    return board


def meetings_of(board: Board, people: dict[Person, int], *, today: date) -> dict[int, int]:
    """Meeting ids by week (0 is the next one); what is missing is made, with who was there at those held."""
    weeks = {week: board_day(today, week) for week in range(-WEEKS_BACK, WEEKS_AHEAD + 1)}
    there = dict(Meeting.objects.sessions().filter(board=board).values_list("occurrence_on", "pk"))
    zone = zoneinfo.ZoneInfo(board.team.time_zone)
    missing = {week: day for week, day in weeks.items() if day not in there}
    made = Meeting.objects.bulk_create(_meeting(board, day, week, people, zone) for week, day in missing.items())
    members = list(BoardMember.objects.filter(board=board).order_by("pk"))
    Attendance.objects.bulk_create(
        Attendance(meeting=meeting, user_id=member.user_id, specialty=member.specialty, joined_at=meeting.starts_at)
        for meeting in made
        if meeting.held_at is not None and board_day(today, -WITH_ATTENDANCE) <= meeting.occurrence_on
        for n, member in enumerate(members)
        if (meeting.occurrence_on.toordinal() // 7 + n) % 11  # everybody misses one meeting in eleven
    )
    there |= {meeting.occurrence_on: meeting.pk for meeting in made}
    return {week: there[day] for week, day in weeks.items()}


def _meeting(board: Board, day: date, week: int, people: dict[Person, int], zone: zoneinfo.ZoneInfo) -> Meeting:
    starts = datetime.combine(day, board.local_time, zone)
    ends = starts + timedelta(minutes=board.duration_minutes)
    held = week < 0
    return Meeting(
        board=board,
        starts_at=starts,
        ends_at=ends,
        cutoff_at=starts - timedelta(hours=board.cutoff_hours),
        occurrence_on=day,
        status="held" if held else "planned",
        place=board.place,
        chair_id=people[Person("oncologist", 0)],
        scribe_id=people[Person("board_coordinator", 0)],
        frozen_at=starts - timedelta(hours=board.cutoff_hours) if held else None,
        held_at=ends if held else None,
    )
