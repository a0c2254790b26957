"""How mail leaves: digests and urgent mails are made, then what waits is claimed with a lease, sent, marked. E-mail
carries no patient data: a greeting, a number and a link."""

from __future__ import annotations

import logging
import smtplib
import time
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Max, Q
from django.urls import reverse

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.rules import (
    DEFAULT_HOURS,
    LEASE,
    LONGEST_SILENCE,
    LONGEST_WAIT,
    URGENT_PAUSE,
    DeliveryStatus,
    Fault,
    MailPath,
    is_given_up,
    mail_kind,
    next_attempt_after,
)
from careteam.notifications.smtp import AnswerLost
from careteam.people.models import Membership
from careteam.web.holidays import is_day_off

if TYPE_CHECKING:
    from careteam.people.models import Team, User

log = logging.getLogger(__name__)

MAIL_SECONDS = 30.0  # of one round: the tick that sends has a minute, and the next one goes on
SILENT_AFTER = 2  # mails in a row without an answer: then it is the server, and the others wait
_URGENT_LOCK = 7_301_553  # advisory lock: one maker of urgent mails at a time


def message_id(what: str) -> str:
    """The Message-ID of a mail: the same for the same thing, whoever sends it and however often."""
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("> ") or "localhost"
    return f"<{what}@{domain}>"


def make_urgent(*, now: datetime) -> int:
    """One mail for everything urgent that waits for a person: the first at once, at any hour; what follows within a
    quarter of an hour, or while that mail has not left, in the next. So an outage that ends writes one mail to a
    person, not a hundred. Returns how many were made."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_URGENT_LOCK])
        waiting = InboxItem.objects.mentionable().filter(mail=MailPath.AT_ONCE, recipient__is_active=True)
        people = set(waiting.order_by().values_list("recipient_id", flat=True).distinct())
        if not people:
            return 0
        # Both ways, for a mail that a wrong clock has made in the future must not hold back the urgent ones until then.
        lately = Q(made_at__gt=now - URGENT_PAUSE, made_at__lt=now + URGENT_PAUSE)
        busy = Delivery.objects.filter(recipient_id__in=people, digest_on__isnull=True).filter(
            Q(status=DeliveryStatus.PENDING) | (lately & ~Q(status=DeliveryStatus.WITHDRAWN))
        )
        people -= set(busy.values_list("recipient_id", flat=True))
        made = Delivery.objects.bulk_create(
            Delivery(
                recipient_id=person,
                made_at=now,
                next_attempt_at=now,
                message_id=message_id(f"urgent-{person}-{now:%Y%m%dT%H%M%S.%f}"),
            )
            for person in sorted(people)
        )
    return len(made)


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
            "made_at": now,
            "next_attempt_at": now,
        },
    )
    if fresh:  # what comes after today's digest waits for the next
        InboxItem.objects.filter(pk__in=wanted).update(mail=MailPath.DIGEST)
    return int(fresh)


def is_mail_stuck() -> bool:
    """Whether the server did not answer for a mail that waits, or for one that was given up since a mail last went
    through. A mailbox that is full or an address that is refused stops nobody else's mail."""
    unanswered = Delivery.objects.filter(fault__in=[Fault.SILENT, Fault.UNCERTAIN])
    if unanswered.filter(status=DeliveryStatus.PENDING).exists():
        return True
    given_up = unanswered.filter(status=DeliveryStatus.FAILED).aggregate(at=Max("next_attempt_at"))["at"]
    if given_up is None:
        return False
    sent = Delivery.objects.filter(status=DeliveryStatus.SENT).aggregate(at=Max("sent_at"))["at"]
    return sent is None or sent < given_up


@transaction.atomic
def _claim(moment: datetime) -> Delivery | None:
    """The next mail, for this process alone; what never failed first. One at a time: a process that is killed holds
    back one mail, and the lease of none runs out while others are sent. The attempt counts as unanswered until it is
    answered."""
    delivery = (
        Delivery.objects.claimable(moment)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("attempts", "next_attempt_at", "pk")
        .first()
    )
    if delivery is not None:
        delivery.leased_until = moment + LEASE
        delivery.attempts += 1
        delivery.uncertain += 1
        delivery.save(update_fields=["leased_until", "attempts", "uncertain"])
    return delivery


def _give_up_lost(now: datetime) -> int:
    """Mails whose last possible attempt ended without a word (killed in the midst of it) are given up, visibly."""
    return Delivery.objects.lost(now).update(
        status=DeliveryStatus.FAILED,
        leased_until=None,
        next_attempt_at=now,
        fault=Fault.UNCERTAIN,
        last_error="Tried twice, and broken off both times: it may have arrived.",
    )


