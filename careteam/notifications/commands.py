"""Raise, withdraw, deliver. E-mail carries no patient data: a greeting, a count-free sentence and a link."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.models import Delivery, InboxItem
from careteam.notifications.rules import LEASE, MAX_ATTEMPTS, DeliveryStatus, next_attempt_after

if TYPE_CHECKING:
    from careteam.people.models import User

log = logging.getLogger(__name__)


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
    by_mail: bool = True,
) -> int:
    """Puts one message into the inbox of each recipient (and its mail into the outbox) unless (recipient, key) was
    raised before. Returns how many are new. Called inside the caller's transaction, which also audits."""
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
            },
        )
        if fresh:
            created += 1
            if by_mail:
                Delivery.objects.create(
                    item=item, message_id=f"<inbox-{item.pk}@{_mail_domain()}>", next_attempt_at=now
                )
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


def notify_many(messages: Iterable[Message], *, now: datetime, by_mail: bool = True) -> int:
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
            )
            for message in fresh.values()
        ],
        ignore_conflicts=True,
        batch_size=2000,
    )
    if by_mail:
        raised = InboxItem.objects.filter(key__in={key for _, key in fresh}, delivery__isnull=True, withdrawn_at=None)
        Delivery.objects.bulk_create(
            [
                Delivery(item_id=item_id, message_id=f"<inbox-{item_id}@{_mail_domain()}>", next_attempt_at=now)
                for item_id, recipient_id, key in raised.values_list("pk", "recipient_id", "key")
                if (recipient_id, key) in fresh
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


def _mail_domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("> ") or "localhost"


def _claim(now: datetime, limit: int) -> list[Delivery]:
    with transaction.atomic():
        claimed = list(
            Delivery.objects.claimable(now)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("item__recipient")
            .order_by("next_attempt_at", "pk")[:limit]
        )
        Delivery.objects.filter(pk__in=[d.pk for d in claimed]).update(leased_until=now + LEASE)
    return claimed


def deliver_pending(*, now: datetime, limit: int = 200) -> tuple[int, int]:
    """Sends what waits in the outbox; returns (delivered, failed attempts). Two at once never send the same row;
    a worker killed in between leaves a lease that runs out."""
    delivered = failed = 0
    for delivery in _claim(now, limit):
        item = InboxItem.objects.select_related("recipient").get(pk=delivery.item_id)
        if item.withdrawn_at is not None or not item.recipient.is_active:
            Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.WITHDRAWN, leased_until=None)
            continue
        message = EmailMessage(
            subject="NET care team: something is waiting for you",
            body=(
                f"Hello {item.recipient},\n\nthere is a new item in your inbox:\n"
                f"{settings.SITE_URL}{reverse('inbox')}\n\n"
                "This message carries no patient data. It is no emergency channel.\n"
            ),
            to=[item.recipient.email],
            headers={"Message-ID": delivery.message_id},
        )
        try:
            message.send()
        except Exception as error:  # noqa: BLE001  # any mail failure is retried, none may stop the others
            failed += 1
            attempts = delivery.attempts + 1
            gave_up = attempts >= MAX_ATTEMPTS
            Delivery.objects.filter(pk=delivery.pk).update(
                attempts=attempts,
                leased_until=None,
                next_attempt_at=now + next_attempt_after(attempts),
                status=DeliveryStatus.FAILED if gave_up else DeliveryStatus.PENDING,
                last_error=f"{type(error).__name__}: {error}"[:300],
            )
            log.warning("mail %s failed (attempt %s)", delivery.pk, attempts)
        else:
            with transaction.atomic():
                sent = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING).update(
                    status=DeliveryStatus.SENT, sent_at=now, leased_until=None, attempts=delivery.attempts + 1
                )
                if sent:
                    record("notifications.mail_sent", by=None, now=now, subject=delivery, kind=Kind.SYSTEM)
            delivered += 1
    return delivered, failed
