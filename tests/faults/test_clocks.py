"""Clocks that change, jump, and days on which nothing ran."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from careteam.notifications.commands import notify
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.outbox import deliver_pending, make_digests
from careteam.people.rules import Role
from patients.imaging.commands import sweep
from patients.imaging.models import Reminder
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/London", date(2026, 3, 29), -60),
        ("Europe/London", date(2026, 10, 25), 60),
        ("America/New_York", date(2026, 3, 8), -60),
        ("America/New_York", date(2026, 11, 1), 60),
        ("Australia/Lord_Howe", date(2026, 10, 4), -30),
        ("Australia/Lord_Howe", date(2026, 4, 5), 30),
    ],
)
def test_one_digest_a_day_and_none_in_quiet_hours_when_clocks_change(zone: str, day: date, minutes: int) -> None:
    team, local = factories.team(time_zone=zone), ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=local).astimezone(UTC)
    following = datetime(day.year, day.month, day.day, tzinfo=local) + timedelta(days=1)
    assert following.astimezone(UTC) - midnight == timedelta(hours=24, minutes=minutes), "the clocks change that day"
    morning = factories.person(team, Role.NURSE_COORDINATOR)  # from 7 on, quiet from 20
    MailPreference.objects.create(user=morning, on_days_off=True)
    night = factories.person(team, Role.NURSE_COORDINATOR)  # in the very hours that are missing or come twice
    MailPreference.objects.create(user=night, digest_hour=1, quiet_from=3, quiet_until=1, on_days_off=True)
    left: dict[str, list[datetime]] = defaultdict(list)
    for step in range(-12, 54):  # half hours
        now = midnight + timedelta(minutes=30 * step)
        if step % 4 == 0:
            notify([morning, night], key=f"k{step}", kind="imaging.reminder", title="CT", url="/", now=now)
        make_digests(now=now)
        mail.outbox.clear()
        deliver_pending(now=now)
        for message in mail.outbox:
            left[message.to[0]].append(now.astimezone(local))
    days = [day - timedelta(1), day, day + timedelta(1)]
    assert [at.date() for at in left[morning.email]][-1:] == [day]
    assert [at.date() for at in left[morning.email]].count(day) == 1
    assert all(7 <= at.hour < 20 for at in left[morning.email])
    assert [at.date() for at in left[night.email]] == days[1:], "nobody’s night is left out or told twice"
    assert all(1 <= at.hour < 3 for at in left[night.email])


def test_after_48_hours_without_a_sweep_each_person_gets_one_mail_and_everything_stands_in_order() -> None:
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    team = factories.team(time_zone="Europe/Berlin", country="DE")
    nurse, doctor = factories.person(team, Role.NURSE_COORDINATOR), factories.person(team, Role.ONCOLOGIST)
    for user in (nurse, doctor):
        MailPreference.objects.create(user=user, on_days_off=True)
    for number in range(48):  # one an hour would have fallen due, become amber, red
        patient = factories.patient(team)
        factories.responsible(patient, doctor)
        plan = factories.plan(patient, confirmed_at=datetime(2025, 1, 1, tzinfo=UTC))
        over = (-1, 13, 41)[number % 3]
        factories.study(patient, plan=plan, due_on=friday.date() - timedelta(over), owner=nurse)
    sweep(now=friday)
    before = set(Reminder.objects.filter(state="open").values_list("pk", flat=True))
    mail.outbox.clear()
    sunday = friday + timedelta(hours=48)
    for minute in range(3):
        sweep(now=sunday + timedelta(minutes=minute))
    raised = Reminder.objects.exclude(pk__in=before)
    assert raised.count() == 48
    assert set(raised.values_list("step", flat=True)) == {"due", "amber", "red"}
    assert list(raised.order_by("pk").values_list("due_on", flat=True)) == sorted(
        raised.values_list("due_on", flat=True)
    ), "in the order of due dates"
    # The digest of the day to each, and to the clinician one mail for all that is red.
    mails = [(message.to[0], message.subject) for message in mail.outbox]
    assert sorted(mails) == sorted(
        [
            (nurse.email, "NET care team: your day"),
            (doctor.email, "NET care team: your day"),
            (doctor.email, "NET care team: something is waiting for you"),
        ]
    )
    assert Delivery.objects.filter(status="pending").count() == 0
    assert InboxItem.objects.open().filter(recipient=nurse).count() == 32
