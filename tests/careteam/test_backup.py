"""The drill: a backup of a database with rows, restored into another, compared row by row; and what must be refused."""

import contextlib
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from careteam import backups
from careteam.backups import BackupError, Target
from careteam.people.rules import Role
from patients.wishes.commands import add_file
from patients.wishes.queries import path_of
from tests.factories import patient, person, team
from tests.factories.wishes import PDF, document

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@dataclass
class Pair:
    """A database with rows, and another beside it."""

    full: Target
    empty: Target
    server: Target


def known() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for app, name in MigrationLoader(None).disk_migrations:
        found.setdefault(app, set()).add(name)
    return found


def migrate(restored: Target) -> None:
    backups.manage(restored, "migrate", "--noinput", "--verbosity", "0")


def accept(restored: Target) -> None:
    """Checks nothing: for the tests that are about something else."""


def execute(target: Target, statement: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(target.connect()) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def content(target: Target) -> dict[str, tuple[Any, ...]]:
    """Rows and a checksum over all of them, of every table."""
    tables = [name for (name,) in execute(target, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    count = "SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM \"{}\" t"
    return {table: execute(target, count.format(table))[0] for table in tables}


@pytest.fixture(scope="module")
def full(django_db_setup: None) -> Iterator[Target]:
    """A copy, with rows, of the test database (which pytest itself stays connected to)."""
    ours = Target.of(connections["default"].settings_dict)
    connections.close_all()
    with contextlib.closing(ours.named("postgres").connect()) as server:
        name = f"{ours.name}_full"
        drop_all(server, name)
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        server.execute(sql.SQL(copy).format(sql.Identifier(name), sql.Identifier(ours.name)))
        full = ours.named(name)
        execute(full, ROWS)
        yield full
        drop_all(server, name)


ROWS = """
    CREATE TABLE letters AS SELECT n, md5(n::text) AS text FROM generate_series(1, 5000) n;
    INSERT INTO auth_group (name) VALUES ('Ärzte'), ('nurses');
"""


@pytest.fixture(scope="module")
def drill(full: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pair, Path]]:
    """The whole database, backed up and restored into an empty one, and the folder of the restored private files."""
    folder, server, restored = (
        tmp_path_factory.mktemp("drill"),
        full.named("postgres"),
        full.named(f"{full.name}_restored"),
    )
    backups.write(folder / "one.zip", full, make_private(folder), now=NOW)
    with contextlib.closing(server.connect()) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(restored.name)))
        private = folder / "elsewhere"
        former = backups.restore(
            folder / "one.zip", restored, private, now=NOW, replace=False, known=known(), prepare=migrate
        )
        assert former is None
        yield Pair(full, restored, server), private
        drop_all(connection, restored.name)


@pytest.fixture(scope="module")
def small(django_db_setup: None) -> Iterator[Target]:
    """A few tables that say that they were migrated: what is refused is refused for these as for all."""
    ours = Target.of(connections["default"].settings_dict)
    with contextlib.closing(ours.named("postgres").connect()) as server:
        small = ours.named(f"{ours.name}_small")
        drop_all(server, small.name)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(small.name)))
        execute(
            small, "CREATE TABLE django_migrations (app text, name text); CREATE TABLE auth_group (name text);" + ROWS
        )
        rows = [(app, name) for app, names in known().items() for name in names]
        with contextlib.closing(small.connect()) as connection:
            connection.cursor().executemany("INSERT INTO django_migrations VALUES (%s, %s)", rows)
        yield small
        drop_all(server, small.name)


@pytest.fixture
def pair(small: Target) -> Iterator[Pair]:
    server, empty = small.named("postgres"), small.named(f"{small.name}_restored")
    with contextlib.closing(server.connect()) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(empty.name)))
        yield Pair(small, empty, server)
        drop_all(connection, empty.name)


def drop_all(connection: psycopg.Connection, prefix: str) -> None:
    """The databases of this name and of names made from it, except the test database itself."""
    named = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s"
    ours = str(connections["default"].settings_dict["NAME"])
    for (name,) in connection.execute(named, [prefix, ours]).fetchall():
        if name.startswith((f"{ours}_full", f"{ours}_small")):
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return make_private(tmp_path)


