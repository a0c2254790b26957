"""Raise, withdraw, answer. How mail leaves is in `outbox`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from careteam.audit.commands import record
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.rules import DeliveryStatus, MailHours, MailKind, MailPath

if TYPE_CHECKING:
    from careteam.people.models import User


def notify(
    recipients: Iterable[User],
    *,
    key: str,
    kind: str,
    title: str,
    url: str,
    now: datetime,
    body: str = "",
    patient_id: int | None = None,
    due_on: date | None = None,
    is_urgent: bool = False,
) -> int:
    """Puts one message into the inbox of each recipient unless (recipient, key) was raised before; its mail leaves at
    once when urgent, else with the person's next digest. Returns how many are new. Called inside the caller's
    transaction, which also audits."""
    return notify_many(
        (
            Message(
                recipient_id=person.pk,
                key=key,
                kind=kind,
                title=title,
                url=url,
                patient_id=patient_id,
                due_on=due_on,
                body=body,
                is_urgent=is_urgent,
            )
            for person in recipients
            if person.is_active
        ),
        now=now,
    )


@dataclass(frozen=True)
class Message:
    """One message to one person, for `notify_many`. (recipient, key) never stands in an inbox twice. `again`: what it
    is about holds anew, so that it opens again even where the reader was done with it."""

    recipient_id: int
    key: str
    kind: str
    title: str
    url: str
    patient_id: int | None = None
    due_on: date | None = None
    body: str = ""
    is_urgent: bool = False
    again: bool = False


# What was taken back and holds again opens again, under its old key. In the order of the key, so that two sweeps at
# once wait for each other and never in a circle.
_NOTIFY = """
INSERT INTO careteam_inboxitem AS i (recipient_id, key, kind, title, body, patient_id, url, raised_at, due_on, mail)
SELECT recipient, key, kind, left(title, 200), body, patient, url, %(now)s, due, mail
FROM unnest(%(recipients)s::bigint[], %(keys)s::text[], %(kinds)s::text[], %(titles)s::text[], %(bodies)s::text[],
            %(patients)s::bigint[], %(urls)s::text[], %(dues)s::date[], %(mails)s::text[])
     AS t(recipient, key, kind, title, body, patient, url, due, mail)
ORDER BY recipient, key
ON CONFLICT (recipient_id, key) DO UPDATE
SET withdrawn_at = NULL, done_at = NULL, read_at = NULL, kind = excluded.kind, title = excluded.title,
    body = excluded.body, url = excluded.url, raised_at = excluded.raised_at, due_on = excluded.due_on,
    mail = excluded.mail
WHERE i.withdrawn_at IS NOT NULL OR (i.done_at IS NOT NULL AND i.key = ANY(%(again)s::text[]))
"""


def notify_many(messages: Iterable[Message], *, now: datetime) -> int:
    """`notify` for thousands of messages in one statement. Returns how many are new or open again. Recipients must be
    active people; called inside the caller's transaction."""
    wanted = list({(message.recipient_id, message.key): message for message in messages}.values())
    if not wanted:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTIFY,
            {
                "now": now,
                "recipients": [message.recipient_id for message in wanted],
                "keys": [message.key for message in wanted],
                "kinds": [message.kind for message in wanted],
                "titles": [message.title for message in wanted],
                "bodies": [message.body for message in wanted],
                "patients": [message.patient_id for message in wanted],
                "urls": [message.url for message in wanted],
                "dues": [message.due_on for message in wanted],
                "mails": [str(MailPath.AT_ONCE if message.is_urgent else MailPath.WAITING) for message in wanted],
                "again": [message.key for message in wanted if message.again],
            },
        )
        return int(cursor.rowcount)


def withdraw(*, keys: Iterable[str], now: datetime) -> int:
    """Takes back messages that a change made wrong (another due date, a death) from every inbox. A mail says only how
    much is open when it leaves; with nothing left it does not leave."""
    return InboxItem.objects.open().filter(key__in=list(keys)).update(withdrawn_at=now)


@transaction.atomic
def mark_done(item: InboxItem, *, by: User, now: datetime) -> InboxItem:
    """The reader has dealt with it. Only the recipient's own items; doing it twice changes nothing."""
    item = InboxItem.objects.select_for_update().get(pk=item.pk, recipient=by)
    if item.done_at is None:
        item.done_at = now
        item.read_at = item.read_at or now
        item.save(update_fields=["done_at", "read_at"])
        record(
            "notifications.mark_done",
            by=by,
            now=now,
            subject=item,
            patient_ids=[item.patient_id] if item.patient_id else [],
        )
    return item


@transaction.atomic
def mark_open(item: InboxItem, *, by: User, now: datetime) -> InboxItem:
    """Undo of `mark_done`."""
    item = InboxItem.objects.select_for_update().get(pk=item.pk, recipient=by)
    if item.done_at is not None:
        item.done_at = None
        item.save(update_fields=["done_at"])
        record("notifications.mark_open", by=by, now=now, subject=item)
    return item


@transaction.atomic
def set_mail_preference(
    *,
    by: User,
    now: datetime,
    muted: Iterable[str],
    digest_hour: int,
    quiet_from: int,
    quiet_until: int,
    on_days_off: bool,
) -> MailPreference:
    """One's own wishes for mail: kinds left out of the digest, hours (0 to 23) in the team's own time. Raises
    ValidationError when the digest could never leave."""
    if MailHours(digest_hour, quiet_from, quiet_until, on_days_off).never_leaves:
        raise ValidationError({"digest_hour": "From then to midnight all hours are quiet: the mail would never leave."})
    preference, _ = MailPreference.objects.get_or_create(user=by)
    preference.muted = sorted(set(muted) & set(MailKind.values))
    preference.digest_hour, preference.quiet_from, preference.quiet_until = digest_hour, quiet_from, quiet_until
    preference.on_days_off = on_days_off
    preference.save()
    record("notifications.set_mail_preference", by=by, now=now, subject=preference)
    return preference


@transaction.atomic
def send_again(delivery: Delivery, *, by: User, now: datetime) -> Delivery:
    """A mail that was given up is tried anew, under its old Message-ID; one that is not given up stays as it is."""
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if delivery.status == DeliveryStatus.FAILED:
        delivery.status, delivery.attempts, delivery.next_attempt_at = DeliveryStatus.PENDING, 0, now
        delivery.leased_until, delivery.uncertain, delivery.fault = None, 0, ""
        delivery.save()
        record("notifications.send_again", by=by, now=now, subject=delivery)
    return delivery
