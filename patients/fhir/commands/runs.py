"""Imports that wait and run by themselves: uploaded files, a queue in the table, a report at the end."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import Team
from patients.fhir.commands.importing import BusyError, import_sources
from patients.fhir.commands.outcome import KINDS, Outcome
from patients.fhir.models import ImportLine, ImportRun
from patients.fhir.policies import why_not_import
from patients.fhir.rules.reading import SUFFIXES, Source
from patients.fhir.rules.report import ReportLine, Severity
from patients.fhir.rules.states import RunStatus

if TYPE_CHECKING:
    from careteam.people.models import User

log = logging.getLogger(__name__)
# Without a sign of life for this long, whoever worked on a run is taken for dead.
LEASE = timedelta(minutes=5)
LOST = timedelta(hours=1)
ENDED_EARLY = "The command ended before the import did. Run it again: what was written stays."
MOST_LINES = 20_000


class Upload(Protocol):
    """A file as a form hands it over."""

    @property
    def name(self) -> str | None: ...

    def chunks(self) -> Iterable[bytes]: ...


def private_folder() -> Path:
    """Where uploads wait: outside the web root."""
    return Path(settings.PRIVATE_ROOT) / "imports"


@transaction.atomic
def queue_import(
    files: list[Upload], *, team: Team, by: User, now: datetime, namespace: str = "default", dry_run: bool = False
) -> ImportRun:
    """Stores the files and puts a run into the queue. Ringing the worker is up to the caller; the tick finds it anyway.
    Raises ValidationError."""
    reasons = why_not_import(team, by, namespace)
    if not files:
        reasons.append("Choose at least one file.")
    insist(reasons)
    run = ImportRun.objects.create(
        team=team,
        by=by,
        namespace=namespace,
        is_dry=dry_run,
        created_at=now,
        file_names=[_name(file) for file in files],
        total=len(files),
        phase="Waiting for the worker",
    )
    private_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own: a restored database may count its runs from a number whose folder is still here.
    folder = Path(tempfile.mkdtemp(prefix=f"{run.pk}-", dir=private_folder()))
    run.folder = folder.name
    run.save(update_fields=["folder"])
    for number, file in enumerate(files):
        suffix = PurePosixPath(_name(file)).suffix.lower()
        path = folder / f"{number:04d}{suffix if suffix in SUFFIXES else '.json'}"
        with path.open("wb") as stream:
            for chunk in file.chunks():
                stream.write(chunk)
    record(
        "fhir.queue_import",
        by=by,
        now=now,
        subject=run,
        team_id=team.pk,
        details={"files": len(files), "namespace": namespace, "dry_run": dry_run},
    )
    return run


def _name(file: Upload) -> str:
    return (file.name or "file.json").replace("\\", "/").rpartition("/")[2][:255]


def start_run(*, team: Team, by: User | None, now: datetime, namespace: str, names: list[str]) -> ImportRun:
    """A run that its caller works on at once (the command line)."""
    return ImportRun.objects.create(
        team=team,
        by=by,
        namespace=namespace,
        status=RunStatus.RUNNING,
        created_at=now,
        started_at=now,
        alive_at=Now(),
        file_names=[name[:255] for name in names],
    )


def waiting_runs(*, now: datetime) -> list[int]:
    """Runs that nobody works on: queued, or left behind by a worker that died."""
    dead = Q(status=RunStatus.RUNNING, alive_at__lt=now - LEASE) & ~Q(folder="")
    return list(ImportRun.objects.filter(Q(status=RunStatus.QUEUED) | dead).order_by("pk").values_list("pk", flat=True))


def give_up_lost(*, now: datetime) -> int:
    """Ends runs whose command was killed: nobody can take them up, their files were never ours. Returns how many."""
    lost = ImportRun.objects.filter(status=RunStatus.RUNNING, folder="", alive_at__lt=now - LOST)
    return lost.update(status=RunStatus.FAILED, finished_at=Now(), phase="", error=ENDED_EARLY)


def work_off(run_id: int, *, now: datetime) -> bool:
    """Does one waiting run from beginning to end. False when another works on it, or on another import of the team.
    May be called twice at once: one of them does it."""
    dead = Q(status=RunStatus.RUNNING, alive_at__lt=now - LEASE)
    claimed = ImportRun.objects.filter(Q(status=RunStatus.QUEUED) | dead, pk=run_id).update(
        status=RunStatus.RUNNING, started_at=now, alive_at=Now(), phase="Reading the files", done=0
    )
    if not claimed:
        return False
    run = ImportRun.objects.select_related("team", "by").get(pk=run_id)
    folder = private_folder() / run.folder
    stored = sorted(folder.glob("*")) if run.folder else []
    sources = [Source(path, name) for path, name in zip(stored, run.file_names, strict=False)]
    if not sources:
        fail(run, "The uploaded files are gone; upload them again.")
        return True
    try:
        with LiveProgress(run.pk) as live:
            outcome = import_sources(
                sources,
                team=run.team,
                by=run.by,
                now=now,
                namespace=run.namespace,
                dry_run=run.is_dry,
                run=None if run.is_dry else run,
                progress=live.show,
            )
    except BusyError:
        ImportRun.objects.filter(pk=run.pk).update(
            status=RunStatus.QUEUED, phase="Waiting: another import of the team is running"
        )
        return False
    except ValidationError as problem:
        fail(run, " ".join(problem.messages))
    except Exception as problem:
        log.exception("import run %s failed", run.pk)
        fail(run, f"The import stopped by a fault of the program ({type(problem).__name__}). What was written stays.")
    else:
        finish(run, outcome)
    shutil.rmtree(folder, ignore_errors=True)
    return True


@transaction.atomic
def finish(run: ImportRun, outcome: Outcome) -> None:
    """Writes the report."""
    lines = outcome.lines[:MOST_LINES]
    if len(outcome.lines) > MOST_LINES:
        more = f"{len(outcome.lines) - MOST_LINES} more lines are left out; import fewer files at once to see them"
        lines.append(ReportLine(Severity.WARNING, more))
    ImportLine.objects.bulk_create(
        [
            ImportLine(
                run=run,
                severity=line.severity,
                file=line.file[:255],
                entry=line.entry,
                resource_type=line.resource.partition("/")[0][:64],
                resource=line.resource[:300],
                message=line.message,
            )
            for line in lines
        ],
        batch_size=1000,
    )
    ImportRun.objects.filter(pk=run.pk).update(
        status=RunStatus.DONE,
        finished_at=Now(),
        phase="",
        done=outcome.read,
        total=outcome.read,
        patient_ids=[] if run.is_dry else sorted(outcome.patient_ids),
        **{kind: outcome.counts[kind] for kind in KINDS},
    )


def fail(run: ImportRun, error: str) -> None:
    """Ends a run that could not be done, with a sentence for the person who waits."""
    ImportRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED, finished_at=Now(), error=error, phase="")


class LiveProgress:
    """Progress that others see at once: written through a connection of its own, outside the import's transaction."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id

    def __enter__(self) -> Self:
        self._connection = connection.copy()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._connection.close()

    def show(self, phase: str, done: int, total: int) -> None:
        """What the progress bar says; also the sign of life."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "UPDATE patients_importrun SET phase = %s, done = %s, total = %s, alive_at = now() WHERE id = %s",
                [phase[:120], done, total, self.run_id],
            )
