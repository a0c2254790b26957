"""The sweep of the readiness gate: what open cases lack is asked for, what arrived is asked for no more."""

from __future__ import annotations

import logging
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from careteam.people.models import Team
from tumorboard.meetings.queries.readiness import open_cases
from tumorboard.readiness.commands import keep_up, let_go
from tumorboard.readiness.policies import ASKED_WHILE
from tumorboard.readiness.queries import Deadline
from tumorboard.referrals.models import Referral

log = logging.getLogger(__name__)
_Cases = list[tuple[Referral, Deadline]]


def keep_readiness(*, now: datetime) -> int:
    """How many chases changed. Each meeting's cases are a transaction of their own; a case that cannot be handled is
    logged and stops no other."""
    changed = let_go(now=now)
    teams = Team.objects.filter(boards__referrals__status__in=ASKED_WHILE).distinct()
    for team in teams.order_by("pk"):
        for group in open_cases(team, now):
            changed += _keep(team, group, now=now)
    return changed


def _keep(team: Team, cases: _Cases, *, now: datetime) -> int:
    try:
        return keep_up(cases, team_id=team.pk, today=team.local_date(now), now=now)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if not connection.is_usable():
            raise
        if len(cases) > 1:
            return sum(_keep(team, [case], now=now) for case in cases)
        # Without the traceback: errors may quote rows.
        log.error("readiness of referral %s is stuck: %s", cases[0][0].pk, type(error).__name__)  # noqa: TRY400
        return 0
