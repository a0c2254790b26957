"""A meeting with 200 viewers: `manage.py bench live`.

Starts the web server as the `Procfile` does (two workers) on a free port of this machine, lets 200 signed-in people
listen to the live channel of one meeting, and puts cases on as the chair's browser would. Two figures for each change
and viewer, counted from the chair's click: until the viewer's stream names the new case (the page then shows its name
and dims the old one), and until the viewer has fetched the whole card, all
200 within the seconds over which the script spreads them. Everything takes less than two
minutes, has a team of its own, and ends the server it started.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connections

from careteam.cohort.bench import Result, percentile
from careteam.people.models import Membership, Team, User
from careteam.people.rules import Role, Specialty
from patients.record.models import Enrollment, Patient
from patients.record.rules import search_key, sort_key
from tumorboard.boards.models import Board
from tumorboard.meetings.commands import hold, list_referral, start
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.commands import refer
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import QuestionKind

NAME = "live"
TEAM = "audience"
VIEWERS, PEOPLE, CASES = 200, 20, 4
CHANGES, CARDS = 12, 2  # times the chair moves on: heard only, and with every card fetched
CHANGE_LIMIT = 300  # ms, p95
WORKERS, EACH = 2, 0.04  # as the Procfile; seconds that live.js reckons for one card
TOGETHER = 10  # people who arrive in the same moment
PATIENCE = 30.0  # seconds for one change to reach everybody


@dataclass
class _Stage:
    """One meeting that runs, its cases, and a session cookie for each viewer; the chair's is the first."""

    meeting: Meeting
    chair: User
    items: list[int]
    cookies: list[str]


@dataclass
class _Viewer:
    cookie: str
    heard: dict[int, float] = field(default_factory=dict)  # item: when
    is_there: bool = False


def measure(*, now: datetime, viewers: int = VIEWERS) -> Iterator[Result]:
    """`live_change`, `live_card`, and the memory of the workers without and with the viewers."""
    stage = _stage(now, viewers)
    connections.close_all()  # asyncio has threads of its own
    try:
        with _server() as (port, process):
            changes, cards, before, after = asyncio.run(_play(stage, port, process))
    finally:
        hold(stage.meeting, by=stage.chair, now=now)
    p95 = round(percentile(changes, 95), 1)
    ratio = round(p95 / CHANGE_LIMIT, 3)
    yield Result(f"{NAME}_change", p95, "ms", CHANGE_LIMIT, ratio, round(statistics.median(changes), 1), runs=CHANGES)
    p50 = round(statistics.median(cards), 1)
    yield Result(f"{NAME}_card", round(percentile(cards, 95), 1), "ms", p50=p50, runs=CARDS)
    yield Result(f"{NAME}_memory_0", round(before, 1), "MiB")
    yield Result(f"{NAME}_memory_{viewers}", round(after, 1), "MiB")


