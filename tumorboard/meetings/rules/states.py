"""Meetings and agenda items: states. Pure."""

from django.db.models import TextChoices


class MeetingStatus(TextChoices):
    PLANNED = "planned", "Planned"
    FROZEN = "frozen", "Agenda frozen"
    RUNNING = "running", "Running"
    HELD = "held", "Held"
    CANCELLED = "cancelled", "Cancelled"


class MeetingKind(TextChoices):
    """How the board comes together: around a table, or by an e-vote about one case between two meetings."""

    SESSION = "session", "Meeting"
    VOTE = "vote", "E-vote"


class AttendanceMode(TextChoices):
    ROOM = "room", "In the room"
    REMOTE = "remote", "Remote"
    VOTE = "vote", "By e-vote"


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


class Section(TextChoices):
    """Where a case stands on an agenda. In the order of the agenda; standby cases are taken when time is left."""

    SENT_BACK = "sent_back", "Sent back"
    FULL = "full", "Full discussion"
    REDISCUSSION = "rediscussion", "Re-discussion"
    PROTOCOL = "protocol", "Protocol"
    INFORMATION = "information", "Information"
    STANDBY = "standby", "Standby"


SECTION_RANK: dict[str, int] = {str(section): rank for rank, section in enumerate(Section)}


class ChangeKind(TextChoices):
    """What was done to an agenda."""

    LISTED = "listed", "listed"
    MOVED = "moved", "moved"
    ORDERED = "ordered", "put in order"
    UNDONE = "undone", "put back in the order before"
    SECTION = "section", "moved to another section"
    MINUTES = "minutes", "given other minutes"
    DATE = "date", "put on another date"
    DEFERRED = "deferred", "deferred"
    WITHDRAWN = "withdrawn", "withdrawn"
