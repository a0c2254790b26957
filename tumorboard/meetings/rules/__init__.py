"""Rules of meetings, by concept. Pure: no ORM, no clock, no settings."""

from tumorboard.meetings.rules.agenda import (
    OPEN_ITEMS,
    Quorum,
    item_minutes,
    moved,
    next_in_order,
    quorum_of,
    required_specialties,
)
from tumorboard.meetings.rules.states import ITEM_TRANSITIONS, MEETING_TRANSITIONS, ItemStatus, MeetingStatus

__all__ = [
    "ITEM_TRANSITIONS",
    "MEETING_TRANSITIONS",
    "OPEN_ITEMS",
    "ItemStatus",
    "MeetingStatus",
    "Quorum",
    "item_minutes",
    "moved",
    "next_in_order",
    "quorum_of",
    "required_specialties",
]