async def _play(
    stage: _Stage, port: int, process: subprocess.Popen[bytes]
) -> tuple[list[float], list[float], float, float]:
    page = f"/boards/meetings/{stage.meeting.pk}/live/"
    for cookie in stage.cookies[:8]:  # both workers have answered once
        await _fetch(port, page, cookie)
    before = _memory(process.pid)
    viewers = [_Viewer(cookie) for cookie in stage.cookies]
    tasks: list[asyncio.Task[None]] = []
    try:
        for at in range(0, len(viewers), TOGETHER):
            group = viewers[at : at + TOGETHER]
            tasks += [asyncio.create_task(_listen(port, f"{page}stream/", viewer)) for viewer in group]
            await _until(lambda group=group: all(viewer.is_there for viewer in group))
        after = _memory(process.pid)
        changes, cards = [], []
        for number in range(CHANGES + CARDS):
            item = stage.items[number % len(stage.items)]
            for viewer in viewers:
                viewer.heard.pop(item, None)
            began = time.perf_counter()
            await _click(port, f"{page}go/", stage.cookies[0], item)
            await _until(lambda item=item: all(item in viewer.heard for viewer in viewers))
            changes += [(viewer.heard[item] - began) * 1000 for viewer in viewers]
            if number >= CHANGES:
                cards += await asyncio.gather(
                    *(_timed(port, page, viewer.cookie, began, len(viewers) // WORKERS) for viewer in viewers)
                )
            await asyncio.sleep(0.5)
        return changes, cards, before, after
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until(is_so: Any) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not is_so():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"Not everybody heard it within {PATIENCE:.0f} s.")
        await asyncio.sleep(0.005)


def _request(method: str, path: str, cookie: str, port: int, more: str = "", body: str = "") -> bytes:
    """An HTTP/1.1 request as a browser with htmx would send it."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookie}\r\nX-Background: 1\r\n"
        f"HX-Request: true\r\nHX-Request-Type: partial\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def _listen(port: int, path: str, viewer: _Viewer) -> None:
    """As a browser: what was cut is opened again."""
    while True:
        with suppress(OSError):
            await _listen_once(port, path, viewer)
        await asyncio.sleep(0.3)


async def _listen_once(port: int, path: str, viewer: _Viewer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request("GET", path, viewer.cookie, port))
        async for line in reader:
            if line.startswith(b"data: "):
                viewer.is_there = True
                viewer.heard.setdefault(json.loads(line[6:]).get("item", 0), time.perf_counter())
    finally:
        writer.close()


async def _fetch(port: int, path: str, cookie: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request("GET", path, cookie, port, "Connection: close\r\n"))
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        if b" 200 " not in answer[:20]:
            raise RuntimeError(f"{path} answered {answer[:40]!r}.")
    finally:
        writer.close()


async def _timed(port: int, path: str, cookie: str, began: float, of: int) -> float:
    """As `static/js/live.js` does it: spread by how many listen, asked again after two seconds when refused."""
    await asyncio.sleep(secrets.randbelow(1000) / 1000 * of * EACH)
    while time.perf_counter() - began < PATIENCE * 2:
        with suppress(RuntimeError, OSError, TimeoutError):
            await _fetch(port, path, cookie)
            break
        await asyncio.sleep(2)
    return (time.perf_counter() - began) * 1000


async def _click(port: int, path: str, cookie: str, item: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        token = secrets.token_hex(16)
        more = f"X-CSRFToken: {token}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
        writer.write(_request("POST", path, f"{cookie}; csrftoken={token}", port, more, f"item={item}"))
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        if b" 204 " not in answer[:20]:
            raise RuntimeError(f"The chair's click answered {answer[:40]!r}.")
    finally:
        writer.close()


@contextmanager
def _server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "careteam.asgi:application"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS), "--workers-kill-timeout", "3"]
    process = subprocess.Popen(  # noqa: S603  # constants of this module
        [*command, *options, "--no-access-log"],
        cwd=settings.BASE_DIR,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The web server did not start.")
            time.sleep(0.1)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _memory(pid: int) -> float:
    """Resident memory of the server and its workers, in MiB; 0 where `/proc` does not tell."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            rows = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if rows.get("PPid", "").strip() == str(pid) or rows.get("Pid", "").strip() == str(pid):
                total += int(rows.get("VmRSS", "0").split()[0])
    return total / 1024


def _stage(now: datetime, viewers: int) -> _Stage:
    team = _team()
    people = list(User.objects.filter(email__endswith=f"@{TEAM}.example.org").order_by("pk"))
    chair = people[0]
    board = Board.objects.get(team=team)
    last = Meeting.objects.filter(board=board).order_by("-occurrence_on").first()
    meeting = Meeting.objects.create(
        board=board,
        occurrence_on=last.occurrence_on + timedelta(days=1) if last else date(2026, 1, 1),
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        cutoff_at=now,
    )
    for patient in Patient.objects.filter(team=team).order_by("pk"):
        referral = Referral.objects.filter(patient=patient, board=board, status="submitted").first() or refer(
            patient, board, question_kind=QuestionKind.PRRT, question="PRRT now?", by=chair, now=now
        )
        list_referral(referral, meeting, by=chair, now=now, after_cutoff_reason="Bench")
    meeting = start(meeting, by=chair, now=now)
    items = list(AgendaItem.objects.filter(meeting=meeting).in_order().values_list("pk", flat=True))
    return _Stage(meeting, chair, items, [_cookie(people[number % PEOPLE], now) for number in range(viewers)])


def _team() -> Team:
    team = Team.objects.filter(slug=TEAM).first()
    if team is not None:
        return team
    team = Team.objects.create(slug=TEAM, name="Audience", is_demo=True)
    for number in range(PEOPLE):
        user = User.objects.create_user(f"viewer{number}@{TEAM}.example.org", None, name=f"Viewer {number}")
        Membership.objects.create(
            user=user,
            team=team,
            roles=[str(Role.TEAM_LEAD), str(Role.ONCOLOGIST)] if number == 0 else [str(Role.DIETITIAN)],
            specialty=Specialty.MEDICAL_ONCOLOGY if number == 0 else Specialty.NUTRITION,
            started_on=date(2020, 1, 1),
        )
    for number in range(CASES):
        names = (f"Case{number}", "Bench")
        mrn, born = f"AUD-{number}", date(1960, 1, 1)
        patient = Patient.objects.create(
            team=team,
            family_name=names[0],
            given_name=names[1],
            mrn=mrn,
            birth_date=born,
            sort_key=sort_key(*names),
            search_key=search_key(*names, [mrn], born),
            enrollment_status="active",
        )
        Enrollment.objects.create(patient=patient, team=team, status="active", started_on=date(2026, 1, 1))
    Board.objects.create(
        team=team,
        name="Audience",
        rrule="FREQ=YEARLY",
        starts_on=date(2026, 1, 1),
        local_time=clock(14),
        quorum=[Specialty.MEDICAL_ONCOLOGY],
    )
    return team


def _cookie(person: User, now: datetime) -> str:
    """A session of its own, as after signing in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "careteam.people.backends.ActivePeopleBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session["signed_in_at"] = session["acted_at"] = int(now.astimezone(UTC).timestamp())
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
