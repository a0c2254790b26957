"""Table of contents: Django finds the app's tables here; the substance is in the slices."""

from careteam.access.models import AccessGrant
from careteam.audit.models import AuditEvent, AuditSeal
from careteam.calendars.models import CalendarFeed, FeedEntry
from careteam.events.models import Consumption, Event, Heartbeat
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.people.models import Absence, Deputy, Membership, Team, User
from careteam.reconciler.models import ReconcilerFinding, ReconcilerRun

__all__ = [
    "Absence",
    "AccessGrant",
    "AuditEvent",
    "AuditSeal",
    "CalendarFeed",
    "Consumption",
    "Delivery",
    "Deputy",
    "Event",
    "FeedEntry",
    "Heartbeat",
    "InboxItem",
    "MailPreference",
    "Membership",
    "ReconcilerFinding",
    "ReconcilerRun",
    "Team",
    "User",
]
