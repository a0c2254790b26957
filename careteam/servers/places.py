"""Where a pair of embedded servers lives: folders, the account they run as, the locks around them."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

POSTGRES = "postgres"
VALKEY = "valkey"
BOTH = (POSTGRES, VALKEY)

PORT = 5432  # only names the socket file: PostgreSQL listens on no network address here
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107, the rest is room for longer names in the same folder
_LOCK_PATIENCE = 90.0  # seconds to wait for another process that is starting or stopping the servers


class ServerError(RuntimeError):
    """A server could not be started or stopped. The message says why and what to do."""


@dataclass(frozen=True)
class Place:
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
        longest = inside / f".s.PGSQL.{PORT}.lock"
        # libpq and PostgreSQL take a comma as the end of the path and a quote as the start of a quoted one.
        if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT and not set(',"\\') & set(str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path("/tmp") / f"ct-{self.uid}-{digest}"  # noqa: S108 - private_folder() makes sure it is ours

    @property
    def postgres_socket(self) -> Path:
        return self.run / f".s.PGSQL.{PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey.sock"

    def database_url(self, database: str) -> str:
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.run))}&port={PORT}"

    @property
    def redis_url(self) -> str:
        return f"unix://{quote(str(self.valkey_socket))}?db=0"

    def command(self, *args: str | Path) -> list[str]:
        """The command line, run as this place's account: PostgreSQL refuses to run as root."""
        plain = [str(arg) for arg in args]
        if os.geteuid() == self.uid:
            return plain
        return [*_as_account(self.uid, self.gid), *plain]

    def give(self, path: Path) -> None:
        """Let the servers' account own what root made, so that its owner can go on without root."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def private_folder(self, folder: Path) -> None:
        """Make `folder` exist, for the servers' account only."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.give(folder)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.uid:
            raise ServerError(f"{folder} belongs to user {status.st_uid}. Remove it, or run this as that user.")
        if stat.S_IMODE(status.st_mode) != 0o700:
            folder.chmod(0o700)


@functools.cache
def _as_account(uid: int, gid: int) -> tuple[str, ...]:
    """What to put before a command line so that it runs as this account. Only for root."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerError(
            "As root the embedded servers need the program setpriv (package util-linux). "
            "Install it, or run this as an ordinary user."
        )
    who = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    # dac_override lets the account reach a checkout below a closed folder (/root) without opening that folder.
    # A container may forbid it: then the folders must be open.
    keep = "-all,+dac_override"
    for prefix in ((*who, f"--inh-caps={keep}", f"--ambient-caps={keep}"), who):
        tried = subprocess.run([*prefix, "true"], cwd="/", capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return prefix
    raise ServerError(
        f"PostgreSQL refuses to run as root, and another account cannot be used here ({tried.stderr.strip()}). "
        "Run this as an ordinary user, or give DATABASE_URL and REDIS_URL."
    )


def place_at(root: Path) -> Place:
    """The place at `root`, which is made when missing."""
    root = root.resolve()
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        place = _account(root)
        with contextlib.suppress(FileExistsError):
            root.mkdir()
            if os.geteuid() == 0 and root.parent.stat().st_uid == place.uid:  # root in a user's checkout
                place.give(root)
    except OSError as error:
        raise ServerError(f"Cannot create {root}: {error.strerror}.") from error
    return place


def _account(root: Path) -> Place:
    if os.geteuid() != 0:
        return Place(root, os.geteuid(), os.getegid())
    # Root lends the servers an account: the one that owns the data or the checkout, else nobody.
    for owned in (root / "pg", root, root.parent):
        if owned.exists() and (uid := owned.stat().st_uid) != 0:
            with contextlib.suppress(KeyError):  # initdb refuses a user id without a name
                return Place(root, uid, pwd.getpwuid(uid).pw_gid)
    nobody = pwd.getpwnam("nobody")
    return Place(root, nobody.pw_uid, nobody.pw_gid)


def open_lock(place: Place, name: str) -> IO[bytes]:
    """The lock file `name` of the place, open, not yet locked."""
    path = place.root / name
    try:
        file = path.open("ab")
    except OSError as error:
        raise ServerError(
            f"Cannot write {path}: {error.strerror}. Run this as the owner of {path.parent}, or remove that folder."
        ) from error
    place.give(path)
    return file


def flock(file: IO[bytes], kind: int) -> None:
    """Lock the file, waiting for its holder. Raises `ServerError` when that takes too long."""
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
def locked(place: Place) -> Iterator[None]:
    """Only one process at a time starts or stops servers."""
    with open_lock(place, "lock") as file:
        flock(file, fcntl.LOCK_EX)
        try:
            yield
        except PermissionError as error:
            raise ServerError(f"No access to {error.filename}. Run this as its owner, or remove it.") from error
