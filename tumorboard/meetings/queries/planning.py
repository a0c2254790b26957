"""The dates of a board: what its rhythm gives, what is planned, what a change of the rhythm would do. Asks a fixed
number of queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from tumorboard.boards.models import Board
from tumorboard.boards.queries import times_on, unfolded
from tumorboard.boards.rules import AHEAD, EXCEPTION, Occurrence, Times
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.rules import KEPT, OPEN_ITEMS, OPEN_MEETINGS, Ahead, Fate, MeetingStatus, fate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

NEW_RHYTHM = "The rhythm of the board changed"
SHOWN = 12
PREVIEW = timedelta(days=400)  # a board that meets every quarter shows its next dates too


@dataclass(frozen=True)
class DateRow:
    """One date of a board: as its rhythm gives it, and the meeting that is planned there, if there is one."""

    on: date
    starts_at: datetime
    skipped_because: str = ""
    meeting: Meeting | None = None
    cases: int = 0

    @property
    def is_off(self) -> bool:
        return bool(self.skipped_because) or (
            self.meeting is not None and self.meeting.status == MeetingStatus.CANCELLED
        )

    @property
    def why_off(self) -> str:
        """The holiday, the reason why it was canceled, or that the board leaves this day out."""
        if self.meeting is not None and self.meeting.status == MeetingStatus.CANCELLED:
            return self.meeting.cancel_reason
        return "No meeting on this day" if self.skipped_because == EXCEPTION else self.skipped_because

    @property
    def is_moved(self) -> bool:
        return self.meeting is not None and self.meeting.moved_from is not None

    @property
    def is_extra(self) -> bool:
        return self.meeting is not None and self.meeting.is_extra


@dataclass(frozen=True)
class Kept:
    """A meeting that does not follow the new rhythm, and why."""

    meeting: Meeting
    because: str


@dataclass(frozen=True)
class Change:
    """What saving a rhythm does to the meetings ahead."""

    moved: int
    off: int
    kept: tuple[Kept, ...]

    def __bool__(self) -> bool:
        return bool(self.moved or self.off or self.kept)


def dates_of(board: Board, now: datetime, *, limit: int = SHOWN) -> list[DateRow]:
    """The next dates of a board that is saved: planned, moved, extra and canceled meetings, and the holidays on which
    the rhythm would have met. Two queries."""
    today = board.team.local_date(now)
    rows = [DateRow(row.occurrence_on, row.starts_at, "", row, cases) for row, cases in _ahead(board, now)]
    rows = [row for row in rows if not _left_behind(row)]
    last = max((row.starts_at for row in rows), default=now)
    known = {row.on for row in rows}
    until = min(board.team.local_date(last), today + AHEAD)
    rows += [
        DateRow(each.on, each.starts_at, each.skipped_because)
        for each in unfolded(board, since=today, until=until)
        if each.skipped_because and each.on not in known
    ]
    return sorted(rows, key=lambda row: row.starts_at)[:limit]


def preview_of(board: Board, now: datetime, *, limit: int = SHOWN) -> list[Occurrence]:
    """What the settings in `board` (saved or not) would give next. No query."""
    today = board.team.local_date(now)
    found = unfolded(board, since=today, until=today + PREVIEW)
    return [each for each in found if each.starts_at > now][:limit]


def change_of(board: Board, settings: Board, now: datetime) -> Change:
    """What becomes of the board's meetings ahead under other `settings` (the same board, not saved). One query."""
    ahead = _ahead(board, now)
    wanted = wanted_of(settings, now, [row for row, _ in ahead])
    fates = [(row, fate_of(as_ahead(row, cases), wanted)) for row, cases in ahead if row.status in OPEN_MEETINGS]
    counted = Counter(fate for _, fate in fates)
    kept = tuple(Kept(row, fate.label) for row, fate in fates if fate in KEPT)
    return Change(counted[Fate.NEW_TIME], counted[Fate.OFF], kept)


def wanted_of(board: Board, now: datetime, planned: Iterable[Meeting]) -> dict[date, Times]:
    """By local date what the rhythm gives, as far as meetings are planned; nothing for a board that has ended."""
    until = max((row.occurrence_on for row in planned), default=None)
    if until is None or not board.is_active:
        return {}
    found = unfolded(board, since=board.team.local_date(now), until=until)
    return {each.on: times_on(board, each.on) for each in found if not each.skipped_because}


def as_ahead(meeting: Meeting, cases: int) -> Ahead:
    return Ahead(
        occurrence_on=meeting.occurrence_on,
        times=Times(meeting.starts_at, meeting.ends_at, meeting.cutoff_at),
        is_frozen=meeting.status == MeetingStatus.FROZEN,
        is_by_hand=meeting.is_extra or meeting.moved_from is not None,
        cases=cases,
    )


def open_cases() -> Count:
    return Count("items", filter=Q(items__status__in=OPEN_ITEMS))


def _ahead(board: Board, now: datetime) -> list[tuple[Meeting, int]]:
    rows: Iterable[Any] = (
        Meeting.objects.filter(board_id=board.pk, starts_at__gt=now)
        .annotate(open_cases=open_cases())
        .order_by("starts_at", "pk")
    )
    return [(row, row.open_cases) for row in rows]


def _left_behind(row: DateRow) -> bool:
    """Taken off by a change of the rhythm: no date of the board any more."""
    off = row.meeting is not None and row.meeting.status == MeetingStatus.CANCELLED
    return off and row.meeting is not None and row.meeting.cancel_reason == NEW_RHYTHM
