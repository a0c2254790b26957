"""A meeting as an entry of a calendar: the same in feeds, invitations and the file to download. No patient is in it."""

from __future__ import annotations

import zoneinfo
from datetime import UTC
from typing import TYPE_CHECKING

from django.urls import reverse

from careteam.calendars.rules import Entry
from careteam.notifications.rules import DeliveryStatus
from careteam.web.words import count, weekday
from tumorboard.meetings.rules import MeetingStatus

if TYPE_CHECKING:
    from tumorboard.meetings.models import Meeting

_OPEN = (DeliveryStatus.PENDING, DeliveryStatus.SENT)


def entry_of(meeting: Meeting, cases: int = 0) -> Entry:
    """The meeting (with board and team) as an entry; canceled ones say so."""
    said = f", {count(cases, 'case', 'cases')}" if cases else ""
    place, link = meeting.place or meeting.board.place, meeting.link or meeting.board.link
    return Entry(
        key=f"meeting-{meeting.pk}",
        title=f"{meeting.board.name}{said}",
        starts=meeting.starts_at.astimezone(UTC),
        ends=meeting.ends_at.astimezone(UTC),
        zone=meeting.board.team.time_zone,
        path=reverse("meeting", args=[meeting.pk]),
        place=", ".join(part for part in (place, link) if part),
        is_cancelled=meeting.status == MeetingStatus.CANCELLED,
    )


def local_words(meeting: Meeting) -> str:
    """`Thu 26 Nov 2026, 14:00 (Europe/Berlin)`: the local time of the board's team."""
    zone = meeting.board.team.time_zone
    local = meeting.starts_at.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{weekday(local.date())}, {local:%H:%M} ({zone})"


def invited(meeting: Meeting) -> int:
    """How many people were mailed the meeting as it stands, or will be with the next round."""
    return meeting.invitations.filter(sequence=meeting.sequence, status__in=_OPEN).count()
