"""Celery tasks of the patients app: keyword ids only, the clock is read here, one command each, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from careteam.events.commands import beat
from patients.goals.commands import review_once_a_day
from patients.imaging.commands import sweep


@shared_task(name="patients.tick")
def tick() -> None:
    """The doorbell, once a minute: everything that waits in PostgreSQL is done. A tick that never came is made up for
    by the next one."""
    now = timezone.now()
    beat("beat", now=now)
    sweep(now=now)
    review_once_a_day(now=now)
