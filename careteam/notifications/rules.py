"""How a message travels: inbox at once, e-mail through an outbox with leases."""

from datetime import timedelta

from django.db.models import TextChoices


class DeliveryStatus(TextChoices):
    PENDING = "pending", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"
    WITHDRAWN = "withdrawn", "No longer needed"


LEASE = timedelta(minutes=5)  # longer than the longest SMTP time-out
MAX_ATTEMPTS = 8


def next_attempt_after(attempts: int) -> timedelta:
    """Backs off 1, 2, 4 … minutes, at most six hours."""
    return min(timedelta(minutes=2 ** max(attempts - 1, 0)), timedelta(hours=6))
