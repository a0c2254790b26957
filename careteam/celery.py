"""Celery is a doorbell: PostgreSQL holds what is to be done, a tick asks for it every minute.

The schedule lives here, in code, in UTC. A task takes keyword ids only, ignores its result, may be lost, may run twice.
"""

import logging
import os
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "careteam.settings")

TICK_SECONDS = 60
_log = logging.getLogger(__name__)


class AuditedTask(Task):  # type: ignore[type-arg]  # celery's Task is generic in its stubs only
    """Every row that a task writes carries the task's name in its history."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        import pghistory  # noqa: PLC0415  # needs Django, which is set up after this module

        with pghistory.context(task=self.name):
            return super().__call__(*args, **kwargs)


app = Celery("careteam", task_cls=AuditedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_timeout": 30, "socket_connect_timeout": 5, "visibility_timeout": 3600},
    task_soft_time_limit=900,
    task_time_limit=960,
    timezone="UTC",
    enable_utc=True,
    beat_schedule={
        "tick": {
            "task": "patients.tick",
            "schedule": float(os.environ.get("TICK_SECONDS", TICK_SECONDS)),
            "options": {"expires": TICK_SECONDS - 5},
        },
        # Asked every hour: each team's night is its own.
        "downtime": {"task": "careteam.downtime", "schedule": crontab(minute=7), "options": {"expires": 3500}},
        "reconcile": {"task": "careteam.reconcile", "schedule": crontab(minute=12), "options": {"expires": 3500}},
        "safety": {"task": "careteam.safety", "schedule": 600.0, "options": {"expires": 595}},
        "calendars": {"task": "careteam.calendars", "schedule": crontab(minute=23), "options": {"expires": 3500}},
        "unfold": {
            "task": "tumorboard.unfold",
            "schedule": 3600.0,
            "options": {"expires": 3000},
        },
        "freeze": {"task": "tumorboard.freeze", "schedule": 300.0, "options": {"expires": 295}},
        "suggest": {"task": "tumorboard.suggest", "schedule": crontab(minute=37), "options": {"expires": 3500}},
        "invitations": {
            "task": "tumorboard.invitations",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "files": {
            "task": "patients.files_waiting",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "wishes": {"task": "patients.wishes_expire", "schedule": crontab(minute=42), "options": {"expires": 3500}},
        "minutes": {
            "task": "tumorboard.print_waiting",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "readiness": {
            "task": "tumorboard.readiness",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "ballots": {
            "task": "tumorboard.ballots",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "letters": {
            "task": "patients.letters_waiting",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
        "imports": {
            "task": "patients.import_waiting",
            "schedule": float(TICK_SECONDS),
            "options": {"expires": TICK_SECONDS - 5},
        },
    },
)
app.autodiscover_tasks(["careteam", "careteam.workspace", "patients", "tumorboard"])


def call_worker(task: str, **ids: int) -> bool:
    """Rings for work that stands in its table already. False when the broker cannot be reached: nothing is lost, the
    next minute finds the row, and the page may say that it waits."""
    try:
        app.send_task(task, kwargs=ids, retry=False)
    except Exception:  # noqa: BLE001  # whatever the broker's client raises, the row stands in its table
        _log.warning("%s %s waits for the minute: the broker cannot be reached", task, ids)
        return False
    return True


@worker_ready.connect
def ring_at_start(**_: object) -> None:
    """A worker that has just started asks at once what waits: nobody reads "reminders stopped" for a first minute."""
    app.send_task("patients.tick", expires=TICK_SECONDS - 5)
    app.send_task("careteam.reconcile", expires=3500)
