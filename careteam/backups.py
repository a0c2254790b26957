"""Backup and restore: everything a site would miss, in one file that proves itself.

The file is a zip (readable by any unzip) of `manifest.json`, `database.dump` (PostgreSQL's custom format) and the
private files. The manifest holds the checksum of every member, the migrations the data stands at and the number of rows
of every table, counted in the very snapshot that was dumped; a restore is put in place after all of it was compared.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from careteam import servers

FORMAT = 1
DUMP = "database.dump"
PRIVATE = "private/"
USERS = "careteam_user"  # a database without a row in this table is not in use
LEAVING_SECONDS = 2  # the server counts a connection for a moment after its client closed it

BASE = Path(__file__).resolve().parent.parent


class BackupError(RuntimeError):
    """A backup or restore cannot be done. The message says why and what to do; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself."""

    format: int
    created: str  # ISO 8601 with offset
    postgresql: int  # major version of the server
    migrations: dict[str, list[str]]  # app label: every migration applied
    rows: dict[str, int]  # table: rows
    sha256: dict[str, str]  # member of the file: checksum in hexadecimal


@dataclass(frozen=True)
class Target:
    """A database as Django's settings name it."""

    parameters: dict[str, str]  # of libpq, the password included

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Target:
        """From an entry of `settings.DATABASES`."""
        names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
        ours = {libpq: str(settings[name]) for name, libpq in names.items() if settings.get(name)}
        options = settings.get("OPTIONS", {})
        return cls(ours | {key: str(value) for key, value in options.items() if key not in ("pool", "options")})

    @property
    def name(self) -> str:
        return self.parameters["dbname"]

    def named(self, name: str) -> Target:
        """Another database of the same server."""
        return Target(self.parameters | {"dbname": name})

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection:
        return psycopg.connect(**self.parameters, autocommit=autocommit)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """For `DATABASE_URL`."""
        rest = dict(self.parameters)
        who = quote(rest.pop("user", ""), safe="")
        if "password" in rest:
            who += ":" + quote(rest.pop("password"), safe="")
        return f"postgresql://{who}@/{quote(rest.pop('dbname'))}?{urlencode(rest, quote_via=quote)}"

    def tool(self, program: str, *args: str | Path) -> None:
        """Run a client program of PostgreSQL on this database; its password stays out of the process list."""
        rest = dict(self.parameters)
        env = os.environ | ({"PGPASSWORD": rest.pop("password")} if "password" in rest else {})
        line = [program, *map(str, args), "--dbname", psycopg.conninfo.make_conninfo("", **rest)]
        done = subprocess.run(line, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BackupError(f"{Path(program).name} failed:\n{done.stderr.strip()}")


# --- backup -----------------------------------------------------------------------------------------------------------


def write(file: Path, database: Target, private: Path, *, now: datetime) -> Manifest:
    """Write the backup of `database` and of the files below `private` to `file`, readable by its owner only.

    The file appears when it is complete. Raises `BackupError`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        raise BackupError(f"{file} exists already. Name another file.")
    with _aside(file.parent) as folder:
        with database.connect(autocommit=False) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            major = connection.info.server_version // 10000
            pg_dump = _program("pg_dump", major)
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            rows, migrations = _count(connection), _migrations(connection)
            options = ("--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges")
            database.tool(pg_dump, *options, "--file", folder / DUMP)
        members = {DUMP: folder / DUMP}
        members |= {PRIVATE + str(path.relative_to(private)): path for path in _files(private)}
        unfinished = folder / "backup.zip"
        checksums: dict[str, str] = {}
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for name, path in members.items():
                with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
                    checksums[name] = _copy(source, member)
            manifest = Manifest(FORMAT, now.isoformat(timespec="seconds"), major, migrations, rows, checksums)
            archive.writestr("manifest.json", json.dumps(asdict(manifest), indent=1, sort_keys=True))
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.chmod(0o600)
        unfinished.rename(file)
    return manifest


def _files(private: Path) -> Iterator[Path]:
    if private.is_dir():
        yield from sorted(path for path in private.rglob("*") if path.is_file() and not path.is_symlink())


def _count(connection: psycopg.Connection) -> dict[str, int]:
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    counts = {}
    for (name,) in names:
        found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        counts[name] = int(found[0]) if found else 0
    return counts


def _migrations(connection: psycopg.Connection) -> dict[str, list[str]]:
    if not _has_table(connection, "django_migrations"):
        raise BackupError("This database has never been migrated: there is nothing to back up.")
    applied: dict[str, list[str]] = {}
    for app, name in connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name"):
        applied.setdefault(app, []).append(name)
    return applied


def _has_table(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", [f"public.{table}"]).fetchone() != (None,)


# --- restore ----------------------------------------------------------------------------------------------------------


def read_manifest(file: Path) -> Manifest:
    """What a backup says about itself, nothing of it compared. Raises `BackupError`."""
    with _whole(file), zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("manifest.json"))
        if told.get("format") != FORMAT:
            raise BackupError(f"{file} has format {told.get('format')}; this version reads format {FORMAT}.")
        return Manifest(**told)


def read(file: Path) -> Manifest:
    """The manifest of a backup, after the checksum of every member has been compared. Raises `BackupError`."""
    manifest = read_manifest(file)
    with _whole(file), zipfile.ZipFile(file) as archive:
        names = set(archive.namelist()) - {"manifest.json"}
        if names != set(manifest.sha256) or DUMP not in names:
            raise BackupError(f"{file} is damaged: its content is not what its manifest lists.")
        for name, checksum in manifest.sha256.items():
            with archive.open(name) as member:
                if _copy(member, None) != checksum:
                    raise BackupError(f"{file} is damaged: {name} differs from its checksum.")
    return manifest


@contextlib.contextmanager
def _whole(file: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise BackupError(f"{file} does not exist.") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise BackupError(f"{file} is not a whole backup: {error}") from error


def restore(
    file: Path,
    database: Target,
    private: Path,
    *,
    now: datetime,
    replace: bool,
    known: Mapping[str, set[str]],
    prepare: Callable[[Target], None],
) -> str | None:
    """Put the backup in the place of `database`; the name under which the former database is kept, if it was in use.

    The backup is restored beside it, compared with its manifest and given to `prepare` (migrations, proof of the audit
    trail; may raise `BackupError`); only then the two change names in one transaction. A failure before that changes
    nothing. `known`: the migrations of this version, by app. Refuses a database in use unless `replace`, and one that
    others are connected to in any case. Raises `BackupError`.
    """
    manifest = read(file)
    for app, names in manifest.migrations.items():
        if unknown := set(names) - known.get(app, set()):
            newest = max(unknown)
            raise BackupError(
                f"{file} was made by another version: {app} {newest} is unknown here. Restore with that one."
            )
    in_use = _check_free(database, replace=replace)
    stamp = f"{now:%Y%m%d%H%M%S}"
    beside, former = database.named(f"{database.name}_restore_{stamp}"), f"{database.name}_before_{stamp}"
    with database.named("postgres").connect() as server, _aside(file.resolve().parent) as folder:
        pg_restore = _program("pg_restore", server.info.server_version // 10000)
        with zipfile.ZipFile(file) as archive:
            archive.extract(DUMP, folder)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(beside.name)))
        try:
            options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
            beside.tool(pg_restore, *options, folder / DUMP)
            with beside.connect() as connection:
                _compare(manifest.rows, _count(connection))
            prepare(beside)
            _check_free(database, replace=replace)  # it took a while
            _write_private(file, private)
            with server.transaction():
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                server.execute(rename.format(sql.Identifier(database.name), sql.Identifier(former)))
                server.execute(rename.format(sql.Identifier(beside.name), sql.Identifier(database.name)))
        except BaseException:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(beside.name)))
            raise
        if in_use:
            return former
        server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(former)))
        return None


def _check_free(database: Target, *, replace: bool) -> bool:
    """Whether the database is in use; raises unless it may be replaced now."""
    with database.connect() as connection:
        deadline = time.monotonic() + LEAVING_SECONDS
        while _others(connection):
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise BackupError(
                "Others are connected to the database. Stop the product (make up, web, worker, beat) first."
            )
        in_use = (
            _has_table(connection, USERS)
            and connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(USERS))).fetchone()
            is not None
        )
    if in_use and not replace:
        raise BackupError(
            f"The database {database.name} is in use. To put the backup in its place: make restore FILE=... REPLACE=1 "
            "(it is kept under another name)."
        )
    return in_use


def _others(connection: psycopg.Connection) -> bool:
    """Whether anyone else is connected to this database."""
    found = connection.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' LIMIT 1"
    )
    return found.fetchone() is not None


def _compare(told: Mapping[str, int], found: Mapping[str, int]) -> None:
    differ = sorted(table for table in told.keys() | found.keys() if told.get(table) != found.get(table))
    if differ:
        table = differ[0]
        raise BackupError(
            f"The restored data is not what was backed up: {len(differ)} tables differ, first {table} "
            f"({told.get(table, 0)} rows in the manifest, {found.get(table, 0)} restored)."
        )


def _write_private(file: Path, private: Path) -> None:
    """The private files of the backup, over those that are there; files the backup does not know stay."""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if not name.startswith(PRIVATE):
                continue
            path = (private / name.removeprefix(PRIVATE)).resolve()
            if not path.is_relative_to(private.resolve()):
                raise BackupError(f"{file} names a file outside the private folder: {name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            private_only = partial(os.open, mode=0o600)  # papers of patients: for the service alone, as when they came
            with archive.open(name) as member, open(path, "wb", opener=private_only) as target:
                os.fchmod(target.fileno(), 0o600)
                _copy(member, target)


def manage(database: Target, *args: str) -> None:
    """Run a management command on another database. Raises `BackupError` with its output when it fails."""
    line = [sys.executable, str(BASE / "manage.py"), *args]
    env = os.environ | {"DATABASE_URL": database.url, "NO_DATABASE_POOL": "1"}
    done = subprocess.run(line, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{' '.join(args)} failed on the restored data:\n{(done.stdout + done.stderr).strip()}")


# --- both -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _aside(parent: Path) -> Iterator[Path]:
    """A folder on the same disk for what is not finished; patient data does not go to /tmp."""
    with tempfile.TemporaryDirectory(prefix=".careteam-", dir=parent) as folder:
        yield Path(folder)


def _copy(source: IO[bytes], target: IO[bytes] | None) -> str:
    """Copy to the target, if any; SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    while chunk := source.read(1 << 20):
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest()


def _program(name: str, server: int) -> str:
    """A client program at least as new as the server: an older pg_dump refuses, an older pg_restore cannot read."""
    seen = []
    for path in (servers.binary(name), shutil.which(name), *Path("/usr/lib/postgresql").glob(f"*/bin/{name}")):
        if path is None:
            continue
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"(\d+)", told)
        if version and int(version[1]) >= server:
            return str(path)
        seen.append(f"{path} ({version[1] if version else 'unknown'})")
    found = f"Found only {', '.join(seen)}." if seen else "None was found."
    raise BackupError(
        f"PostgreSQL {server} needs a {name} of version {server} or newer. {found} "
        f"Install it: apt-get install postgresql-client-{server}"
    )
