"""The inbox and the e-mail outbox. A key says what a message is about: the same key never arrives twice."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.notifications.rules import (
    DEFAULT_HOURS,
    LEASE,
    LONGEST_WAIT,
    MOST_COPIES,
    DeliveryStatus,
    Fault,
    MailHours,
    MailKind,
    MailPath,
)


class InboxItemQuerySet(models.QuerySet["InboxItem"]):
    def open(self) -> InboxItemQuerySet:
        return self.filter(done_at__isnull=True, withdrawn_at__isnull=True)

    def mentionable(self) -> InboxItemQuerySet:
        """What a mail may count. Imaging of a patient who died or left is not mentioned, whatever is still open."""
        in_care = models.Q(
            patient__enrollment_status="active", patient__deceased_on__isnull=True, patient__merged_into__isnull=True
        )
        return self.open().filter(models.Q(patient__isnull=True) | ~models.Q(kind__startswith="imaging.") | in_care)


class InboxItem(models.Model):
    """One message to one person. `key` is (subject, step, due date); (recipient, key) is unique."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, null=True, related_name="+")
    url = models.CharField(max_length=200)
    raised_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    read_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, choices=MailPath, default=MailPath.NONE, blank=True)

    objects = InboxItemQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["recipient", "key"], name="inbox_once"),)
        indexes = (
            models.Index(
                fields=["recipient", "-raised_at", "-id"],
                name="inbox_open",
                condition=models.Q(done_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.Index(fields=["key"], name="inbox_key"),
            models.Index(fields=["recipient"], name="inbox_waits_for_digest", condition=models.Q(mail="waiting")),
            models.Index(fields=["recipient"], name="inbox_urgent", condition=models.Q(mail__in=["at_once", "urgent"])),
        )

    def __str__(self) -> str:
        return f"{self.key} to {self.recipient_id}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def claimable(self, now: datetime) -> DeliveryQuerySet:
        """Waiting, due, and not leased by a worker that is still alive. Times that lie further ahead than any can were
        written by a clock that was wrong: they hold nothing back."""
        return self.filter(
            models.Q(leased_until__isnull=True)
            | models.Q(leased_until__lt=now)
            | models.Q(leased_until__gt=now + 2 * LEASE),
            models.Q(next_attempt_at__lte=now) | models.Q(next_attempt_at__gt=now + 2 * LONGEST_WAIT),
            status=DeliveryStatus.PENDING,
            uncertain__lt=MOST_COPIES,
        )

    def lost(self, now: datetime) -> DeliveryQuerySet:
        """Tried as often as a mail may arrive, and nobody can say whether it did."""
        return self.filter(
            models.Q(leased_until__isnull=True)
            | models.Q(leased_until__lt=now)
            | models.Q(leased_until__gt=now + 2 * LEASE),
            status=DeliveryStatus.PENDING,
            uncertain__gte=MOST_COPIES,
        )


class Delivery(models.Model):
    """One e-mail to a person: the digest of a day, or (without a day) what is urgent. Marked sent after the server took
    it; the Message-ID is stable, so that a crash between the two shows the reader one message, not two."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest_on = models.DateField(null=True)
    made_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    message_id = models.CharField(max_length=120, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    uncertain = models.PositiveSmallIntegerField(default=0, help_text="attempts that nobody answered for, one running")
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=10, choices=Fault, blank=True, help_text="of the last attempt")
    last_error = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["next_attempt_at"], name="delivery_pending", condition=models.Q(status="pending")),
            models.Index(fields=["id"], name="delivery_given_up", condition=models.Q(status="failed")),
            models.Index(
                fields=["recipient", "made_at"], name="delivery_urgent", condition=models.Q(digest_on__isnull=True)
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(status="sent") | models.Q(sent_at__isnull=False), name="delivery_sent_has_time"
            ),
            models.UniqueConstraint(fields=["recipient", "digest_on"], name="digest_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.status} {self.message_id}"


class MailPreference(models.Model):
    """How a person wants their mail. Urgent messages ignore it: nobody can switch off red."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_preference")
    muted = ArrayField(models.CharField(max_length=12, choices=MailKind), default=list, blank=True)
    digest_hour = models.PositiveSmallIntegerField(default=DEFAULT_HOURS.digest_hour)
    quiet_from = models.PositiveSmallIntegerField(default=DEFAULT_HOURS.quiet_from)
    quiet_until = models.PositiveSmallIntegerField(default=DEFAULT_HOURS.quiet_until)
    on_days_off = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(digest_hour__lt=24, quiet_from__lt=24, quiet_until__lt=24),
                name="mail_hours_of_a_day",
            ),
        )

    def __str__(self) -> str:
        return f"mail of {self.user_id}"

    @property
    def hours(self) -> MailHours:
        return MailHours(self.digest_hour, self.quiet_from, self.quiet_until, self.on_days_off)
