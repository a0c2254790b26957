"""May this person have a link to that calendar?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from careteam.calendars.models import CalendarFeed
from careteam.calendars.queries import may_read
from careteam.calendars.rules import MOST_LINKS

if TYPE_CHECKING:
    from careteam.people.models import User


def why_not_make(user: User, team_id: int | None, now: datetime) -> list[str]:
    """Everybody has a calendar of their own; a team's is for those who see its patients."""
    reasons = []
    if team_id is not None and not may_read(user, team_id):
        reasons.append("You do not work in that team, or your roles do not include its patients.")
    if CalendarFeed.objects.alive(now).filter(user=user).count() >= MOST_LINKS:
        reasons.append(f"You have {MOST_LINKS} links already. Revoke one that you do not use.")
    return reasons


def why_not_change(feed: CalendarFeed, user: User) -> list[str]:
    reasons = [] if feed.user_id == user.pk else ["This link is somebody else's."]
    if feed.revoked_at is not None:
        reasons.append("This link is revoked. Make a new one.")
    return reasons
