"""Celery tasks of the patients app: keyword ids only, the clock is read here, one command each, safe to run twice."""

from __future__ import annotations

from django.utils import timezone

from careteam.celery import app
from careteam.events.commands import beat
from patients.fhir.commands import give_up_lost, waiting_runs, work_off
from patients.goals.commands import review_once_a_day
from patients.imaging.commands import sweep
from patients.letters.commands import waiting_runs as waiting_letters
from patients.letters.commands import work_off as write_letters
from patients.wishes.commands import follow_expired, scan_file, sweep_files
from patients.wishes.queries import waiting_scans


@app.task(name="patients.tick")
def tick() -> None:
    """The doorbell, once a minute: everything that waits in PostgreSQL is done. A tick that never came is made up for
    by the next one."""
    now = timezone.now()
    beat("beat", now=now)
    sweep(now=now)
    review_once_a_day(now=now)


@app.task(name="patients.import_run", soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def import_run(*, run_id: int) -> None:
    """Works off one uploaded import. Called twice, one of the two does it."""
    work_off(run_id, now=timezone.now())


@app.task(name="patients.import_waiting")
def import_waiting() -> None:
    """Takes up imports that nobody works on: rung while the worker was away, or left behind by one that died."""
    now = timezone.now()
    give_up_lost(now=now)
    for run_id in waiting_runs(now=now):
        import_run.delay(run_id=run_id)


@app.task(name="patients.letter_run")
def letter_run(*, run_id: int) -> None:
    """Writes the letters of one run. Called twice, each letter is written once."""
    write_letters(run_id, now=timezone.now())


@app.task(name="patients.letters_waiting")
def letters_waiting() -> None:
    """Takes up letters that nobody writes: asked for while the worker was away, or left behind by one that died."""
    for run_id in waiting_letters():
        letter_run.delay(run_id=run_id)


@app.task(name="patients.scan_file", soft_time_limit=360, time_limit=420)
def scan_one(*, file_id: int) -> None:
    """Has the virus scanner look at one stored file. Called twice, one of the two does it."""
    scan_file(file_id, now=timezone.now())


@app.task(name="patients.files_waiting")
def files_waiting() -> None:
    """Stored files whose virus scan waits or failed; what a process that died left behind."""
    now = timezone.now()
    for file_id in waiting_scans(now=now):
        scan_one.delay(file_id=file_id)
    sweep_files(now=now)


@app.task(name="patients.wishes_expire")
def wishes_expire() -> None:
    """Documents that expired leave the wishes that rest on them without ground: somebody is asked."""
    follow_expired(now=timezone.now())
