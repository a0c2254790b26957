"""The sweep: raises what the ladder has reached, once, and sends what waits. PostgreSQL is the truth; whoever calls it
(Celery, a person, two of them at once, after two days of outage) changes nothing but the time of day.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.models import Exists, OuterRef

from careteam.audit.commands import seal
from careteam.events.commands import beat, settle_pending
from careteam.events.models import Heartbeat
from careteam.notifications.outbox import deliver_pending, is_mail_stuck, make_digests, make_urgent
from careteam.people.models import Team
from patients.imaging.commands.late import remind_late
from patients.imaging.commands.raising import raise_reached, take_back
from patients.imaging.commands.staffing import staff_of
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.queries.patient import limits_of
from patients.imaging.rules import ReminderState, StudyStatus
from patients.protocol.queries import numbers
from patients.record.models import in_care

SEAL_ROUNDS = 50
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepResult:
    """`due`: outstanding studies whose day has come; `created`: steps, and reminders of limits that were
    passed, raised by this sweep; `delivered` and `failed`: mails."""

    due: int
    created: int
    delivered: int
    failed: int


@dataclass
class _Tally:
    due: int = 0
    created: int = 0
    stuck: dict[int, list[int]] = field(default_factory=dict)  # studies that could not be raised, by team


def sweep(*, now: datetime) -> SweepResult:
    """Raises every step that is reached and not yet raised, reminds of other limits that were passed, takes back
    what no longer holds; then mails, left-over events, audit seals, heartbeat. Safe at any time, in any number at once.

    A team that fails stops no other team, a study no other study: both stand in the heartbeat, with since when, and
    the team is told. Raises what the database raises when it is gone.
    """
    began = time.monotonic()
    tally = _Tally()
    for team in _teams():
        if not _apart(f"sweep of team {team.pk}", partial(_sweep_team, team, tally, now=now)):
            tally.stuck.setdefault(team.pk, [])
    # The raising took its time; leases count from when the mail begins.
    moment = now + timedelta(seconds=time.monotonic() - began)
    mails: list[tuple[int, int]] = []
    _apart("mail", lambda: mails.append(_deliver(now=now, moment=moment)))
    _apart("events", lambda: settle_pending(now=now))
    _apart("seals", lambda: _seal(now=now))
    delivered, failed = mails[0] if mails else (0, 0)
    result = SweepResult(due=tally.due, created=tally.created, delivered=delivered, failed=failed)
    details: dict[str, Any] = {
        "due": tally.due,
        "created": tally.created,
        "delivered": delivered,
        "failed": failed,
    }
    if tally.stuck:
        details["stuck"] = _since(tally.stuck, now=now)
    beat("sweep", now=now, details=details)
    return result


def _apart(what: str, act: Callable[[], object]) -> bool:
    """Whether `act` came through. What failed is logged by its name alone: errors of a database quote rows."""
    try:
        act()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if not connection.is_usable():
            raise
        log.error("%s failed: %s", what, type(error).__name__)  # noqa: TRY400
        return False
    return True


def _since(stuck: dict[int, list[int]], *, now: datetime) -> dict[str, dict[str, Any]]:
    """What stands still by team (JSON), with the moment since when it does."""
    last = Heartbeat.objects.filter(name="sweep").values_list("details", flat=True).first() or {}
    before = last.get("stuck", {})
    return {
        str(team): {"since": before.get(str(team), {}).get("since", now.isoformat()), "studies": sorted(set(studies))}
        for team, studies in stuck.items()
    }


def _teams() -> list[Team]:
    """Teams with something that could be raised or taken back."""
    mine = {"team": OuterRef("pk")}
    return list(
        Team.objects.filter(
            Exists(ImagingStudy.objects.valid().outstanding().filter(**mine))
            | Exists(ImagingStudy.objects.unreviewed().filter(**mine))
            | Exists(ImagingStudy.objects.filter(status=StudyStatus.PERFORMED, report_due_on__isnull=False, **mine))
            | Exists(ImagingStudy.objects.filter(status=StudyStatus.REVIEWED, decision_due_on__isnull=False, **mine))
            | Exists(
                ImagingStudy.objects.filter(images_requested_on__isnull=False, images_received_on__isnull=True, **mine)
            )
            | Exists(Reminder.objects.filter(state=ReminderState.OPEN, **mine))
        ).order_by("pk")
    )


def _sweep_team(team: Team, tally: _Tally, *, now: datetime) -> None:
    today = team.local_date(now)
    limits = limits_of(numbers(team.pk))
    staff = staff_of(team, today)
    take_back(team, now=now)
    created, stuck = raise_reached(team, today, limits, staff, now=now)
    tally.created += created
    others, stuck_others = remind_late(team, today, staff, now=now)
    tally.created += others
    tally.due += _due(team, today)
    if stuck or stuck_others:
        tally.stuck[team.pk] = [*stuck, *stuck_others]


def _due(team: Team, today: date) -> int:
    return ImagingStudy.objects.valid().due(today).filter(in_care(), team=team).count()


def _seal(*, now: datetime) -> None:
    for _ in range(SEAL_ROUNDS):
        if seal(now=now) == 0:
            break


def _deliver(*, now: datetime, moment: datetime) -> tuple[int, int]:
    make_urgent(now=now)
    make_digests(now=now)
    delivered, failed = deliver_pending(now=moment)
    if delivered or not is_mail_stuck():
        beat("mail", now=now)
    return delivered, failed
