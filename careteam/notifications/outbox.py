"""How mail leaves: digests are made, then what waits is claimed with a lease, sent, marked. E-mail carries no patient
data: a greeting, a number and a link."""

from __future__ import annotations

import logging
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.rules import (
    DEFAULT_HOURS,
    LEASE,
    MAX_ATTEMPTS,
    DeliveryStatus,
    MailPath,
    mail_kind,
    next_attempt_after,
)
from careteam.people.models import Membership
from careteam.web.holidays import is_day_off

if TYPE_CHECKING:
    from careteam.people.models import Team, User

log = logging.getLogger(__name__)


def message_id(what: str) -> str:
    """The Message-ID of a mail: the same for the same thing, whoever sends it and however often."""
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("> ") or "localhost"
    return f"<{what}@{domain}>"


def make_digests(*, now: datetime) -> int:
    """One mail per person and day for everything not urgent that waits, once the person's hour has come where the team
    is: not in quiet hours, not on its days off. However long nothing ran, one digest makes up for it. Returns how many
    were made; whoever does it at the same time makes none twice."""
    waiting: dict[int, list[tuple[int, str]]] = defaultdict(list)
    open_items = InboxItem.objects.open().filter(mail=MailPath.WAITING, recipient__is_active=True)
    for pk, person, kind in open_items.values_list("pk", "recipient_id", "kind"):
        waiting[person].append((pk, kind))
    if not waiting:
        return 0
    teams = _teams(waiting.keys())
    wishes = {wish.user_id: wish for wish in MailPreference.objects.filter(user_id__in=waiting)}
    made = 0
    for person in sorted(waiting):
        team, wish = teams.get(person), wishes.get(person)
        local = now.astimezone(zoneinfo.ZoneInfo(team.time_zone if team else "UTC"))
        hours = wish.hours if wish else DEFAULT_HOURS
        if hours.may_leave(local, is_day_off=team is not None and is_day_off(local.date(), team.country)):
            muted = set(wish.muted) if wish else set()
            made += _make_digest(person, local, waiting[person], muted, now=now)
    return made


def _teams(people: Iterable[int]) -> dict[int, Team]:
    """The team whose clock and calendar a person lives by: the first they joined."""
    rows = Membership.objects.current().filter(user_id__in=people).select_related("team").order_by("-pk")
    return {row.user_id: row.team for row in rows}


@transaction.atomic
def _make_digest(person: int, local: datetime, items: list[tuple[int, str]], muted: set[str], *, now: datetime) -> int:
    left_out = [pk for pk, kind in items if mail_kind(kind) in muted]
    wanted = [pk for pk, kind in items if mail_kind(kind) not in muted]
    InboxItem.objects.filter(pk__in=left_out).update(mail=MailPath.NONE)
    if not wanted:
        return 0
    _, fresh = Delivery.objects.get_or_create(
        recipient_id=person,
        digest_on=local.date(),
        defaults={
            "message_id": message_id(f"digest-{person}-{local.date().isoformat()}"),
            "next_attempt_at": now,
        },
    )
    if fresh:  # what comes after today's digest waits for the next
        InboxItem.objects.filter(pk__in=wanted).update(mail=MailPath.DIGEST)
    return int(fresh)


def has_failing_mail() -> bool:
    """Whether a mail waits that could not be sent when it was tried last."""
    return Delivery.objects.filter(status=DeliveryStatus.PENDING, attempts__gt=0).exists()


def _claim(now: datetime, limit: int) -> list[Delivery]:
    with transaction.atomic():
        claimed = list(
            Delivery.objects.claimable(now)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_attempt_at", "pk")[:limit]
        )
        Delivery.objects.filter(pk__in=[d.pk for d in claimed]).update(leased_until=now + LEASE)
    return claimed


def _mail(delivery: Delivery) -> EmailMessage | None:
    """The mail as it is true now; None when there is nothing left to say or nobody to say it to."""
    person: User | None
    if delivery.item_id is not None:
        item = InboxItem.objects.select_related("recipient").get(pk=delivery.item_id)
        person = item.recipient if item.withdrawn_at is None else None
        subject, what = "something is waiting for you", "there is a new item in your inbox:"
    else:
        person = delivery.recipient
        count = InboxItem.objects.open().filter(recipient=person).count()
        person = person if count else None
        subject = "your day"
        what = "one item is open in your inbox:" if count == 1 else f"{count} items are open in your inbox:"
    if person is None or not person.is_active:
        return None
    return EmailMessage(
        subject=f"NET care team: {subject}",
        body=(
            f"Hello {person},\n\n{what}\n{settings.SITE_URL}{reverse('inbox')}\n\n"
            "This message carries no patient data. It is no emergency channel.\n"
        ),
        to=[person.email],
        headers={"Message-ID": delivery.message_id},
    )


def deliver_pending(*, now: datetime, limit: int = 200) -> tuple[int, int]:
    """Sends what waits in the outbox; returns (delivered, failed attempts). Two at once never send the same row;
    a worker killed in between leaves a lease that runs out."""
    delivered = failed = 0
    for delivery in _claim(now, limit):
        message = _mail(delivery)
        if message is None:
            Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.WITHDRAWN, leased_until=None)
            continue
        try:
            message.send()
        except Exception as error:  # noqa: BLE001  # any mail failure is retried, none may stop the others
            failed += 1
            attempts = delivery.attempts + 1
            gave_up = attempts >= MAX_ATTEMPTS
            Delivery.objects.filter(pk=delivery.pk).update(
                attempts=attempts,
                leased_until=None,
                next_attempt_at=now + next_attempt_after(attempts, spread=delivery.message_id),
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
