"""Rules of meetings, by concept. Pure: no ORM, no clock, no settings."""

from tumorboard.meetings.rules.agenda import (
    OPEN_ITEMS,
    Quorum,
    item_minutes,
    moved,
    next_in_order,
    quorum_of,
    required_specialties,
    section_of,
)
from tumorboard.meetings.rules.states import (
    ITEM_TRANSITIONS,
    MEETING_TRANSITIONS,
    SECTION_RANK,
    AttendanceMode,
    ChangeKind,
    ItemStatus,
    MeetingStatus,
    Section,
)

__all__ = [
    "ITEM_TRANSITIONS",
    "MEETING_TRANSITIONS",
    "OPEN_ITEMS",
    "SECTION_RANK",
    "AttendanceMode",
    "ChangeKind",
    "ItemStatus",
    "MeetingStatus",
    "Quorum",
    "Section",
    "item_minutes",
    "moved",
    "next_in_order",
    "quorum_of",
    "required_specialties",
    "section_of",
]
