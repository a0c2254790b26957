"""The product as it runs: a cluster, a Redis, workers and beats of its own, and a mail server that remembers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis
from aiosmtpd.controller import Controller

from careteam import procfile, servers
from careteam.servers.processes import running

BASE = Path(servers.__file__).resolve().parent.parent.parent


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for what must come; fails when it does not."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


class MailServer:
    """Takes every mail after a moment, in which whoever sends it may be killed."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.taken: Counter[str] = Counter()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        text = envelope.content.decode()
        found = re.search(r"^Message-ID: (.*)$", text, re.MULTILINE)
        assert found is not None
        self.taken[found[1].strip()] += 1
        await asyncio.sleep(self.seconds)
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Site:
    """Processes are ended by their id, and only those started here."""

    def __init__(self, root: Path, mail_port: int) -> None:
        self.root = root / "s"
        # Durable: what a crash of the database loses of unwritten commits is not what is tested here.
        self.started = servers.ensure(self.root)
        self.env = os.environ | {
            "DATABASE_URL": self.started.database_url,
            "REDIS_URL": self.started.redis_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "DJANGO_SETTINGS_MODULE": "careteam.settings",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(BASE),
            "WORKER_CONCURRENCY": "2",
            "TICK_SECONDS": "2",
            "LOG_LEVEL": "CRITICAL",
        }
        self.env.pop("PYTEST_CURRENT_TEST", None)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log = (root / "processes.log").open("ab")

    def run(self, *line: str) -> None:
        done = subprocess.run(
            [sys.executable, *line], cwd=BASE, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def start(self, *names: str) -> None:
        """Starts `worker1`, `beat2` …: lines of the Procfile; what has ended meanwhile is started again."""
        for name in names:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                line = procfile.commands(self.env)[name.rstrip("0123456789")]
                self.processes[name] = subprocess.Popen(
                    line, cwd=BASE, env=self.env, start_new_session=True, stdout=self._log, stderr=self._log
                )

    def kill(self, name: str) -> None:
        """SIGKILL for the process and all it started."""
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_child(self, rng: random.Random) -> bool:
        """SIGKILL for one of the processes in which tasks run."""
        children = [
            child
            for name, process in sorted(self.processes.items())
            if name.startswith("worker") and process.poll() is None
            for child in psutil.Process(process.pid).children()
        ]
        if not children:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            rng.choice(children).kill()
        return True

    def flush_redis(self) -> None:
        redis.Redis.from_url(self.started.redis_url).flushall()

    def restart_redis(self) -> None:
        servers.stop(self.root, (servers.VALKEY,))
        servers.ensure(self.root)

    def crash_postgres(self) -> None:
        """What an immediate shutdown does: every session is cut, the next start recovers."""
        for pid in running(servers.POSTGRES, self.root / "pg"):
            os.kill(pid, signal.SIGQUIT)
        servers.ensure(self.root)

    def ask(self, sql: str) -> int:
        with psycopg.connect(self.started.database_url, autocommit=True) as connection:
            done = connection.execute(sql)
            row = done.fetchone() if done.description else (done.rowcount,)
        return int(row[0]) if row and row[0] is not None else 0

    def close(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is None:
                self.kill(name)
        servers.stop(self.root)
        self._log.close()
