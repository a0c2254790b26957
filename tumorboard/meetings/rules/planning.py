"""What becomes of the meetings ahead when the rhythm of a board changes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import TextChoices

from tumorboard.boards.rules import Times
from tumorboard.meetings.rules.states import MeetingStatus


class Fate(TextChoices):
    SAME = "same", "Stays as it is"
    NEW_TIME = "new_time", "Moves to the new time"
    OFF = "off", "Is taken off"
    HAS_CASES = "has_cases", "Stays: cases are listed"
    FROZEN = "frozen", "Stays: its agenda is frozen"
    BY_HAND = "by_hand", "Stays: set by hand"


KEPT = frozenset({Fate.HAS_CASES, Fate.FROZEN, Fate.BY_HAND})


@dataclass(frozen=True)
class Ahead:
    """A meeting that is still to come, as it stands now."""

    occurrence_on: date
    times: Times
    is_frozen: bool
    is_by_hand: bool  # moved or added
    cases: int


def fate_of(meeting: Ahead, wanted: Mapping[date, Times]) -> Fate:
    """Only empty meetings that the rhythm itself gave follow a new one. `wanted`: what the new one gives, by date."""
    times = wanted.get(meeting.occurrence_on)
    if times == meeting.times:
        return Fate.SAME
    if meeting.is_by_hand:
        return Fate.BY_HAND
    if meeting.is_frozen:
        return Fate.FROZEN
    if meeting.cases:
        return Fate.HAS_CASES
    return Fate.NEW_TIME if times else Fate.OFF


def why_not_on(starts_at: datetime, now: datetime, others: Collection[datetime]) -> list[str]:
    """Why a meeting cannot be put there. `others`: when the board's other meetings of that time begin."""
    reasons = ["This moment has passed. Choose a later one."] if starts_at <= now else []
    if starts_at in others:
        reasons.append("The board meets already at that time.")
    return reasons


OPEN_MEETINGS = frozenset({MeetingStatus.PLANNED, MeetingStatus.FROZEN})
