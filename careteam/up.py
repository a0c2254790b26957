"""`make up`: the whole product in the foreground, from nothing to a sign-in page; Ctrl-C ends all of it.

Servers first (those whose address is not given), then the database's preparation, then the processes of `Procfile`.
What dies is started again, so that a killed part does not end the rest; what keeps dying ends everything.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from careteam import procfile, servers
from careteam.servers.places import open_lock, place_at

BASE = Path(__file__).resolve().parent.parent
MARK = "CARETEAM_UP"  # in the environment of every process we run: how the next run finds what a killed one left

_GRACE = 15.0  # seconds a process may take to end: a running task is finished, a live stream closed
_GONE = 1.0  # seconds until what was killed is gone
_LEFTOVER_PATIENCE = 8.0  # seconds what a killed run left may take to end
_RESTARTS = 4  # a process that dies so often ...
_RESTART_WINDOW = 60.0  # ... within so many seconds is broken
_HEAD_START = 8.0  # seconds the first process may take before the others start
_LOOK = 0.2  # seconds between looks at the processes
_LOOK_AT_SERVERS = 2.0  # seconds between looks at the servers

_printing = threading.Lock()


class UpError(RuntimeError):
    """`make up` cannot go on. The message says why and what to do."""


class _Stop(BaseException):
    """Ctrl-C, or a signal that means the same, before the processes run."""


def say(text: str) -> None:
    """Print whole lines, from any thread; a closed terminal is no reason to fail."""
    with _printing, contextlib.suppress(OSError):
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()


# --- before anything runs ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def only_one(root: Path, address: str) -> Iterator[None]:
    """One `make up` per checkout. Raises `UpError` with the address of the other."""
    with open_lock(place_at(root), "up.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = Path(lock.name).read_text().strip()
            raise UpError(f"Already up: {other or 'it is just starting'}") from None
        lock.truncate(0)
        lock.write(address.encode())
        lock.flush()
        yield
        lock.truncate(0)


def check_port(host: str, port: int) -> None:
    """Raise `UpError` when the address cannot be listened on, naming a port that can."""
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            free = next((n for n in range(port + 1, min(port + 100, 65536)) if _free(host, n)), None)
            advice = f"Choose another one: PORT={free} make up" if free else "Choose another one: PORT=... make up"
            raise UpError(f"Port {port} is taken by another program. {advice}") from None
        if error.errno == errno.EACCES:
            raise UpError(f"Port {port} needs root. Choose one above 1023: PORT=8000 make up") from None
        raise UpError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def _free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def end_leftovers(root: Path) -> int:
    """End processes of an earlier run that was killed; how many there were. Call with the lock of `only_one` held."""
    import psutil

    def ours(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            return bool(process.environ().get(MARK) == str(root) and process.pid != os.getpid())
        return False

    left = [process for process in psutil.process_iter() if ours(process)]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=_LEFTOVER_PATIENCE)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return len(left)


# --- processes --------------------------------------------------------------------------------------------------------


def die_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies, however it dies. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


_LIBC = ctypes.CDLL(None)  # loaded before any fork


def spawn(line: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    """Start a process in a session of its own, so that Ctrl-C reaches only us and we end it in our order."""
    return subprocess.Popen(
        line,
        cwd=BASE,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def _pump(name: str, process: subprocess.Popen[str]) -> None:
    stream: IO[str] | None = process.stdout
    for line in stream or ():
        if line.strip():
            say(f"{name:7}| {line}")


@dataclass
class Runner:
    """Runs the processes until told to stop, starting again what dies."""

    lines: dict[str, list[str]]
    env: dict[str, str]
    lease: servers.Lease | None = None
    first: str | None = None  # the process the others wait for, so that pages come soon on a small machine
    ready: threading.Event = field(default_factory=threading.Event)  # that process answers
    stop: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)  # a second Ctrl-C
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    deaths: dict[str, deque[float]] = field(default_factory=dict)

    def run(self) -> int:
        """Start all and stay until `stop` is set (returns 0) or one process keeps dying (returns 1)."""
        try:
            if self.first is not None:
                self._start(self.first)
                end = time.monotonic() + _HEAD_START
                while time.monotonic() < end and not (self.ready.is_set() or self.stop.is_set()):
                    time.sleep(0.05)
            for name in self.lines.keys() - self.processes.keys():
                self._start(name)
            return self._watch()
        finally:
            self._end_all()

    def _start(self, name: str) -> None:
        process = self.processes[name] = spawn(self.lines[name], self.env)
        threading.Thread(target=_pump, args=(name, process), daemon=True).start()

    def _watch(self) -> int:
        look_at_servers = time.monotonic() + _LOOK_AT_SERVERS
        while not self.stop.wait(_LOOK):
            for name, process in self.processes.items():
                if process.poll() is not None and not self._restart(name, process):
                    return 1
            if self.lease is not None and time.monotonic() > look_at_servers:
                for name in self.lease.renew():
                    say(f"up     | {name} had died and runs again.")
                look_at_servers = time.monotonic() + _LOOK_AT_SERVERS
        return 0

    def _restart(self, name: str, process: subprocess.Popen[str]) -> bool:
        """False when the process died too often."""
        _kill_group(process)  # its own children would keep the port or go on taking tasks
        now = time.monotonic()
        deaths = self.deaths.setdefault(name, deque(maxlen=_RESTARTS))
        deaths.append(now)
        if len(deaths) == _RESTARTS and now - deaths[0] < _RESTART_WINDOW:
            say(f"up     | {name} ended {_RESTARTS} times (exit status {process.returncode}): stopping, see above.")
            return False
        say(f"up     | {name} ended (exit status {process.returncode}), starting it again.")
        self.stop.wait(1)
        self._start(name)
        return True

    def _end_all(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()  # the leader only: it lets its own children finish
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and not self.hurry.is_set():
            if all(process.poll() is not None for process in self.processes.values()):
                break
            time.sleep(0.05)
        for process in self.processes.values():
            _kill_group(process)
            process.wait()
            _wait_for_group(process)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(process.pid, signal.SIGKILL)


def _wait_for_group(process: subprocess.Popen[str]) -> None:
    """What was killed takes a moment to be gone, on a busy machine a longer one. Not for ever: a zombie that nobody
    reaps stays in its group."""
    end = time.monotonic() + _GONE
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.02)


def run_to_end(line: list[str], env: dict[str, str]) -> None:
    """Run a command with its output on ours. Raises `UpError` when it fails, ends it when we are stopped."""
    process = subprocess.Popen(
        line, cwd=BASE, env=env, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent
    )
    try:
        status = process.wait()
    except BaseException:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    if status:
        raise UpError(f"Failed (exit status {status}): {' '.join(line[1:])}")


def announce(host: str, port: int, address: str, ready: threading.Event, stop: threading.Event) -> None:
    """Say the address, and set `ready`, once pages are answered."""
    near = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    began = time.monotonic()
    while not stop.wait(0.2) and time.monotonic() - began < 120:
        connection = http.client.HTTPConnection(near, port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
        ready.set()
        say(f"\n  Ready: {address}\n  Ctrl-C stops everything.\n")
        return


# --- the whole --------------------------------------------------------------------------------------------------------


def up(host: str, port: int, root: Path) -> int:
    """Run everything; the exit status."""
    address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}/"  # noqa: S104
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_one(root, address))
        if end_leftovers(root):
            say("An earlier run was killed; what it left running has been ended.")
        check_port(host, port)
        parts = tuple(
            part
            for part, variable in ((servers.POSTGRES, "DATABASE_URL"), (servers.VALKEY, "REDIS_URL"))
            if not os.environ.get(variable)
        )
        env = dict(os.environ) | {"BIND_HOST": host, "PORT": str(port), "PYTHONUNBUFFERED": "1", MARK: str(root)}
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
        # Celery warns of root, which is the fresh machine's user; WhiteNoise of a folder that only production has.
        env.setdefault("PYTHONWARNINGS", "ignore:You're running the worker,ignore:No directory at")
        os.environ["PATH"] = env["PATH"]  # where Popen looks for granian and celery
        lease = None
        if parts:
            lease = servers.Lease(root, parts=parts)
            stack.callback(lease.release)
            if servers.POSTGRES in parts:
                env["DATABASE_URL"] = lease.started.database_url
            if servers.VALKEY in parts:
                env["REDIS_URL"] = lease.started.redis_url
        run_to_end([sys.executable, "manage.py", "prepare_up"], env)
        lines = procfile.commands(env)
        del lines[procfile.RELEASE]
        runner = Runner(lines, env, lease, first="web")

        def on_signal(*_: object) -> None:
            if runner.stop.is_set():
                runner.hurry.set()
            runner.stop.set()

        _on_signals(on_signal)
        threading.Thread(target=announce, args=(host, port, address, runner.ready, runner.stop), daemon=True).start()
        return runner.run()


def _on_signals(handler: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)  # type: ignore[arg-type]


def _stop_now(*_: object) -> NoReturn:
    raise _Stop


def main() -> int:
    """The command line of `make up`."""
    parser = argparse.ArgumentParser(prog="python -m careteam.up", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("BIND_HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
    parser.add_argument("--root", type=Path, default=BASE / ".local", help="where the servers and their data live")
    arguments = parser.parse_args()
    if not 0 < arguments.port < 65536:
        sys.exit("PORT must be a number from 1 to 65535.")
    _on_signals(_stop_now)
    if "MAKELEVEL" in os.environ:
        die_with_parent()  # a killed make takes us, and everything, with it
    try:
        return up(arguments.host, arguments.port, arguments.root.resolve())
    except (UpError, servers.ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except _Stop:
        return 0


if __name__ == "__main__":
    sys.exit(main())
