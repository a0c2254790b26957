"""Celery tasks of the patients app: keyword ids only, the clock is read here, one command each, safe to run twice."""

from __future__ import annotations

from django.utils import timezone

from careteam.celery import app
from patients.fhir.commands import waiting_runs, work_off


@app.task(name="patients.import_run", soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def import_run(*, run_id: int) -> None:
    """Works off one uploaded import. Called twice, one of the two does it."""
    work_off(run_id, now=timezone.now())


@app.task(name="patients.import_waiting")
def import_waiting() -> None:
    """Takes up imports that nobody works on: rung while the worker was away, or left behind by one that died."""
    for run_id in waiting_runs(now=timezone.now()):
        import_run.delay(run_id=run_id)
