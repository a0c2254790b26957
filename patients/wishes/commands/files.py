"""Scans of documents: taken in while they are read, checked, moved to their place, looked at by a virus scanner.

Order of things: the bytes go to a file ending in `.part`; what is no harmless PDF is removed there. In the transaction
the file is moved to its final name, then its row is written: a row always has its file. A file without a row (the
process died in between) is swept after an hour.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import mmap
import os
import secrets
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from careteam.access.policies import insist
from careteam.audit.rules import Kind
from careteam.people.rules import Role
from patients.record import commands as entries
from patients.record.commands.trail import record_about
from patients.record.rules import StepKind
from patients.wishes import policies
from patients.wishes.commands.documents import DOCUMENT
from patients.wishes.commands.wishes import locked
from patients.wishes.models import DocumentFile, WishDocument
from patients.wishes.queries import documents_folder, path_of, same_file
from patients.wishes.rules import NOT_A_PDF, SCAN_TRANSITIONS, ScanState, problems_of

if TYPE_CHECKING:
    from careteam.people.models import User

log = logging.getLogger(__name__)
ORPHAN = timedelta(hours=1)
SCAN_LEASE = timedelta(minutes=10)
SCAN_SECONDS = 300
_BACKOFF = (1, 5, 15, 60, 360)  # minutes until a scan that failed is tried again; the last goes on


class Upload(Protocol):
    """A file as a form hands it over."""

    @property
    def name(self) -> str | None: ...

    def chunks(self) -> Iterable[bytes]: ...


@dataclass(frozen=True)
class _Taken:
    path: Path
    size: int
    sha256: str


def too_large() -> str:
    return f"The file is larger than {settings.DOCUMENT_MAX_BYTES // (1024 * 1024)} MB. Scan it in gray, or at 200 dpi."


def safe_name(name: str | None) -> str:
    """What the file was called, without folders and signs that mean something to a system; always ends in .pdf."""
    stem = (name or "").replace("\\", "/").rpartition("/")[2]
    if stem.lower().endswith(".pdf"):
        stem = stem[:-4]
    kept = "".join(char if char.isalnum() or char in " -_()." else "_" for char in stem if char.isprintable())
    return f"{kept.strip(' .')[:150] or 'document'}.pdf"


@contextlib.contextmanager
def _taken(upload: Upload) -> Iterator[_Taken]:
    """The bytes in a private file, no more of them than fit; gone when the block ends, unless it was moved."""
    folder = documents_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            for chunk in upload.chunks():
                if size == 0 and chunk and not chunk.startswith(b"%PDF-"):
                    raise ValidationError({"scan": NOT_A_PDF})
                size += len(chunk)
                if size > settings.DOCUMENT_MAX_BYTES:
                    raise ValidationError({"scan": too_large()})
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if size == 0:
            raise ValidationError({"scan": "The file is empty."})
        with path.open("rb") as whole, mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if found := problems_of(data):
                raise ValidationError({"scan": found})
        yield _Taken(path, size, digest.hexdigest())
    finally:
        path.unlink(missing_ok=True)


def add_file(document: WishDocument, upload: Upload, *, by: User, now: datetime) -> DocumentFile:
    """Keeps the scan of a document. Raises `ValidationError` with a sentence for what is no harmless PDF, too large,
    or here already. The virus scan, where one is set up, is rung for by the caller; the tick finds it anyway."""
    with _taken(upload) as taken:
        return _keep(document, taken, safe_name(upload.name), by=by, now=now)


@transaction.atomic
def _keep(document: WishDocument, taken: _Taken, name: str, *, by: User, now: datetime) -> DocumentFile:
    patient = locked(document.patient_id)
    current: WishDocument = WishDocument.objects.lock(document.pk)
    insist(policies.why_not_document(patient, by))
    if current.error_at is not None:
        raise ValidationError("This document was marked as entered in error.")
    if same := same_file(taken.sha256, patient):
        raise ValidationError({"scan": same})
    stored = f"{secrets.token_hex(16)}.pdf"
    final = documents_folder() / stored
    taken.path.rename(final)
    try:
        file: DocumentFile = DocumentFile.objects.create(
            patient=patient,
            document=current,
            stored=stored,
            name=name,
            size=taken.size,
            sha256=taken.sha256,
            added_by=by,
            added_at=now,
            scan=ScanState.WAITING if settings.SCAN_COMMAND else ScanState.UNSCANNED,
            created_by=by,
        )
        details = {"document": current.pk, "bytes": taken.size, "sha256": taken.sha256}
        record_about(file, "wishes.add_file", by=by, now=now, team_id=patient.team_id, details=details)
    except BaseException:
        final.unlink(missing_ok=True)
        raise
    return file


@transaction.atomic
def file_in_error(file: DocumentFile, *, reason: str, by: User, now: datetime) -> DocumentFile:
    """Takes a file out of the record. The bytes stay for whoever has to answer for it; nobody is handed them."""
    row = entries.enter_in_error(file, reason=reason, by=by, now=now, permission=DOCUMENT)
    patient = locked(file.patient_id)
    entries.close_step(patient, source_key=f"wish-file:{file.pk}", because="File taken out", now=now)
    return row


def sweep_files(*, now: datetime) -> int:
    """Removes what a process that died left behind: files an hour old that have no row. How many."""
    folder = documents_folder()
    if not folder.is_dir():
        return 0
    before = now.timestamp() - ORPHAN.total_seconds()
    old = {path.name: path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before}
    known = set(DocumentFile.objects.filter(stored__in=old).values_list("stored", flat=True))
    orphans = [path for name, path in old.items() if name not in known]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def scan_file(file_id: int, *, now: datetime) -> ScanState | None:
    """Has the scanner look at one file; None when somebody else does, or nothing is to be done.

    The command of `SCAN_COMMAND` gets the path as its last argument and says 0 for clean, 1 for infected (as
    clamdscan does); anything else, or no answer in five minutes, is a failure and is tried again.
    """
    if not settings.SCAN_COMMAND:
        return None
    due = Q(scan_after__isnull=True) | Q(scan_after__lte=now)
    states = [state for state, to in SCAN_TRANSITIONS.items() if to]
    claimed = DocumentFile.objects.valid().filter(due, pk=file_id, scan__in=states)
    if not claimed.update(scan_after=now + SCAN_LEASE):
        return None
    state, said = _look(path_of(DocumentFile.objects.get(pk=file_id)))
    return _note_scan(file_id, state, said, now=now)


def _look(path: Path) -> tuple[ScanState, str]:
    line = [*shlex.split(settings.SCAN_COMMAND), str(path)]
    try:
        done = subprocess.run(  # noqa: S603  # the operator's own command, by list, never by a shell
            line, stdin=subprocess.DEVNULL, capture_output=True, timeout=SCAN_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return ScanState.FAILED, type(problem).__name__
    state = {0: ScanState.CLEAN, 1: ScanState.INFECTED}.get(done.returncode, ScanState.FAILED)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").replace(str(path), "the file").replace("\x00", "")
    return state, " ".join(said.split())[:250]


@transaction.atomic
def _note_scan(file_id: int, state: ScanState, said: str, *, now: datetime) -> ScanState | None:
    file: DocumentFile = DocumentFile.objects.lock(file_id)
    if state not in SCAN_TRANSITIONS[ScanState(file.scan)] and state != file.scan:
        return None
    file.scan, file.scan_said, file.scan_tries = state, said, file.scan_tries + 1
    file.scanned_at = now if state != ScanState.FAILED else None
    wait = _BACKOFF[min(file.scan_tries, len(_BACKOFF)) - 1]
    file.scan_after = now + timedelta(minutes=wait) if state == ScanState.FAILED else None
    file.save_version("scan", "scan_said", "scan_tries", "scanned_at", "scan_after")
    patient = locked(file.patient_id)
    record_about(
        file,
        "wishes.scan_file",
        by=None,
        now=now,
        team_id=patient.team_id,
        kind=Kind.SYSTEM,
        details={"state": state, "said": said},
    )
    if state == ScanState.INFECTED and patient.is_in_care:
        entries.open_step(
            patient,
            kind=StepKind.GOALS,
            source_key=f"wish-file:{file.pk}",
            what="A stored document is infected: scan the paper anew",
            now=now,
            owner=file.added_by,
            owner_role=Role.NURSE_COORDINATOR,
            due_on=patient.team.local_date(now),
            url=f"/patients/{patient.pk}/wishes/",
        )
    if state == ScanState.FAILED:
        log.warning("The virus scan of stored file %s failed: %s", file.pk, said)
    return state
