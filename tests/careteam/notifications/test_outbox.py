"""Mail: exactly once, leased, retried, stable Message-ID, no patient data."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from careteam.notifications.commands import mark_done, notify, withdraw
from careteam.notifications.models import Delivery, InboxItem
from careteam.notifications.outbox import deliver_pending, is_mail_stuck, make_urgent
from careteam.notifications.rules import LEASE, next_attempt_after
from careteam.people.rules import Role
from tests import factories

pytestmark = pytest.mark.django_db


def _raise(person, now: datetime, key: str = "study:1") -> int:  # type: ignore[no-untyped-def]
    return notify(
        [person], key=key, kind="reminder", title="CT of Anna Secret is due", url="/inbox/", now=now, is_urgent=True
    )


def round_of(now: datetime) -> tuple[int, int]:
    make_urgent(now=now)
    return deliver_pending(now=now)


def test_notify_raises_each_key_once_per_person(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    assert (_raise(person, now), _raise(person, now), _raise(person, now, "study:2")) == (1, 0, 1)
    assert InboxItem.objects.filter(recipient=person).count() == 2


def test_mail_carries_no_patient_data_and_a_stable_message_id(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    assert round_of(now) == (1, 0)
    assert round_of(now) == (0, 0)
    sent = mail.outbox[0]
    assert "Secret" not in sent.subject + sent.body
    assert sent.extra_headers["Message-ID"] == f"<urgent-{person.pk}-20261123T090000.000000@localhost>"


def test_failed_mail_is_tried_again_and_others_go_out(now: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT, settings.EMAIL_HOST = 1, "127.0.0.1"
    assert round_of(now) == (0, 1)
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
    make_urgent(now=now)
    Delivery.objects.update(leased_until=now + LEASE)  # claimed by a worker that is no more
    assert deliver_pending(now=now + timedelta(minutes=1)) == (0, 0)
    assert deliver_pending(now=now + LEASE + timedelta(seconds=1)) == (1, 0)


class Meanwhile(EmailBackend):
    """While a mail is being handed over, the next round comes."""

    rounds: ClassVar[list[tuple[int, int]]] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.rounds.append(deliver_pending(now=factories.NOW + timedelta(minutes=1)))
        return len(email_messages)


def test_a_mail_that_is_being_sent_is_nobody_elses(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Meanwhile"
    Meanwhile.rounds.clear()
    _raise(factories.person(factories.team(), Role.NURSE_COORDINATOR), factories.NOW)
    make_urgent(now=factories.NOW)
    assert deliver_pending(now=factories.NOW) == (1, 0)
    assert Meanwhile.rounds == [(0, 0)]


def test_withdrawn_message_is_neither_shown_nor_sent(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    assert withdraw(keys=["study:1"], now=now) == 1
    assert round_of(now) == (0, 0)
    assert InboxItem.objects.open().count() == 0


def test_done_by_somebody_else_is_refused(now: datetime) -> None:
    team = factories.team()
    person, other = factories.person(team), factories.person(team)
    _raise(person, now)
    with pytest.raises(InboxItem.DoesNotExist):
        mark_done(InboxItem.objects.get(), by=other, now=now)


@pytest.mark.django_db(transaction=True)
def test_three_workers_send_each_mail_once(now: datetime) -> None:
    team = factories.team()
    for number in range(30):
        _raise(factories.person(team, Role.NURSE_COORDINATOR), now, f"study:{number}")
    results: list[int] = []

    def work() -> None:
        try:
            make_urgent(now=now)
            results.append(deliver_pending(now=now)[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 30
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == len(mail.outbox) == 30


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_somebody_holds_keeps_no_other_waiting(now: datetime) -> None:
    team = factories.team()
    for number in range(3):
        _raise(factories.person(team, Role.NURSE_COORDINATOR), now, f"study:{number}")
    make_urgent(now=now)
    held = Delivery.objects.order_by("pk")[1]
    results: list[tuple[int, int]] = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            results.append(deliver_pending(now=now))
        finally:
            connection.close()

    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=held.pk)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    assert results == [(2, 0)]
    assert deliver_pending(now=now) == (1, 0)


def test_urgent_messages_close_together_are_two_mails_not_a_hundred(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    for number in range(100):
        _raise(person, now, f"study:{number}")
    assert round_of(now) == (1, 0)
    _raise(person, now, "study:100")
    _raise(person, now, "study:101")
    assert [round_of(now + timedelta(minutes=minute)) for minute in (1, 14, 15, 16)] == [(0, 0), (0, 0), (1, 0), (0, 0)]
    first, second = mail.outbox
    assert "100 urgent items are open in your inbox" in first.body
    assert "102 urgent items are open in your inbox" in second.body


def test_a_wrong_clock_holds_no_urgent_mail_back(now: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    ahead = now + timedelta(days=20)
    _raise(person, ahead, "study:1")
    assert round_of(ahead) == (1, 0)
    _raise(person, now, "study:2")
    assert round_of(now) == (1, 0)
    ahead += timedelta(hours=1)
    _raise(person, ahead, "study:3")
    settings.EMAIL_BACKEND = "tests.patients.imaging.refusing.EmailBackend"
    assert round_of(ahead) == (0, 1)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert round_of(now + timedelta(minutes=1)) == (1, 0)
    Delivery.objects.update(status="pending", leased_until=ahead, sent_at=None)
    assert deliver_pending(now=now) == (3, 0)


def test_a_silent_server_is_asked_by_two_mails_a_round_and_gives_none_up(now: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    team = factories.team()
    for number in range(5):
        _raise(factories.person(team, Role.NURSE_COORDINATOR), now, f"study:{number}")
    settings.EMAIL_BACKEND = "tests.patients.imaging.refusing.EmailBackend"
    moment = now
    for _ in range(60):  # five days
        assert round_of(moment)[0] == 0
        moment += timedelta(hours=2)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}
    assert is_mail_stuck()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert round_of(moment) == (5, 0)
    assert not is_mail_stuck()


def test_a_mail_broken_off_twice_does_not_leave_a_third_time_and_is_shown(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    make_urgent(now=now)
    Delivery.objects.update(uncertain=2, attempts=2, leased_until=now + LEASE)  # two workers were killed in it
    later = now + LEASE + timedelta(minutes=1)
    assert round_of(later) == (0, 0)
    row = Delivery.objects.get()
    assert (row.status, row.fault) == ("failed", "uncertain")
    assert is_mail_stuck(), "until a mail goes through"


def test_a_person_without_an_address_is_given_up_visibly(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    type(person).objects.filter(pk=person.pk).update(email="")
    for hours in range(4):
        round_of(now + timedelta(hours=hours))
    row = Delivery.objects.get()
    assert (row.status, row.fault, row.last_error) == ("failed", "refused", "ValueError: There is no address.")
    assert not is_mail_stuck(), "one address stops nobody else's mail"
    assert mail.outbox == []


def test_what_was_taken_back_opens_again_under_its_key(now: datetime) -> None:
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    _raise(person, now)
    withdraw(keys=["study:1"], now=now)
    assert _raise(person, now + timedelta(hours=1)) == 1
    item = InboxItem.objects.get()
    assert (item.withdrawn_at, item.raised_at) == (None, now + timedelta(hours=1))
    mark_done(item, by=person, now=now)
    assert _raise(person, now + timedelta(hours=2)) == 0, "what the reader has done stays done"
