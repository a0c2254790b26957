"""A feed in programs that people use: vdirsyncer fetches it from a running server, khal shows it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from pytest_django.live_server_helper import LiveServer

from careteam.calendars.commands import make_feed
from careteam.calendars.rules import FeedKind
from careteam.people.rules import Role
from patients.imaging.commands import cancel_slot, schedule
from patients.treatment.models import Administration
from tests import factories

BIN = Path(sys.executable).parent
VDIRSYNCER = """
[general]
status_path = "{home}/status/"
[pair net]
a = "here"
b = "there"
collections = null
[storage here]
type = "filesystem"
path = "{home}/net/"
fileext = ".ics"
[storage there]
type = "http"
url = "{url}"
"""
KHAL = """
[calendars]
[[net]]
path = {home}/net
[locale]
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {home}/khal.db
"""


class Machine:
    """Somebody's computer with the two programs, subscribed to one address."""

    def __init__(self, home: Path, url: str) -> None:
        (home / "net").mkdir()
        (home / "sync.conf").write_text(VDIRSYNCER.format(home=home, url=url))
        (home / "khal.conf").write_text(KHAL.format(home=home))
        self.home = home
        self._run("vdirsyncer", "-c", f"{home}/sync.conf", "discover")

    def _run(self, *command: str) -> str:
        env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shows(self) -> list[str]:
        self._run("vdirsyncer", "-c", f"{self.home}/sync.conf", "sync")
        listed = self._run(
            "khal", "-c", f"{self.home}/khal.conf", "list", "--notstarted", "--day-format", "",
            "--format", "{start} {title} {status}", "2026-11-23", "2027-08-01",
        )  # fmt: skip
        return [line.strip() for line in listed.splitlines() if line.strip()]


@pytest.mark.django_db(transaction=True)
def test_calendar_programs_show_slots_moves_and_cancellations(live_server: LiveServer, tmp_path: Path) -> None:
    now = factories.NOW
    team = factories.team(time_zone="Europe/Berlin")
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    patient = factories.patient(team)
    factories.responsible(patient, nurse)
    line = factories.line(patient, modality="prrt")
    Administration.objects.create(patient=patient, line=line, number=1, planned_on=date(2027, 3, 28))
    winter = factories.study(patient, status="ordered", owner=nurse)
    summer = factories.study(patient, status="ordered", modality="mri", owner=nurse)
    with time_machine.travel(now):
        schedule(winter, at=datetime(2027, 3, 27, 8, 30, tzinfo=UTC), place="CT 1", by=nurse, now=now)
        schedule(summer, at=datetime(2027, 3, 29, 8, 30, tzinfo=UTC), place="MRI 2", by=nurse, now=now)
        _, token = make_feed(FeedKind.PERSON, name="Mine", by=nurse, now=now)
        machine = Machine(tmp_path, f"{live_server.url}/calendar/{token}.ics")
        # the clocks change in the night to 28 March: 08:30 UTC is another hour on the two days
        assert machine.shows() == [
            "2027-03-27 09:30 CT slot CONFIRMED",
            "2027-03-28 PRRT CONFIRMED",
            "2027-03-29 10:30 MRI slot CONFIRMED",
        ]
        schedule(winter, at=datetime(2027, 4, 1, 6, 0, tzinfo=UTC), place="CT 1", by=nurse, now=now)
        cancel_slot(summer, reason="Scanner is down", by=nurse, now=now)
        assert machine.shows() == [
            "2027-03-28 PRRT CONFIRMED",
            "2027-03-29 10:30 MRI slot CANCELLED",
            "2027-04-01 08:00 CT slot CONFIRMED",
        ]
        assert len(list((tmp_path / "net").iterdir())) == 3  # moved and cancelled, not once more
