"""Rules of meetings, by concept. Pure: no ORM, no clock, no settings."""

from tumorboard.meetings.rules.agenda import (
    OPEN_ITEMS,
    item_minutes,
    moved,
    next_in_order,
    section_of,
)
from tumorboard.meetings.rules.planning import KEPT, OPEN_MEETINGS, Ahead, Fate, fate_of, why_not_on
from tumorboard.meetings.rules.states import (
    ITEM_TRANSITIONS,
    MEETING_TRANSITIONS,
    SECTION_RANK,
    AttendanceMode,
    ChangeKind,
    ItemStatus,
    MeetingKind,
    MeetingStatus,
    Section,
)

__all__ = [
    "ITEM_TRANSITIONS",
    "KEPT",
    "MEETING_TRANSITIONS",
    "OPEN_ITEMS",
    "OPEN_MEETINGS",
    "SECTION_RANK",
    "Ahead",
    "AttendanceMode",
    "ChangeKind",
    "Fate",
    "ItemStatus",
    "MeetingKind",
    "MeetingStatus",
    "Section",
    "fate_of",
    "item_minutes",
    "moved",
    "next_in_order",
    "section_of",
    "why_not_on",
]
