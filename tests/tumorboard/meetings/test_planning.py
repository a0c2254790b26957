"""Meetings follow from the board's rhythm, once each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.audit.models import AuditEvent
from patients.record.models import StaleEdit
from tests.factories.board import Room, settings
from tumorboard.meetings.commands import set_up_board, unfold_meetings
from tumorboard.meetings.models import Meeting
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


def test_set_up_board_leaves_a_meeting_moved_by_hand(room: Room) -> None:
    moved = datetime(2026, 11, 26, 16, tzinfo=UTC)
    Meeting.objects.filter(pk=room.meeting.pk).update(starts_at=moved, ends_at=datetime(2026, 11, 26, 17, tzinfo=UTC))
    set_up_board(room.team, settings(local_time=time(8, 30)), board=room.board, by=room.coordinator, now=room.now)
    assert room.meeting.starts_at == moved


def test_set_up_board_cancels_dates_of_the_old_rhythm_but_none_with_cases(room: Room) -> None:
    room.item()
    tuesday = settings(rrule="FREQ=WEEKLY;BYDAY=TU")
    board = set_up_board(room.team, tuesday, board=room.board, by=room.coordinator, now=room.now)
    assert _dates(room)[:3] == [date(2026, 11, 24), date(2026, 11, 26), date(2026, 12, 1)]
    assert date(2026, 12, 3) in _dates(room, status="cancelled")
    set_up_board(room.team, settings(), board=board, by=room.coordinator, now=room.now)
    assert _dates(room)[:3] == [date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 10)]


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
