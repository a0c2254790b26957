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
from tumorboard.meetings.rules.calendar import CalendarEntry, calendar_text
from tumorboard.meetings.rules.states import ITEM_TRANSITIONS, MEETING_TRANSITIONS, ItemStatus, MeetingStatus

__all__ = [
    "ITEM_TRANSITIONS",
    "MEETING_TRANSITIONS",
    "OPEN_ITEMS",
    "CalendarEntry",
    "ItemStatus",
    "MeetingStatus",
    "Quorum",
    "calendar_text",
    "item_minutes",
    "moved",
    "next_in_order",
    "quorum_of",
    "required_specialties",
]
