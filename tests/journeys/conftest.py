"""The product as it runs in production: granian, a Celery worker and beat as processes, Chromium in front."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from careteam.people.models import Team, User
from careteam.people.rules import Role
from tests import factories

BASE = Path(__file__).resolve().parents[2]
TICK_SECONDS = "2"


def _url_of_test_database() -> str:
    """The address of the database that pytest made, for processes of their own."""
    name = settings.DATABASES["default"]["NAME"]
    head, _, tail = os.environ["DATABASE_URL"].partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


@pytest.fixture(scope="session")
def mail_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="session")
def environment(django_db_setup: None, mail_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
        "DATABASE_URL": _url_of_test_database(),
        "DATABASE_POOL": "4",
        "EMAIL_FILE_PATH": str(mail_folder),
        "TICK_SECONDS": TICK_SECONDS,
        "PYTHONUNBUFFERED": "1",
        "BEAT_FOLDER": str(tmp_path_factory.mktemp("beat")),
    }


def _start(args: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *args], cwd=BASE, env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")  # the database it is connected to is copied elsewhere
def site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running web server on the test database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("web") / "web.log"
    command = ["granian", "--interface", "asginl", "careteam.asgi:application", "--host", "127.0.0.1"]
    web = _start([*command, "--port", str(port), "--workers", "1", "--workers-kill-timeout", "2"], environment, log)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2)
            break
        except OSError:
            assert web.poll() is None, log.read_text()
            time.sleep(0.2)
    yield address
    _stop(web)


@pytest.fixture
def worker_and_beat(
    environment: dict[str, str], transactional_db: None, tmp_path: Path
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """A real worker and a real beat that ticks every two seconds. They end before the database is flushed."""
    schedule = str(tmp_path / "beat")
    processes = {
        "worker": _start(
            ["celery", "-A", "careteam", "worker", "--concurrency", "1", "--loglevel", "INFO"],
            environment,
            tmp_path / "worker.log",
        ),
        "beat": _start(
            ["celery", "-A", "careteam", "beat", "--schedule", schedule], environment, tmp_path / "beat.log"
        ),
    }
    yield processes
    for process in processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        _stop(process)


class Visit(Protocol):
    """`visit(person)`: the person's browser page, signed in; with `through_form` by the sign-in page."""

    def __call__(self, person: User, *, through_form: bool = False) -> Page: ...


def _wait_for_requests_left_behind() -> None:
    """A closed browser has not ended what the server still answers; emptying the tables beside it is a deadlock."""
    deadline = time.monotonic() + 15
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
                " AND (state <> 'idle' OR state_change > clock_timestamp() - interval '300 milliseconds')"
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.05)


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Visit]:
    """Any script error, policy breach or failed request fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sign_in(person: User, *, through_form: bool = False) -> Page:
        context = chromium.new_context(base_url=site, viewport={"width": 1440, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
        )
        page.on("request", lambda request: None if request.url.startswith(site) else complaints.append(request.url))
        if through_form:
            page.goto("/accounts/login/")
            page.fill("input[name=login]", person.email)
            page.fill("input[name=password]", factories.PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
        else:  # a password is slow to check on purpose
            client = Client()
            client.force_login(person)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
            page.goto("/")
        page.wait_for_url(site + "/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    _wait_for_requests_left_behind()
    assert complaints == []


@pytest.fixture
def colleague(transactional_db: None) -> Callable[..., User]:
    """`colleague(team, Role.X)`: a person whose password the web process accepts too."""

    def make(team: Team, *roles: Role, **fields: object) -> User:
        person = factories.person(team, *roles, **fields)
        person.password = make_password(factories.PASSWORD, hasher="pbkdf2_sha256")
        person.save(update_fields=["password"])
        return person

    return make
