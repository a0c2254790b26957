"""Meetings follow from the board's rhythm, once each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.audit.models import AuditEvent
from patients.record.models import StaleEdit
from tests.factories.board import Room, settings
from tumorboard.boards.models import Board
from tumorboard.meetings.commands import add_meeting, freeze, move_meeting, set_up_board, unfold_meetings
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.queries import change_of
from tumorboard.tasks import unfold

pytestmark = pytest.mark.django_db


def _dates(room: Room, *, status: str = "planned") -> list[date]:
    rows = Meeting.objects.filter(board=room.board, status=status).order_by("occurrence_on")
    return list(rows.values_list("occurrence_on", flat=True))


def test_unfold_meetings_plans_ahead_without_holidays(room: Room) -> None:
    """24 December 2026 is a Thursday and no public holiday in Germany; 31 December neither. 25/26 are Fri/Sat."""
    assert _dates(room)[:3] == [date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 10)]
    friday = set_up_board(
        room.team, settings(name="Friday board", rrule="FREQ=WEEKLY;BYDAY=FR"), by=room.coordinator, now=room.now
    )
    found = set(Meeting.objects.filter(board=friday).values_list("occurrence_on", flat=True))
    assert (date(2026, 12, 18) in found, date(2026, 12, 25) in found, date(2027, 1, 1) in found) == (True, False, False)


def test_unfold_meetings_keeps_holidays_when_asked(room: Room) -> None:
    wanted = settings(name="Friday board", rrule="FREQ=WEEKLY;BYDAY=FR", skip_holidays=False)
    friday = set_up_board(room.team, wanted, by=room.coordinator, now=room.now)
    assert Meeting.objects.filter(board=friday, occurrence_on=date(2026, 12, 25)).count() == 1


def test_unfold_meetings_writes_start_end_and_cutoff(room: Room) -> None:
    meeting = room.meeting
    assert (meeting.starts_at, meeting.ends_at, meeting.cutoff_at) == (
        datetime(2026, 11, 26, 13, tzinfo=UTC),
        datetime(2026, 11, 26, 14, tzinfo=UTC),
        datetime(2026, 11, 25, 11, tzinfo=UTC),
    )


def test_unfold_meetings_again_changes_nothing(room: Room) -> None:
    before = (Meeting.objects.count(), AuditEvent.objects.count())
    assert unfold_meetings(room.board, until=date(2027, 2, 1), by=None, now=room.now) == 0
    unfold()
    unfold()
    planned = Meeting.objects.count()
    unfold()
    assert (Meeting.objects.count(), before[0] <= planned) == (planned, True)


@pytest.mark.django_db(transaction=True)
def test_unfold_meetings_twice_at_once_plans_once(room: Room) -> None:
    Meeting.objects.all().delete()

    def run(_: int) -> int:
        try:
            return unfold_meetings(room.board, until=date(2027, 1, 31), by=None, now=room.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        made = sorted(pool.map(run, range(2)))
    assert made == [0, 10]
    assert Meeting.objects.count() == 10


def test_unfold_meetings_of_an_ended_board_plans_nothing(room: Room) -> None:
    set_up_board(room.team, settings(is_active=False), board=room.board, by=room.coordinator, now=room.now)
    assert _dates(room) == []
    assert unfold_meetings(room.board, until=date(2027, 6, 1), by=None, now=room.now) == 0


def test_set_up_board_moves_planned_meetings_to_the_new_time(room: Room) -> None:
    set_up_board(room.team, settings(local_time=time(8, 30)), board=room.board, by=room.coordinator, now=room.now)
    assert room.meeting.starts_at == datetime(2026, 11, 26, 7, 30, tzinfo=UTC)


def test_set_up_board_leaves_what_was_set_by_hand_what_has_cases_and_what_is_frozen(room: Room) -> None:
    """Only the empty meetings of the rhythm follow a new one; the others stay, and the preview says so before."""
    meetings = {row.occurrence_on: row for row in Meeting.objects.filter(board=room.board)}
    room.item()
    moved = move_meeting(
        meetings[date(2026, 12, 3)], date(2026, 12, 4), time(9), reason="Congress", by=room.coordinator, now=room.now
    )
    freeze(meetings[date(2026, 12, 10)], by=room.coordinator, now=room.now)
    extra = add_meeting(room.board, date(2026, 12, 14), time(8), reason="Many", by=room.coordinator, now=room.now)
    tuesday = settings(rrule="FREQ=WEEKLY;BYDAY=TU")
    would = change_of(room.board, Board(team=room.team, pk=room.board.pk, **asdict(tuesday)), room.now)
    kept = [(row.meeting.occurrence_on.day, row.because) for row in would.kept]
    assert kept == [
        (26, "Stays: cases are listed"),
        (3, "Stays: set by hand"),
        (10, "Stays: its agenda is frozen"),
        (14, "Stays: set by hand"),
    ]
    board = set_up_board(room.team, tuesday, board=room.board, by=room.coordinator, now=room.now)
    assert len(_dates(room, status="cancelled")) == would.off
    december = [each for each in _dates(room) if each <= date(2026, 12, 15)]
    assert december == [date(2026, 11, day) for day in (24, 26)] + [date(2026, 12, day) for day in (1, 3, 8, 14, 15)]
    moved.refresh_from_db()
    assert (moved.starts_at, extra.is_extra) == (datetime(2026, 12, 4, 8, tzinfo=UTC), True)
    set_up_board(room.team, settings(), board=board, by=room.coordinator, now=room.now)
    again = [each for each in _dates(room) if each <= date(2026, 12, 17)]
    assert again == [date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 14), date(2026, 12, 17)]


def test_set_up_board_brings_a_new_room_to_every_meeting_that_had_the_old_one(room: Room) -> None:
    room.item()
    own = move_meeting(
        Meeting.objects.get(occurrence_on=date(2026, 12, 3)),
        date(2026, 12, 3),
        time(14),
        room="Chapel",
        reason="Paint",
        by=room.coordinator,
        now=room.now,
    )
    wanted = settings(place="Room 5", link="https://video.example.org/net")
    set_up_board(room.team, wanted, board=room.board, by=room.coordinator, now=room.now)
    own.refresh_from_db()
    assert (room.meeting.place, room.meeting.link) == ("Room 5", "https://video.example.org/net")
    assert (own.place, own.link) == ("Chapel", "https://video.example.org/net")


def test_set_up_board_refuses_a_stale_form(room: Room) -> None:
    set_up_board(room.team, settings(place="Room 1"), board=room.board, version=1, by=room.coordinator, now=room.now)
    with pytest.raises(StaleEdit):
        set_up_board(
            room.team, settings(place="Room 2"), board=room.board, version=1, by=room.coordinator, now=room.now
        )
    room.board.refresh_from_db()
    assert room.board.place == "Room 1"


def test_set_up_board_needs_the_right_and_a_rule(room: Room) -> None:
    with pytest.raises(ValidationError, match="Only a board coordinator or team lead"):
        set_up_board(room.team, settings(name="Other"), by=room.chair, now=room.now)
    with pytest.raises(ValidationError, match="no RRULE"):
        set_up_board(room.team, replace(settings(name="Other"), rrule="never"), by=room.coordinator, now=room.now)
