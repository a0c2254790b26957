"""Meetings and agenda items: states. Pure."""

from django.db.models import TextChoices


class MeetingStatus(TextChoices):
    PLANNED = "planned", "Planned"
    FROZEN = "frozen", "Agenda frozen"
    RUNNING = "running", "Running"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


M = MeetingStatus
MEETING_TRANSITIONS: dict[MeetingStatus, frozenset[MeetingStatus]] = {
    M.PLANNED: frozenset({M.FROZEN, M.RUNNING, M.CANCELLED}),
    M.FROZEN: frozenset({M.RUNNING, M.CANCELLED}),
    M.RUNNING: frozenset({M.HELD}),
    M.HELD: frozenset(),
    M.CANCELLED: frozenset({M.PLANNED}),
}


class ItemStatus(TextChoices):
    LISTED = "listed", "Listed"
    CURRENT = "current", "Under discussion"
    DECIDED = "decided", "Decided"
    DEFERRED = "deferred", "Deferred"
    WITHDRAWN = "withdrawn", "Withdrawn"


I_ = ItemStatus
ITEM_TRANSITIONS: dict[ItemStatus, frozenset[ItemStatus]] = {
    I_.LISTED: frozenset({I_.CURRENT, I_.DECIDED, I_.DEFERRED, I_.WITHDRAWN}),
    I_.CURRENT: frozenset({I_.LISTED, I_.DECIDED, I_.DEFERRED, I_.WITHDRAWN}),
    I_.DECIDED: frozenset(),
    I_.DEFERRED: frozenset(),
    I_.WITHDRAWN: frozenset(),
}
