"""How a message travels: inbox at once; e-mail at once when urgent (several close together in one), else in one digest
per person and day, through an outbox with leases."""

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
    AT_ONCE = "at_once", "Waits for the next urgent mail"
    URGENT = "urgent", "In an urgent mail"
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
    "readiness": MailKind.BOARD,
    "suggestion": MailKind.BOARD,
    "action": MailKind.BOARD,
    "agenda": MailKind.BOARD,
    "meeting": MailKind.BOARD,
    "ballot": MailKind.BOARD,
    "opinion": MailKind.BOARD,
    "palliative": MailKind.PALLIATIVE,
}


def mail_kind(kind: str) -> MailKind:
    """The choice that a message's kind falls under."""
    return _KINDS.get(kind, MailKind.OTHER)


LEASE = timedelta(minutes=5)  # of one mail: longer than a server can keep it waiting
URGENT_PAUSE = timedelta(minutes=15)  # the first urgent message leaves at once; what follows so closely, together
# Each attempt is counted before it is made. One that nobody answered for (the worker was killed, the line went dead
# after the last byte) may have arrived; two such attempts are the most, so that no mail arrives a third time.
MOST_COPIES = 2
MAX_ATTEMPTS = 17  # over two days: a full mailbox, a server that asks to come back later
MAX_REFUSALS = 3  # an address that the server does not take will not become right by asking
LONGEST_WAIT = timedelta(hours=6)
LONGEST_SILENCE = timedelta(minutes=15)  # a server that does not answer is asked by one mail a minute, not by all


def next_attempt_after(attempts: int, *, spread: str = "", most: timedelta = LONGEST_WAIT) -> timedelta:
    """Backs off 1, 2, 4 … minutes, at most `most`; `spread` (the Message-ID) adds up to a quarter, always the same
    for the same mail and attempt, so that a mail server that comes back is not asked by everybody in one second."""
    wait = min(timedelta(minutes=2 ** min(max(attempts - 1, 0), 16)), most)
    share = zlib.crc32(f"{spread}:{attempts}".encode()) % 1000 / 4000 if spread else 0.0
    return min(wait * (1 + share), most)


class Fault(TextChoices):
    """Why a mail did not leave. What the server answered is the mail's own fault; silence is the server's, and never a
    reason to give a mail up."""

    LATER = "later", "The server asks to come back later"
    REFUSED = "refused", "The server does not take it"
    SILENT = "silent", "The server does not answer"
    UNCERTAIN = "uncertain", "The server was given all of it and did not answer"


def is_given_up(fault: Fault, attempts: int, uncertain: int) -> bool:
    """After so many attempts, `uncertain` of them without an answer."""
    return (
        (fault == Fault.LATER and attempts >= MAX_ATTEMPTS)
        or (fault == Fault.REFUSED and attempts >= MAX_REFUSALS)
        or uncertain >= MOST_COPIES
    )


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
