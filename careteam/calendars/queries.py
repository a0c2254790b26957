"""Which link is whose, and whether it still opens anything."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.calendars.models import CalendarFeed
from careteam.calendars.rules import digest_of
from careteam.people.rules import Permission

if TYPE_CHECKING:
    from careteam.people.models import User


def feed_of(token: str, now: datetime) -> CalendarFeed | None:
    """The living feed behind a token: None for a wrong, revoked or expired one, for a person who was deactivated, and
    for a team's feed once the person does not work there. All of these look the same from outside."""
    feed = CalendarFeed.objects.alive(now).filter(token_digest=digest_of(token)).select_related("user", "team").first()
    if feed is None or (feed.team_id is not None and not may_read(feed.user, feed.team_id)):
        return None
    return feed


def may_read(user: User, team_id: int) -> bool:
    return access_of(user).may(Permission.PATIENT_VIEW, team_id)


def feeds_of(user: User) -> list[CalendarFeed]:
    """The person's links that are not revoked, newest first."""
    return list(CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).select_related("team").order_by("-pk"))
