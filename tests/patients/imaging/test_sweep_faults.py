"""What breaks while a sweep runs: the worker is killed, the broker flushed, the database stopped, two ring at once.

A cluster, a worker and mail of their own; the sweep is the one that beat rings for.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from celery import Celery

from careteam import procfile, servers

BASE = Path(servers.__file__).resolve().parent.parent.parent
STUDIES = 120

POPULATE = f"""
import django; django.setup()
from datetime import UTC, datetime, timedelta
from careteam.people.rules import Role
from tests import factories
now = datetime.now(UTC)
team = factories.team(time_zone="UTC")
nurse = factories.person(team, Role.NURSE_COORDINATOR)
for _ in range({STUDIES}):
    patient = factories.patient(team)
    factories.responsible(patient, factories.person(team, Role.ONCOLOGIST))  # a red mail to each
    plan = factories.plan(patient, interval_days=90, confirmed_at=now - timedelta(400))
    factories.study(patient, plan=plan, due_on=now.date() - timedelta(43), owner=nurse)
"""


def until(done: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Site:
    """One cluster with its worker."""

    def __init__(self, root: Path) -> None:
        self.root = root / "s"
        self.mail = root / "mail"
        self.started = servers.ensure(self.root, durable=False)
        self.env = os.environ | {
            "DATABASE_URL": self.started.database_url,
            "REDIS_URL": self.started.redis_url,
            "EMAIL_FILE_PATH": str(self.mail),
            "DJANGO_SETTINGS_MODULE": "careteam.settings",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(BASE),
        }
        self.env.pop("PYTEST_CURRENT_TEST", None)
        self.workers: list[subprocess.Popen[bytes]] = []

    def run(self, *line: str) -> None:
        done = subprocess.run(
            [sys.executable, *line], cwd=BASE, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def work(self) -> subprocess.Popen[bytes]:
        line = procfile.commands(self.env)["worker"]
        worker = subprocess.Popen(line, cwd=BASE, env=self.env, start_new_session=True)
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def ring(self) -> None:
        """What beat does every minute."""
        socket = self.started.redis_url.removeprefix("unix://").partition("?")[0]
        bell = Celery(broker=f"redis+socket://{socket}?virtual_host=1", set_as_current=False)
        bell.send_task("patients.tick", ignore_result=True)

    def ask(self, sql: str) -> int:
        with psycopg.connect(self.started.database_url, autocommit=True) as connection:
            done = connection.execute(sql)
            row = done.fetchone() if done.description else (done.rowcount,)
        return int(row[0]) if row else 0

    def sent(self) -> int:
        return self.ask("SELECT count(*) FROM careteam_delivery WHERE status = 'sent'")

    def messages(self) -> list[str]:
        """The message ids that left, one per message."""
        return re.findall(r"^Message-ID: (.*)$", "".join(p.read_text() for p in self.mail.glob("*")), re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    place = Site(tmp_path)
    try:
        place.run("manage.py", "migrate", "-v0")
        place.run("-c", POPULATE)
        yield place
    finally:
        for worker in place.workers:
            if worker.poll() is None:
                place.kill(worker)
        servers.stop(place.root)


def test_nothing_is_lost_and_nothing_twice_whatever_dies(site: Site) -> None:
    first = site.work()
    site.ring()
    until(lambda: 10 < site.sent() < STUDIES)  # in the midst of its mail
    site.kill(first)
    left = site.sent()
    assert 10 < left < STUDIES
    raised = site.ask("SELECT count(*) FROM patients_reminder")
    assert raised == STUDIES

    redis.Redis.from_url(site.started.redis_url).flushall()  # the ring that was not acknowledged is gone with it
    # five minutes later: what the dead worker had claimed is free again
    site.ask("UPDATE careteam_delivery SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL")
    site.work()
    site.ring()
    site.ring()  # two at once
    until(lambda: site.sent() > left + 5)
    servers.stop(site.root, (servers.POSTGRES,))  # cuts off whoever is in the midst of it
    servers.ensure(site.root, durable=False)
    site.ask("UPDATE careteam_delivery SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL")
    # a failed attempt waits for its time; that time comes
    site.ask("UPDATE careteam_delivery SET next_attempt_at = now() - interval '1 second' WHERE status = 'pending'")
    site.ring()
    until(lambda: site.sent() == STUDIES)

    assert site.ask("SELECT count(*) FROM patients_reminder") == STUDIES
    assert site.ask("SELECT count(DISTINCT study_id) FROM patients_reminder") == STUDIES
    assert site.ask("SELECT count(*) FROM careteam_inboxitem") == STUDIES
    # a mail that left in the moment of a crash may leave again: under the same id, so that one message is read
    assert len(set(site.messages())) == STUDIES
    assert STUDIES <= len(site.messages()) <= STUDIES + 3  # one per crashed process
    assert site.ask("SELECT count(*) FROM careteam_auditevent WHERE action = 'notifications.mail_sent'") == STUDIES
