"""Celery tasks of the roof: the clock is read here, one command each, safe to run twice."""

import logging
import zoneinfo

from celery import shared_task
from django.urls import reverse
from django.utils import timezone

from careteam.calendars.commands import warn_of_end
from careteam.people.models import Team
from careteam.workspace.downtime.commands import make_printout
from careteam.workspace.downtime.queries import printouts_of
from careteam.workspace.downtime.rules import is_due
from careteam.workspace.reconciling.commands import reconcile_waiting
from careteam.workspace.safety.queries.lists import look_anew
from patients.record.models import Patient

log = logging.getLogger(__name__)


@shared_task(name="careteam.downtime")
def downtime() -> None:
    """Asked every hour: each team with patients in care gets its printout after two in the morning, where it is. One
    team's failure (a full disk) is logged and does not keep the others from theirs."""
    now = timezone.now()
    for team in Team.objects.filter(pk__in=Patient.objects.in_care().values("team_id")).order_by("pk"):
        local = now.astimezone(zoneinfo.ZoneInfo(team.time_zone))
        if is_due(local, {printout.on for printout in printouts_of(team)}):
            try:
                make_printout(team, by=None, now=now)
            except OSError:
                log.exception("No downtime printout for team %s", team.slug)


@shared_task(name="careteam.calendars")
def calendars() -> None:
    """Asked every hour: who has a calendar link that ends within two weeks is told, once."""
    warn_of_end(url=reverse("calendar-links"), now=timezone.now())


@shared_task(name="careteam.reconcile")
def reconcile() -> None:
    """Asked every hour: each team's night is its own. A run that was killed goes on, nights that were missed are made
    up for by one."""
    reconcile_waiting(now=timezone.now())


@shared_task(name="careteam.safety")
def safety() -> None:
    """Every ten minutes: what takes longer than a page may is looked up for the safety net of large teams."""
    look_anew(timezone.now())
