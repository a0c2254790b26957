"""One mail per person and day for all that is not urgent; red at once; quiet hours, days off, own wishes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.test import Client

from careteam.audit.models import AuditEvent
from careteam.notifications.commands import notify
from careteam.notifications.models import Delivery, InboxItem, MailPreference
from careteam.notifications.outbox import deliver_pending, make_digests, make_urgent
from careteam.notifications.rules import MAX_ATTEMPTS, MailHours, MailKind, mail_kind, next_attempt_after
from careteam.people.models import Team, User
from careteam.people.rules import Role
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def team() -> Team:
    return factories.team(time_zone="Europe/Berlin", country="DE")


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


def tell(person: User, number: int, *, at: datetime, kind: str = "imaging.reminder", urgent: bool = False) -> None:
    notify([person], key=f"k:{number}", kind=kind, title="CT of Anna Secret", url="/", now=at, is_urgent=urgent)


def round_of(now: datetime) -> int:
    make_urgent(now=now)
    make_digests(now=now)
    return deliver_pending(now=now)[0]


def test_forty_eight_messages_are_one_mail_without_patient_data(nurse: User) -> None:
    for number in range(48):
        tell(nurse, number, at=MONDAY)
    assert (round_of(MONDAY), round_of(MONDAY + timedelta(minutes=1))) == (1, 0)
    message = mail.outbox[0]
    assert message.extra_headers["Message-ID"] == f"<digest-{nurse.pk}-2026-11-23@localhost>"
    assert "48 items are open in your inbox" in message.body
    assert "Secret" not in str(message.message())


def test_what_comes_after_the_digest_waits_for_the_next_day(nurse: User) -> None:
    tell(nurse, 1, at=MONDAY)
    assert round_of(MONDAY) == 1
    tell(nurse, 2, at=MONDAY)
    assert round_of(MONDAY + timedelta(hours=3)) == 0
    assert round_of(MONDAY + timedelta(days=1)) == 1


def test_urgent_messages_leave_at_once_even_at_night_and_on_sunday(nurse: User) -> None:
    MailPreference.objects.create(user=nurse, muted=list(MailKind.values), quiet_from=0, quiet_until=23)
    sunday_night = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    tell(nurse, 1, at=sunday_night, urgent=True)
    assert round_of(sunday_night) == 1


@pytest.mark.parametrize(
    ("now", "leaves"),
    [
        (datetime(2026, 11, 23, 5, 59, tzinfo=UTC), 0),  # 6:59 in Berlin
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, 19, 0, tzinfo=UTC), 0),  # 20:00: quiet
        (datetime(2026, 11, 22, 9, 0, tzinfo=UTC), 0),  # Sunday
        (datetime(2026, 12, 25, 9, 0, tzinfo=UTC), 0),  # Christmas, a Friday
    ],
)
def test_digest_keeps_hour_quiet_hours_weekend_and_holiday_of_the_team(nurse: User, now: datetime, leaves: int) -> None:
    tell(nurse, 1, at=now)
    assert round_of(now) == leaves


def test_digest_leaves_in_each_teams_own_morning() -> None:
    auckland = factories.person(factories.team(time_zone="Pacific/Auckland", country="NZ"), Role.NURSE_COORDINATOR)
    york = factories.person(factories.team(time_zone="America/New_York", country="US"), Role.NURSE_COORDINATOR)
    start = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # Tuesday 1:00 and Monday 7:00
    for person in (auckland, york):
        tell(person, 1, at=start)
    assert round_of(start) == 1
    assert Delivery.objects.get().recipient == york
    assert round_of(datetime(2026, 11, 23, 18, 0, tzinfo=UTC)) == 1


def test_muted_kinds_stay_in_the_inbox_and_make_no_mail(nurse: User) -> None:
    MailPreference.objects.create(user=nurse, muted=["scans"])
    tell(nurse, 1, at=MONDAY)
    assert round_of(MONDAY) == 0
    assert InboxItem.objects.open().filter(recipient=nurse).count() == 1


def test_a_digest_with_nothing_left_open_is_not_sent(nurse: User) -> None:
    tell(nurse, 1, at=MONDAY)
    make_digests(now=MONDAY)
    InboxItem.objects.update(done_at=MONDAY)
    assert deliver_pending(now=MONDAY) == (0, 0)
    assert Delivery.objects.get().status == "withdrawn"


def test_quiet_hours_run_over_midnight_or_within_a_day_or_not_at_all() -> None:
    night, noon, none = MailHours(), MailHours(quiet_from=12, quiet_until=14), MailHours(quiet_from=5, quiet_until=5)
    assert [hour for hour in range(24) if not night.is_quiet(hour)] == list(range(7, 20))
    assert [hour for hour in range(24) if noon.is_quiet(hour)] == [12, 13]
    assert not any(none.is_quiet(hour) for hour in range(24))


def test_backoff_grows_spreads_and_is_capped() -> None:
    waits = [next_attempt_after(n, spread="<a@b>") for n in range(1, 30)]
    assert all(a <= b for a, b in pairwise(waits))
    assert waits[-1] == timedelta(hours=6)
    assert len({next_attempt_after(3, spread=f"<{n}@b>") for n in range(20)}) > 10


def test_every_kind_falls_under_a_choice() -> None:
    assert [mail_kind(kind) for kind in ("imaging.review", "action", "palliative", "new")] == [
        "scans",
        "board",
        "palliative",
        "other",
    ]


def test_preferences_are_ones_own_and_checked(nurse: User) -> None:
    client = Client()
    client.force_login(nurse)
    chosen = {"kinds": ["board", "other"], "digest_hour": "9", "quiet_from": "18", "quiet_until": "8"}
    assert client.post("/preferences/mail/", chosen).status_code == 303
    wish = MailPreference.objects.get(user=nurse)
    assert (wish.muted, wish.hours) == (["palliative", "scans"], MailHours(9, 18, 8, on_days_off=False))
    assert client.post("/preferences/mail/", chosen | {"digest_hour": "25"}).status_code == 422
    never = client.post("/preferences/mail/", chosen | {"digest_hour": "21", "quiet_from": "20", "quiet_until": "7"})
    assert never.status_code == 422
    assert "the mail would never leave" in never.content.decode()
    wish.refresh_from_db()
    assert wish.digest_hour == 9
    assert "cannot be switched off" in client.get("/preferences/mail/").content.decode()
    assert AuditEvent.objects.filter(action="notifications.set_mail_preference").count() == 1


def test_given_up_mail_is_shown_to_the_coordinator_and_sent_again(nurse: User, team: Team, settings) -> None:
    other_team = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    tell(factories.person(team, Role.ONCOLOGIST), 1, at=MONDAY, urgent=True)
    make_urgent(now=MONDAY)
    settings.EMAIL_BACKEND = "tests.patients.imaging.refusing.Later"
    now = MONDAY
    for _ in range(MAX_ATTEMPTS):
        deliver_pending(now=now)
        now += timedelta(hours=7)
    row = Delivery.objects.get()
    assert row.status == "failed"
    stranger, client = Client(), Client()
    stranger.force_login(other_team)
    client.force_login(nurse)
    assert f"/inbox/undelivered/{row.pk}/again/" in client.get("/inbox/undelivered/").content.decode()
    assert "again/" not in stranger.get("/inbox/undelivered/").content.decode()
    assert stranger.post(f"/inbox/undelivered/{row.pk}/again/").status_code == 404
    assert client.post(f"/inbox/undelivered/{row.pk}/again/").status_code == 303
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver_pending(now=now + timedelta(days=200)) == (1, 0)
    assert mail.outbox[0].extra_headers["Message-ID"] == row.message_id