def _mail(delivery: Delivery) -> EmailMessage | None:
    """The mail as it is true now; None when there is nothing left to say or nobody to say it to."""
    person: User = delivery.recipient
    items = InboxItem.objects.mentionable().filter(recipient=person)
    if delivery.digest_on is not None:
        count = items.count()
        subject = "your day"
        what = "one item is open in your inbox:" if count == 1 else f"{count} items are open in your inbox:"
    else:
        InboxItem.objects.filter(recipient=person, mail=MailPath.AT_ONCE).update(mail=MailPath.URGENT)
        count = items.filter(mail=MailPath.URGENT).count()
        subject = "something is waiting for you"
        new = "there is a new item in your inbox:"
        what = new if count == 1 else f"{count} urgent items are open in your inbox:"
    if not count or not person.is_active:
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


def _hand_over(message: EmailMessage) -> None:
    if not [address for address in message.to if address]:
        raise ValueError("There is no address.")  # Django would say nothing and send nothing
    message.send()


def _fault(error: Exception) -> Fault:
    if isinstance(error, AnswerLost):
        return Fault.UNCERTAIN
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return Fault.REFUSED if codes and min(codes) >= 500 else Fault.LATER
    # Who is refused before a recipient is named cannot send to anybody: a password, a sender, a busy server.
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code != 421:
        return Fault.REFUSED if error.smtp_code >= 500 else Fault.LATER
    return Fault.SILENT if isinstance(error, OSError) else Fault.REFUSED  # smtplib's errors are OSErrors


def _send(delivery: Delivery, *, now: datetime) -> DeliveryStatus | Fault:
    """Sends one claimed mail and says on its row what came of it."""
    message = _mail(delivery)
    mine = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING, leased_until=delivery.leased_until)
    if message is None:
        mine.update(status=DeliveryStatus.WITHDRAWN, leased_until=None, uncertain=delivery.uncertain - 1)
        return DeliveryStatus.WITHDRAWN
    try:
        _hand_over(message)
    except Exception as error:  # noqa: BLE001  # any mail failure is retried, none may stop the others
        fault = _fault(error)
        uncertain = delivery.uncertain - (fault != Fault.UNCERTAIN)
        gave_up = is_given_up(fault, delivery.attempts, uncertain)
        most = LONGEST_SILENCE if fault in {Fault.SILENT, Fault.UNCERTAIN} else LONGEST_WAIT
        wait = next_attempt_after(delivery.attempts, spread=delivery.message_id, most=most)
        mine.update(
            uncertain=uncertain,
            leased_until=None,
            next_attempt_at=now if gave_up else now + wait,
            status=DeliveryStatus.FAILED if gave_up else DeliveryStatus.PENDING,
            fault=fault,
            last_error=f"{type(error).__name__}: {error}"[:300],
        )
        words = "given up" if gave_up else "failed"
        log.warning("mail %s %s (attempt %s): %s", delivery.pk, words, delivery.attempts, fault)
        return fault
    with transaction.atomic():
        # Sent is sent, whoever holds the lease by now.
        sent = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING).update(
            status=DeliveryStatus.SENT, sent_at=now, leased_until=None, fault="", uncertain=delivery.uncertain - 1
        )
        if sent:
            record("notifications.mail_sent", by=None, now=now, subject=delivery, kind=Kind.SYSTEM)
    return DeliveryStatus.SENT


def deliver_pending(*, now: datetime, limit: int = 5000, seconds: float = MAIL_SECONDS) -> tuple[int, int]:
    """Sends what waits in the outbox; returns (delivered, failed attempts). Two at once never send the same row; a
    worker killed in between leaves a lease that runs out. A server that does not answer is not asked by every mail:
    after two in a row the rest waits for the next round, as after `seconds`."""
    began = time.monotonic()
    delivered = failed = silent = 0
    if lost := _give_up_lost(now):
        log.warning("%s mails given up: broken off twice", lost)
    while delivered + failed < limit and silent < SILENT_AFTER:
        spent = time.monotonic() - began
        if spent > seconds:
            break
        delivery = _claim(now + timedelta(seconds=spent))
        if delivery is None:
            break
        outcome = _send(delivery, now=now)
        if isinstance(outcome, Fault):
            failed += 1
            silent = silent + 1 if outcome in {Fault.SILENT, Fault.UNCERTAIN} else 0
        else:
            delivered += outcome == DeliveryStatus.SENT
            silent = 0
    return delivered, failed
