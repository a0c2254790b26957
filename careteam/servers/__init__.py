"""The embedded PostgreSQL and Valkey of a checkout: started, found again, stopped.

Both come as wheels (`requirements-dev.txt`) and run as plain detached processes whose data lies under one folder
(`root`, by default `.local/`). They are used when `DATABASE_URL` or `REDIS_URL` is not given: never in production.

What counts as running is decided by asking the server over its socket and, where it does not answer, by looking at the
process list. Process id files are never believed: they outlive crashes and their numbers are reused.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from careteam.servers import postgres, valkey
from careteam.servers.places import BOTH, POSTGRES, VALKEY, ServerError, flock, locked, open_lock, place_at
from careteam.servers.postgres import binary

__all__ = ["BOTH", "POSTGRES", "VALKEY", "Lease", "ServerError", "Started", "binary", "ensure", "stop"]


@dataclass(frozen=True)
class Started:
    """Where the servers are, and which of them (`postgres`, `valkey`) the call started rather than found."""

    database_url: str
    redis_url: str
    started: tuple[str, ...]


def ensure(root: Path, *, durable: bool = True, database: str = "careteam", parts: tuple[str, ...] = BOTH) -> Started:
    """Start what is missing of `parts` under `root` and return where both servers are.

    Safe to call from several processes at once; a second call finds what the first one started. The database is created
    when missing, empty. `durable=False` trades safety against power loss for speed: for tests only, and only of effect
    on a server this call starts. Raises `ServerError`.
    """
    place = place_at(root)
    started: list[str] = []
    with locked(place):
        place.private_folder(place.run)
        if VALKEY in parts and valkey.start(place, durable=durable):
            started.append(VALKEY)
        if POSTGRES in parts:
            if postgres.start(place, durable=durable):
                started.append(POSTGRES)
            postgres.create_database(place, database)
    return Started(place.database_url(database), place.redis_url, tuple(started))


def stop(root: Path, started: tuple[str, ...] = BOTH) -> None:
    """Stop the named servers under `root` and wait until they are gone. Clients still connected are cut off.

    A server that does not run is no error. Raises `ServerError` when one belongs to another user.
    """
    place = place_at(root)
    with locked(place):
        if VALKEY in started:
            valkey.stop(place)
        if POSTGRES in started:
            postgres.stop(place)


class Lease:
    """The servers under `root`, for as long as this process needs them.

    The process that gives back the last lease stops the servers, so that no command leaves any behind and none stops
    them under another. The kernel gives the lease of a killed process back; the next process finds its servers running.
    """

    def __init__(
        self, root: Path, *, durable: bool = True, database: str = "careteam", parts: tuple[str, ...] = BOTH
    ) -> None:
        """Start what is missing of `parts`, see `ensure`. Raises `ServerError`."""
        self._root = root
        self._parts = parts
        self._durable = durable
        self._database = database
        self._owner = os.getpid()
        self._file: IO[bytes] | None = open_lock(place_at(root), "users.lock")
        try:
            flock(self._file, fcntl.LOCK_SH)
            self.started = ensure(root, durable=durable, database=database, parts=parts)
        except BaseException:
            with contextlib.suppress(ServerError):  # the first error is the one to tell
                self.release()
            raise

    def renew(self) -> tuple[str, ...]:
        """Start again what has died meanwhile; which. Raises `ServerError`."""
        return ensure(self._root, durable=self._durable, database=self._database, parts=self._parts).started

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
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