def make_private(parent: Path) -> Path:
    folder = parent / "private"
    (folder / "imports").mkdir(parents=True)
    (folder / "imports" / "bundle.json").write_text('{"resourceType": "Bundle"}')
    return folder


@pytest.fixture(scope="module")
def original(small: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    file = folder / "backups" / "one.zip"
    backups.write(file, small, make_private(folder), now=NOW)
    return file


@pytest.fixture
def backup(original: Path, tmp_path: Path) -> Path:
    """A copy of the backup, to be spoiled."""
    return Path(shutil.copy2(original, tmp_path / "one.zip"))


def use(target: Target) -> None:
    """Make the database one that is in use."""
    execute(target, "CREATE TABLE IF NOT EXISTS careteam_user (id int); INSERT INTO careteam_user (id) VALUES (1)")


def restore(backup: Path, target: Target, private: Path, *, replace: bool = False) -> str | None:
    return backups.restore(backup, target, private, now=NOW, replace=replace, known=known(), prepare=accept)


def test_drill_restored_database_is_the_one_backed_up(drill: tuple[Pair, Path]) -> None:
    pair, private = drill
    assert content(pair.empty) == content(pair.full)
    assert content(pair.empty)["letters"][0] == 5000
    assert (private / "imports" / "bundle.json").read_text() == '{"resourceType": "Bundle"}'


def test_restored_database_still_refuses_what_the_original_refuses(drill: tuple[Pair, Path]) -> None:
    """Triggers, constraints and indexes are restored too; PostgreSQL words a restored condition a little otherwise."""
    objects = """
        SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'constraint', conname, contype::text || ' ' || conrelid::regclass::text FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'index', indexname, tablename FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3
    """
    pair, _ = drill
    assert execute(pair.empty, objects) == execute(pair.full, objects)


def test_backup_is_for_its_owner_only_and_proves_itself(original: Path) -> None:
    backup = original
    assert backup.stat().st_mode & 0o777 == 0o600
    manifest = backups.read(backup)
    assert (manifest.created, manifest.postgresql) == ("2026-03-02T08:30:00+00:00", 18)
    assert (manifest.rows["letters"], manifest.rows["auth_group"]) == (5000, 2)
    with zipfile.ZipFile(backup) as archive:
        assert manifest.sha256 == {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in ("database.dump", "private/imports/bundle.json")
        }
    assert list(backup.parent.iterdir()) == [backup]


def test_backup_never_overwrites(pair: Pair, backup: Path, private: Path) -> None:
    with pytest.raises(BackupError, match="exists already"):
        backups.write(backup, pair.full, private, now=NOW)


def test_one_changed_byte_is_found(pair: Pair, backup: Path, private: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    members["database.dump"][len(members["database.dump"]) // 2] ^= 1
    with zipfile.ZipFile(backup, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, bytes(data))
    with pytest.raises(BackupError, match=r"is damaged: database\.dump differs from its checksum"):
        restore(backup, pair.empty, private)
    assert content(pair.empty) == {}


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_cut_off_file_is_refused(pair: Pair, backup: Path, private: Path, keep: int) -> None:
    os.truncate(backup, keep if keep >= 0 else backup.stat().st_size - 1)
    with pytest.raises(BackupError, match="is not a whole backup"):
        restore(backup, pair.empty, private)


def rewrite(backup: Path, **changes: Any) -> None:
    """Another manifest in the same file."""
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"]) | changes
    with zipfile.ZipFile(backup, "w") as archive:
        for name, data in (members | {"manifest.json": json.dumps(manifest).encode()}).items():
            archive.writestr(name, data)


def test_missing_rows_are_found_before_anything_is_changed(pair: Pair, backup: Path, private: Path) -> None:
    use(pair.empty)
    rewrite(backup, rows=backups.read(backup).rows | {"letters": 5001})
    with pytest.raises(BackupError, match=r"first letters \(5001 rows in the manifest, 5000 restored\)"):
        restore(backup, pair.empty, private, replace=True)
    assert execute(pair.empty, "SELECT id FROM careteam_user") == [(1,)]
    beside = f"SELECT datname FROM pg_database WHERE starts_with(datname, '{pair.empty.name}_')"
    assert execute(pair.server, beside) == []


def test_backup_of_a_newer_version_is_refused(pair: Pair, backup: Path, private: Path) -> None:
    rewrite(backup, migrations=backups.read(backup).migrations | {"patients": ["0001_initial", "9999_from_the_future"]})
    with pytest.raises(BackupError, match="patients 9999_from_the_future is unknown here"):
        restore(backup, pair.empty, private)


def test_file_outside_the_private_folder_is_refused(pair: Pair, backup: Path, private: Path) -> None:
    with zipfile.ZipFile(backup, "a") as archive:
        archive.writestr("private/../../planted", b"x")
    planted = {"private/../../planted": hashlib.sha256(b"x").hexdigest()}
    rewrite(backup, sha256=backups.read_manifest(backup).sha256 | planted)
    with pytest.raises(BackupError, match="outside the private folder"):
        restore(backup, pair.empty, private)
    assert not (private.parent.parent / "planted").exists()


def test_database_in_use_is_refused_unless_asked_and_then_kept(pair: Pair, backup: Path, private: Path) -> None:
    use(pair.empty)
    with pytest.raises(BackupError, match="is in use"):
        restore(backup, pair.empty, private)
    former = restore(backup, pair.empty, private, replace=True)
    assert former == f"{pair.empty.name}_before_20260302083000"
    assert execute(pair.empty.named(former), "SELECT id FROM careteam_user") == [(1,)]
    assert content(pair.empty) == content(pair.full)


def test_database_that_others_are_connected_to_is_refused(pair: Pair, backup: Path, private: Path) -> None:
    with contextlib.closing(pair.empty.connect()), pytest.raises(BackupError, match="Others are connected"):
        restore(backup, pair.empty, private, replace=True)


def test_failed_proof_of_the_restored_data_changes_nothing(pair: Pair, backup: Path, private: Path) -> None:
    def disprove(restored: Target) -> None:
        backups.manage(restored, "no_such_proof")

    with pytest.raises(BackupError, match="no_such_proof failed on the restored data"):
        backups.restore(backup, pair.empty, private, now=NOW, replace=False, known=known(), prepare=disprove)
    assert content(pair.empty) == {}


@pytest.mark.django_db
def test_uploaded_paper_is_restored_byte_by_byte(pair: Pair, private: Path, tmp_path: Path, settings: Any) -> None:
    """As the wishes take it in, with bytes that are no text and names that only the row knows."""
    settings.PRIVATE_ROOT = private
    scan = PDF + bytes(range(256)) * 40 + b"\r\n\n%%EOF\n"
    author = person(team(), Role.PALLIATIVE)
    paper = document(patient(author.memberships.get().team), author)
    row = add_file(paper, SimpleUploadedFile("Patientenverfügung.pdf", scan), by=author, now=NOW)
    backups.write(tmp_path / "two.zip", pair.full, private, now=NOW)
    restore(tmp_path / "two.zip", pair.empty, tmp_path / "elsewhere")
    settings.PRIVATE_ROOT = tmp_path / "elsewhere"
    restored = path_of(row)
    assert restored.read_bytes() == scan
    assert hashlib.sha256(restored.read_bytes()).hexdigest() == row.sha256
    assert restored.stat().st_mode & 0o077 == 0, "a restored paper is for the service alone"


@pytest.mark.django_db(transaction=True)
def test_backup_command_leaves_an_audit_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from careteam.audit.models import AuditEvent

    file = tmp_path / "one.zip"
    call_command("backup", file=file)
    event = AuditEvent.objects.get(action="backup")
    assert event.kind == "export"
    assert event.details == {"file": "one.zip", "sha256": backups.read(file).sha256["database.dump"]}
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", file=file)


def test_target_speaks_django_libpq_and_url_alike() -> None:
    settings = {
        "NAME": "care team",
        "HOST": "/a folder/run",
        "PORT": "5432",
        "USER": "postgres",
        "PASSWORD": "p@ss/w:rd",
        "OPTIONS": {"pool": {"min_size": 2}, "sslmode": "disable"},
    }
    target = Target.of(settings)
    from careteam.settings import database

    read_back = database(target.url)
    assert {key: read_back[key] for key in ("NAME", "HOST", "PORT", "USER", "PASSWORD")} == {
        key: settings[key] for key in ("NAME", "HOST", "PORT", "USER", "PASSWORD")
    }
    assert read_back["OPTIONS"] == {"sslmode": "disable"}
