"""A mail server that refuses, hangs, hangs up: by SMTP, as it happens."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.test import Client

from careteam.notifications.commands import notify
from careteam.notifications.models import Delivery
from careteam.notifications.outbox import deliver_pending, is_mail_stuck, make_urgent
from careteam.notifications.rules import MAX_ATTEMPTS
from careteam.people.models import Team, User
from careteam.people.rules import Role
from tests import factories
from tests.faults.site import free_port

pytestmark = pytest.mark.django_db


class Moody:
    """Behaves as `mood` says; `taken` counts what it took in, whatever it answered."""

    def __init__(self) -> None:
        self.mood = ""
        self.taken: Counter[str] = Counter()
        self.asked = 0
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:  # noqa: N802
        self.asked += 1
        session.host_name = hostname
        if self.mood == "busy":
            return ["421 too busy"]
        if self.mood == "hangs":
            await self._hang(server)
        return responses

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, hostname: str) -> str:  # noqa: N802
        session.host_name = hostname
        return "421 too busy" if self.mood == "busy" else "250 moody"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.mood == "refuses us":
            return "550 you may not send"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.mood == "refuses":
            return "550 no such mailbox"
        if self.mood == "full":
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood == "spam":
            return "554 that is spam"
        found = re.search(r"^Message-ID: (.*)$", envelope.content.decode(), re.MULTILINE)
        assert found is not None
        self.taken[found[1].strip()] += 1
        if self.mood == "drops":
            server.transport.abort()
        if self.mood == "hangs late":
            await self._hang(server)
        return "250 taken"

    async def _hang(self, server: Any) -> None:
        await asyncio.sleep(0.6)
        server.transport.abort()


@pytest.fixture
def server(settings: Any) -> Iterator[Moody]:
    moody = Moody()
    settings.EMAIL_BACKEND = "careteam.notifications.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", moody.port, 0.3
    moody.controller.start()
    yield moody
    moody.controller.stop()


@pytest.fixture
def team() -> Team:
    return factories.team()


def urgent(team: Team, people: int, now: datetime) -> list[User]:
    persons = [factories.person(team, Role.NURSE_COORDINATOR) for _ in range(people)]
    for person in persons:
        notify([person], key="k", kind="imaging.reminder", title="Red", url="/", now=now, is_urgent=True)
    make_urgent(now=now)
    return persons


def states() -> Counter[tuple[str, str]]:
    return Counter(Delivery.objects.values_list("status", "fault"))


def shown(person: User) -> int:
    client = Client()
    client.force_login(person)
    return client.get("/inbox/undelivered/").content.decode().count("/again/") // 2


@pytest.mark.parametrize("mood", ["busy", "hangs", "refuses us"])
def test_a_server_that_takes_from_nobody_is_asked_by_two_a_round_and_nothing_is_given_up(
    server: Moody, team: Team, now: datetime, mood: str
) -> None:
    urgent(team, 4, now)
    server.mood = mood
    assert deliver_pending(now=now) == (0, 2)
    asked = server.asked
    assert asked <= 4, "EHLO, and HELO where that was refused"
    assert deliver_pending(now=now + timedelta(minutes=1)) == (0, 2)
    assert states() == {("pending", "silent"): 4}
    assert is_mail_stuck()
    server.mood = ""
    assert deliver_pending(now=now + timedelta(minutes=30)) == (4, 0)
    assert (set(server.taken.values()), not is_mail_stuck()) == ({1}, True)


@pytest.mark.parametrize("mood", ["drops", "hangs late"])
def test_a_mail_whose_answer_is_lost_leaves_twice_at_most_and_is_shown(
    server: Moody, team: Team, now: datetime, mood: str
) -> None:
    nurse, *_ = urgent(team, 2, now)
    server.mood = mood
    assert deliver_pending(now=now) == (0, 2)
    assert states() == {("pending", "uncertain"): 2}
    for minutes in range(5, 60, 5):
        deliver_pending(now=now + timedelta(minutes=minutes))
    assert states() == {("failed", "uncertain"): 2}
    assert sorted(server.taken.values()) == [2, 2]
    assert shown(nurse) == 2
    assert is_mail_stuck(), "until a mail goes through"


def test_a_mail_whose_answer_is_lost_once_is_repeated_under_its_id(server: Moody, team: Team, now: datetime) -> None:
    urgent(team, 1, now)
    server.mood = "drops"
    assert deliver_pending(now=now) == (0, 1)
    server.mood = ""
    assert deliver_pending(now=now + timedelta(minutes=2)) == (1, 0)
    assert list(server.taken.items()) == [(Delivery.objects.get().message_id, 2)]


@pytest.mark.parametrize("mood", ["refuses", "spam"])
def test_what_is_refused_is_given_up_soon_and_shown(server: Moody, team: Team, now: datetime, mood: str) -> None:
    nurse, *_ = urgent(team, 3, now)
    server.mood = mood
    for hours in range(5):
        deliver_pending(now=now + timedelta(hours=hours))
    assert states() == {("failed", "refused"): 3}
    assert (shown(nurse), server.taken.total(), is_mail_stuck()) == (3, 0, False)


def test_a_full_mailbox_is_tried_for_two_days_then_given_up_and_holds_nobody_up(
    server: Moody, team: Team, now: datetime
) -> None:
    nurse, *_ = urgent(team, 1, now)
    server.mood = "full"
    tries, moment = 0, now
    while Delivery.objects.filter(status="pending").exists():
        tries += deliver_pending(now=moment)[1]
        moment += timedelta(minutes=15)
    assert (tries, states()) == (MAX_ATTEMPTS, {("failed", "later"): 1})
    assert moment - now > timedelta(days=2)
    assert (shown(nurse), is_mail_stuck()) == (1, False)
    server.mood = ""
    urgent(team, 1, moment)
    assert deliver_pending(now=moment) == (1, 0)
