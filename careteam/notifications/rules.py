"""How a message travels: inbox at once; e-mail at once when urgent, else in one digest per person and day, through an
outbox with leases."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices


class DeliveryStatus(TextChoices):
    PENDING = "pending", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"
    WITHDRAWN = "withdrawn", "No longer needed"


class MailPath(TextChoices):
    """What becomes of a message besides the inbox."""

    NONE = "", "Inbox only"
    AT_ONCE = "at_once", "A mail of its own"
    WAITING = "waiting", "Waits for the next digest"
    DIGEST = "digest", "In a digest"


class MailKind(TextChoices):
    """What a person may leave out of the digest."""

    SCANS = "scans", "Scans and reports that are due"
    BOARD = "board", "Board: referrals, suggestions, actions"
    PALLIATIVE = "palliative", "Palliative care"
    OTHER = "other", "Everything else"


_KINDS = {
    "imaging.reminder": MailKind.SCANS,
    "imaging.review": MailKind.SCANS,
    "referral": MailKind.BOARD,
    "suggestion": MailKind.BOARD,
    "action": MailKind.BOARD,
    "palliative": MailKind.PALLIATIVE,
}


def mail_kind(kind: str) -> MailKind:
    """The choice that a message's kind falls under."""
    return _KINDS.get(kind, MailKind.OTHER)


LEASE = timedelta(minutes=5)  # longer than the longest SMTP time-out
MAX_ATTEMPTS = 8
LONGEST_WAIT = timedelta(hours=6)


def next_attempt_after(attempts: int, *, spread: str = "") -> timedelta:
    """Backs off 1, 2, 4 … minutes, at most six hours; `spread` (the Message-ID) adds up to a quarter, always the same
    for the same mail and attempt, so that a mail server that comes back is not asked by everybody in one second."""
    wait = min(timedelta(minutes=2 ** max(attempts - 1, 0)), LONGEST_WAIT)
    share = zlib.crc32(f"{spread}:{attempts}".encode()) % 1000 / 4000 if spread else 0.0
    return min(wait * (1 + share), LONGEST_WAIT)


@dataclass(frozen=True)
class MailHours:
    """When a person's digest may leave, in hours of the team's own time. Quiet hours may run over midnight; equal
    ends: no quiet hours."""

    digest_hour: int = 7
    quiet_from: int = 20
    quiet_until: int = 7
    on_days_off: bool = False

    def is_quiet(self, hour: int) -> bool:
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until

    @property
    def never_leaves(self) -> bool:
        """From the digest's hour to midnight all is quiet: such wishes would silence every digest."""
        return all(self.is_quiet(hour) for hour in range(self.digest_hour, 24))

    def may_leave(self, local: datetime, *, is_day_off: bool) -> bool:
        """From the digest's hour on, outside of quiet hours, on a working day (or on any, if wished)."""
        if is_day_off and not self.on_days_off:
            return False
        return local.hour >= self.digest_hour and not self.is_quiet(local.hour)


DEFAULT_HOURS = MailHours()
