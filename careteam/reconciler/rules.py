"""When the reconciler is due, what it can find. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db.models import TextChoices

HOUR = 3  # local time of the team: after the printout, before anybody works
KEPT = timedelta(days=90)  # runs and what they found
BATCH = 2000  # patients at a time: what a run holds in memory, and what a killed one does again


class Finding(TextChoices):
    """What a plan demands and the rows do not have."""

    NO_PLAN = "no_plan", "In care without a surveillance plan, and nobody said why"
    NO_STUDY = "no_study", "Running plan without a scan ahead"
    WRONG_DUE = "wrong_due", "Scan due on another day than its plan says"
    NO_LABS = "no_labs", "Labs that the record asks for, and nobody started or declined them"
    REPEATS = "repeats", "Scan whose row in the worklist says what is no longer so"
    NO_STEP = "no_step", "Open work without a next step"
    STALE_STEP = "stale_step", "Next step whose work is over"
    NO_REMINDER = "no_reminder", "Reached step of the ladder without its reminder"
    ORPHAN_MESSAGE = "orphan", "Message about work that is over"


def night_of(local: datetime) -> date:
    """The day whose night has come, by the team's clock: before three, that is still the day before."""
    return local.date() if local.hour >= HOUR else local.date() - timedelta(days=1)


def is_due(local: datetime, done: Collection[date]) -> bool:
    """Whether a run is missing. Nights that were missed are made up for by one."""
    return night_of(local) not in done
