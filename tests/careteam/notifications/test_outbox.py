"""Mail: exactly once, leased, retried, stable Message-ID, no patient data."""

import threading
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import connection

from careteam.notifications.commands import mark_done, notify, withdraw
from careteam.notifications.models import Delivery, InboxItem
from careteam.notifications.outbox import deliver_pending
from careteam.notifications.rules import LEASE, next_attempt_after
from careteam.people.rules import Role
from tests import factories

pytestmark = pytest.mark.django_db


def _raise(person, now: datetime, key: str = "study:1") -> int:  # type: ignore[no-untyped-def]
    return notify(
        [person], key=key, kind="reminder", title="CT of Anna Secret is due", url="/inbox/", now=now, is_urgent=True
    )


def test_notify_raises_each_key_once_per_person(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    assert (_raise(person, now), _raise(person, now), _raise(person, now, "study:2")) == (1, 0, 1)
    assert InboxItem.objects.filter(recipient=person).count() == 2


def test_mail_carries_no_patient_data_and_a_stable_message_id(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    assert deliver_pending(now=now) == (1, 0)
    assert deliver_pending(now=now) == (0, 0)
    sent = mail.outbox[0]
    assert "Secret" not in sent.subject + sent.body
    assert sent.extra_headers["Message-ID"] == f"<inbox-{InboxItem.objects.get().pk}@localhost>"


def test_failed_mail_is_tried_again_and_others_go_out(now: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT, settings.EMAIL_HOST = 1, "127.0.0.1"
    assert deliver_pending(now=now) == (0, 1)
    row = Delivery.objects.get()
    wait = next_attempt_after(1, spread=row.message_id)
    assert timedelta(minutes=1) <= wait <= timedelta(minutes=1.25)
    assert (row.status, row.attempts, row.next_attempt_at) == ("pending", 1, now + wait)
    assert deliver_pending(now=now) == (0, 0), "not before its time"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver_pending(now=now + timedelta(minutes=2)) == (1, 0)


def test_killed_worker_loses_nothing_after_its_lease(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    Delivery.objects.update(leased_until=now + LEASE)  # claimed by a worker that is no more
    assert deliver_pending(now=now + timedelta(minutes=1)) == (0, 0)
    assert deliver_pending(now=now + LEASE + timedelta(seconds=1)) == (1, 0)


def test_withdrawn_message_is_neither_shown_nor_sent(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    assert withdraw(keys=["study:1"], now=now) == 1
    assert deliver_pending(now=now) == (0, 0)
    assert InboxItem.objects.open().count() == 0


def test_done_by_somebody_else_is_refused(now: datetime) -> None:
    team = factories.team()
    person, other = factories.person(team), factories.person(team)
    _raise(person, now)
    with pytest.raises(InboxItem.DoesNotExist):
        mark_done(InboxItem.objects.get(), by=other, now=now)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    for number in range(30):
        _raise(person, now, f"study:{number}")
    results: list[int] = []

    def work() -> None:
        try:
            results.append(deliver_pending(now=now, limit=30)[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) + deliver_pending(now=now)[0] == 30
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == len(mail.outbox) == 30
