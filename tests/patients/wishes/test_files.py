"""Stored files: what is taken, what is refused, where it lies, who gets it, what the virus scanner says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.models import NextStep, Patient
from patients.wishes import commands
from patients.wishes.commands import files
from patients.wishes.models import DocumentFile, WishDocument
from patients.wishes.queries import documents_folder, path_of, waiting_scans
from tests.factories import NOW, patient, person, team
from tests.factories.wishes import PDF, document

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, settings: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture
def author() -> User:
    return person(team(), Role.PALLIATIVE)


@pytest.fixture
def someone(author: User) -> Patient:
    return patient(author.memberships.get().team)


@pytest.fixture
def paper(someone: Patient, author: User) -> WishDocument:
    return document(someone, author)


@pytest.fixture
def browser(author: User, client: Client) -> Client:
    client.force_login(author)
    return client


def upload(data: bytes = PDF, name: str = "polst.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="application/pdf")


def add(paper: WishDocument, author: User, data: bytes = PDF, name: str = "polst.pdf") -> DocumentFile:
    return commands.add_file(paper, upload(data, name), by=author, now=NOW)


def lying() -> list[str]:
    return sorted(path.name for path in documents_folder().glob("*")) if documents_folder().is_dir() else []


def test_a_file_lies_privately_under_a_random_name(paper: WishDocument, author: User) -> None:
    kept = add(paper, author, name="../../etc/POLST Müller\x07.PDF")
    path = path_of(kept)
    assert path.read_bytes() == PDF
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (kept.name, kept.size, kept.scan, len(kept.sha256)) == ("POLST Müller.pdf", len(PDF), "unscanned", 64)
    assert "POLST" not in kept.stored
    assert lying() == [kept.stored]
    assert AuditEvent.objects.get(action="wishes.add_file").details["bytes"] == len(PDF)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"MZ" + b"\x90" * 4000, "not a PDF"),
        (b"", "empty"),
        (b"%PDF-1.7 cut off", "cut off"),
        (PDF.replace(b"/Catalog", b"/Catalog /OpenAction <</S /JavaScript /JS (x)>>"), "a script"),
    ],
)
def test_what_is_no_harmless_pdf_is_refused_and_gone(paper: WishDocument, author: User, data: bytes, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        add(paper, author, data)
    assert (lying(), DocumentFile.objects.count()) == ([], 0)


def test_the_same_file_twice_is_noticed(paper: WishDocument, author: User) -> None:
    add(paper, author)
    with pytest.raises(ValidationError, match="here already, with “POLST”"):
        add(paper, author)
    other = document(patient(paper.patient.team), author)
    with pytest.raises(ValidationError, match="record of another patient"):
        add(other, author)
    assert len(lying()) == 1


def test_a_crash_between_file_and_row_leaves_nothing_for_long(
    paper: WishDocument, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(files, "record_about", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            add(paper, author)
    assert (lying(), DocumentFile.objects.count()) == ([], 0)
    kept = add(paper, author)
    for name in ("killed.pdf", "killed.part", "young.part"):
        (documents_folder() / name).write_bytes(b"x")
    old = NOW.timestamp() - 3700
    for name in ("killed.pdf", "killed.part", kept.stored):
        os.utime(documents_folder() / name, (old, old))
    os.utime(documents_folder() / "young.part", (NOW.timestamp(), NOW.timestamp()))
    assert commands.sweep_files(now=NOW) == 2
    assert lying() == sorted([kept.stored, "young.part"])


def test_a_killed_process_leaves_a_file_without_a_row_never_a_row_without_a_file(
    paper: WishDocument, author: User
) -> None:
    """The order of the acts: the row is written only after the file has its name."""
    kept = add(paper, author)
    assert path_of(kept).is_file()
    path_of(kept).unlink()
    assert commands.sweep_files(now=NOW + timedelta(days=1)) == 0


# --- over the web ----------------------------------------------------------------------------------------------------


def test_a_file_is_handed_out_as_an_attachment_that_runs_nothing(
    browser: Client, paper: WishDocument, author: User
) -> None:
    address = reverse("wish-file-add", args=[paper.patient_id, paper.pk])
    assert browser.post(address, {"scan": upload()}).status_code == 303
    kept = DocumentFile.objects.get()
    answer = browser.get(reverse("wish-file", args=[paper.patient_id, kept.pk]))
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="polst.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert AuditEvent.objects.filter(kind="export", patient_ids=[paper.patient_id]).exists()


def test_forty_megabytes_of_program_are_given_up_while_they_come(browser: Client, paper: WishDocument) -> None:
    address = reverse("wish-file-add", args=[paper.patient_id, paper.pk])
    answer = browser.post(address, {"scan": upload(b"MZ" + b"\0" * (40 * MB), "POLST.pdf")})
    assert answer.status_code == 422
    assert "larger than 10 MB" in answer.content.decode()
    assert lying() == []


def test_a_small_program_with_the_name_of_a_pdf_is_refused_with_a_sentence(
    browser: Client, paper: WishDocument
) -> None:
    address = reverse("wish-file-add", args=[paper.patient_id, paper.pk])
    for given, said in (
        ({"scan": upload(b"MZ\0\0")}, "not a PDF"),
        ({}, "Choose the file"),
        ({"scan": upload(b"")}, "empty"),
    ):
        answer = browser.post(address, given)
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_a_file_of_another_team_is_not_there(paper: WishDocument, author: User, client: Client) -> None:
    kept = add(paper, author)
    client.force_login(person(team(), Role.PALLIATIVE))
    assert client.get(reverse("wish-file", args=[paper.patient_id, kept.pk])).status_code == 404


def test_a_file_that_left_its_place_is_said_to_be_gone(browser: Client, paper: WishDocument, author: User) -> None:
    kept = add(paper, author)
    path_of(kept).unlink()
    assert browser.get(reverse("wish-file", args=[paper.patient_id, kept.pk])).status_code == 404


# --- the virus scanner -----------------------------------------------------------------------------------------------


@pytest.fixture
def scanner(tmp_path: Path, settings: Any) -> Path:
    """A real command: infected when the file says EICAR, a failure while `broken` lies beside it."""
    script = tmp_path / "scan.py"
    script.write_text(
        "import pathlib, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "data = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "if (here / 'broken').exists(): sys.exit('ERROR: no daemon')\n"
        "sys.exit(print('FOUND Eicar') or 1 if b'EICAR' in data else 0)\n".replace(
            "sys.exit('ERROR: no daemon')", "print('ERROR: no daemon') or sys.exit(2)"
        )
    )
    settings.SCAN_COMMAND = f"{sys.executable} {script}"
    return tmp_path


def test_the_script_of_these_tests_answers_as_a_scanner_does(scanner: Path, settings: Any) -> None:
    clean = scanner / "x"
    clean.write_bytes(PDF)
    assert subprocess.run([*settings.SCAN_COMMAND.split(), str(clean)], check=False).returncode == 0


def test_a_clean_file_is_handed_out_after_the_scan(
    scanner: Path, browser: Client, paper: WishDocument, author: User
) -> None:
    kept = add(paper, author)
    address = reverse("wish-file", args=[paper.patient_id, kept.pk])
    assert kept.scan == "waiting"
    waits = browser.get(address)
    assert (waits.status_code, "waiting for the virus scan" in waits.content.decode()) == (409, True)
    assert waiting_scans(now=NOW) == [kept.pk]
    assert commands.scan_file(kept.pk, now=NOW) == "clean"
    assert commands.scan_file(kept.pk, now=NOW) is None
    assert waiting_scans(now=NOW) == []
    assert browser.get(address).status_code == 200
    assert AuditEvent.objects.get(action="wishes.scan_file").details["state"] == "clean"


def test_an_infected_file_is_handed_to_nobody_and_somebody_is_asked(
    scanner: Path, browser: Client, paper: WishDocument, author: User
) -> None:
    kept = add(paper, author, PDF.replace(b"/Catalog", b"/Catalog /T (EICAR)"))
    assert commands.scan_file(kept.pk, now=NOW) == "infected"
    answer = browser.get(reverse("wish-file", args=[paper.patient_id, kept.pk]))
    assert (answer.status_code, "this file is infected" in answer.content.decode()) == (409, True)
    asked = NextStep.objects.get(source_key=f"wish-file:{kept.pk}")
    assert (asked.owner, asked.closed_at) == (author, None)
    kept.refresh_from_db()
    commands.file_in_error(kept, reason="Infected", by=author, now=NOW)
    asked.refresh_from_db()
    assert asked.closed_at == NOW
    assert browser.get(reverse("wish-file", args=[paper.patient_id, kept.pk])).status_code == 409


def test_a_scan_that_failed_is_tried_again_later(scanner: Path, paper: WishDocument, author: User) -> None:
    (scanner / "broken").touch()
    kept = add(paper, author)
    assert commands.scan_file(kept.pk, now=NOW) == "failed"
    kept.refresh_from_db()
    assert (kept.scan_said, waiting_scans(now=NOW)) == ("ERROR: no daemon", [])
    (scanner / "broken").unlink()
    later = NOW + timedelta(minutes=1)
    assert waiting_scans(now=later) == [kept.pk]
    assert commands.scan_file(kept.pk, now=later) == "clean"


def test_a_scanner_that_is_not_there_is_a_failure(settings: Any, paper: WishDocument, author: User) -> None:
    settings.SCAN_COMMAND = "/nowhere/clamdscan"
    assert commands.scan_file(add(paper, author).pk, now=NOW) == "failed"


def test_files_of_before_are_scanned_once_a_scanner_is_there(
    settings: Any, scanner: Path, paper: WishDocument, author: User
) -> None:
    command, settings.SCAN_COMMAND = settings.SCAN_COMMAND, ""
    kept = add(paper, author)
    assert (kept.scan, waiting_scans(now=NOW), commands.scan_file(kept.pk, now=NOW)) == ("unscanned", [], None)
    settings.SCAN_COMMAND = command
    assert waiting_scans(now=NOW) == [kept.pk]
    assert commands.scan_file(kept.pk, now=NOW) == "clean"
