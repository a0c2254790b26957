"""Raise, withdraw, answer. How mail leaves is in `outbox`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.audit.commands import record
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.outbox import message_id
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
    people = {person.pk: person for person in recipients if person.is_active}
    known = set(InboxItem.objects.filter(key=key, recipient_id__in=people).values_list("recipient_id", flat=True))
    created = 0
    for person_id in people.keys() - known:
        item, fresh = InboxItem.objects.get_or_create(
            recipient_id=person_id,
            key=key,
            defaults={
                "kind": kind,
                "title": title,
                "body": body,
                "patient_id": patient_id,
                "url": url,
                "raised_at": now,
                "due_on": due_on,
                "mail": MailPath.AT_ONCE if is_urgent else MailPath.WAITING,
            },
        )
        if fresh:
            created += 1
            if is_urgent:
                Delivery.objects.create(item=item, message_id=message_id(f"inbox-{item.pk}"), next_attempt_at=now)
    return created


@dataclass(frozen=True)
class Message:
    """One message to one person, for `notify_many`. (recipient, key) never arrives twice."""

    recipient_id: int
    key: str
    kind: str
    title: str
    url: str
    patient_id: int | None = None
    due_on: date | None = None
    body: str = ""
    is_urgent: bool = False


def notify_many(messages: Iterable[Message], *, now: datetime) -> int:
    """`notify` for thousands of messages in four queries: inbox rows and their mails, what was raised before left out.
    Returns how many are new. Recipients must be active people; called inside the caller's transaction."""
    wanted = {(message.recipient_id, message.key): message for message in messages}
    keys = {key for _, key in wanted}
    known = set(InboxItem.objects.filter(key__in=keys).values_list("recipient_id", "key"))
    fresh = {pair: message for pair, message in wanted.items() if pair not in known}
    if not fresh:
        return 0
    InboxItem.objects.bulk_create(
        [
            InboxItem(
                recipient_id=message.recipient_id,
                key=message.key,
                kind=message.kind,
                title=message.title[:200],
                body=message.body,
                patient_id=message.patient_id,
                url=message.url,
                raised_at=now,
                due_on=message.due_on,
                mail=MailPath.AT_ONCE if message.is_urgent else MailPath.WAITING,
            )
            for message in fresh.values()
        ],
        ignore_conflicts=True,
        batch_size=2000,
    )
    urgent = {pair for pair, message in fresh.items() if message.is_urgent}
    if urgent:
        raised = InboxItem.objects.filter(key__in={key for _, key in urgent}, delivery__isnull=True, withdrawn_at=None)
        Delivery.objects.bulk_create(
            [
                Delivery(item_id=item_id, message_id=message_id(f"inbox-{item_id}"), next_attempt_at=now)
                for item_id, recipient_id, key in raised.values_list("pk", "recipient_id", "key")
                if (recipient_id, key) in urgent
            ],
            ignore_conflicts=True,
            batch_size=2000,
        )
    return len(fresh)


def withdraw(*, keys: Iterable[str], now: datetime) -> int:
    """Takes back messages that a change made wrong (another due date, a death): from every inbox, and from the outbox
    if not yet sent."""
    items = InboxItem.objects.open().filter(key__in=list(keys))
    Delivery.objects.filter(item__in=items, status=DeliveryStatus.PENDING).update(status=DeliveryStatus.WITHDRAWN)
    return items.update(withdrawn_at=now)


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
        delivery.leased_until = None
        delivery.save()
        record("notifications.send_again", by=by, now=now, subject=delivery)
    return delivery
