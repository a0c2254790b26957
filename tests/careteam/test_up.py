"""`make up`: the runner with small processes of our own, and once the whole product."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from careteam import servers
from careteam.servers.places import place_at
from careteam.servers.processes import running
from careteam.up import MARK, Runner, UpError, check_port, end_leftovers, only_one

BASE = Path(servers.__file__).resolve().parent.parent.parent


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def marked(root: Path) -> list[psutil.Process]:
    """The living processes of a run with this root."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == str(root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return os.environ | {MARK: str(tmp_path)}


class Running:
    """A runner in a thread of this process."""

    def __init__(self, lines: dict[str, list[str]], env: dict[str, str]) -> None:
        self.runner = Runner(lines, env)
        self.status: int | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.status = self.runner.run()

    def __enter__(self) -> Runner:
        self.thread.start()
        return self.runner

    def __exit__(self, *_: object) -> None:
        self.runner.stop.set()
        self.thread.join()


FOREVER = "import time; print('here', flush=True); time.sleep(600)"
FINISHES = """
import signal, sys, time, pathlib
def finish(*_):
    time.sleep(1)
    pathlib.Path(sys.argv[1]).write_text("finished")
    sys.exit(0)
signal.signal(signal.SIGTERM, finish)
pathlib.Path(sys.argv[1]).write_text("running")
time.sleep(600)
"""
STUBBORN = """
import signal, sys, time, pathlib
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("running")
time.sleep(600)
"""
WITH_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


def test_stop_lets_a_process_finish_and_leaves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    note = tmp_path / "note"
    run = Running({"slow": [*python(FINISHES), str(note)], "other": python(WITH_CHILD)}, env)
    with run:
        until(lambda: note.exists() and note.read_text() == "running" and len(marked(tmp_path)) == 3)
    assert (run.status, note.read_text(), marked(tmp_path)) == (0, "finished", [])


def test_second_ctrl_c_does_not_wait(env: dict[str, str], tmp_path: Path) -> None:
    note = tmp_path / "note"
    run = Running({"stubborn": [*python(STUBBORN), str(note)]}, env)
    began = time.monotonic()
    with run as runner:
        until(note.exists)
        runner.stop.set()
        runner.hurry.set()
    assert (run.status, marked(tmp_path)) == (0, [])
    assert time.monotonic() - began < 8


def test_killed_process_is_started_again_without_its_orphans(env: dict[str, str], tmp_path: Path) -> None:
    run = Running({"web": python(WITH_CHILD)}, env)
    with run as runner:
        until(lambda: len(marked(tmp_path)) == 2)
        first = {process.pid for process in marked(tmp_path)}
        os.kill(runner.processes["web"].pid, signal.SIGKILL)
        until(lambda: len(marked(tmp_path)) == 2 and not first & {process.pid for process in marked(tmp_path)})
    assert (run.status, marked(tmp_path)) == (0, [])


def test_process_that_keeps_dying_stops_the_rest(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Running({"broken": python("raise SystemExit(3)"), "web": python(FOREVER)}, env)
    run.thread.start()
    run.thread.join(30)
    assert (run.status, marked(tmp_path)) == (1, [])
    assert "up     | broken ended 4 times (exit status 3): stopping, see above." in capsys.readouterr().out


def test_output_carries_the_name_of_its_process(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    said = ""
    with Running({"web": python(FOREVER)}, env):

        def heard() -> bool:
            nonlocal said
            said += capsys.readouterr().out
            return said == "web    | here\n"

        until(heard)


def test_killed_runner_takes_its_processes_with_it(tmp_path: Path) -> None:
    sleep = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    code = f"from careteam.up import *; Runner({{'a': {sleep}}}, dict(os.environ)).run()"
    outer = subprocess.Popen(python(code), cwd=BASE, env=os.environ | {MARK: str(tmp_path)}, stdout=subprocess.DEVNULL)
    until(lambda: len(marked(tmp_path)) == 2)
    outer.kill()
    outer.wait()
    until(lambda: marked(tmp_path) == [])


def test_leftovers_of_a_killed_run_are_ended(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careteam.up._LEFTOVER_PATIENCE", 1.0)
    note = tmp_path / "note"
    left = subprocess.Popen([*python(STUBBORN), str(note)], env=env, start_new_session=True)
    other = subprocess.Popen(python(FOREVER), env=env | {MARK: "/elsewhere"}, stdout=subprocess.DEVNULL)
    until(note.exists)
    assert end_leftovers(tmp_path) == 1
    assert not psutil.pid_exists(left.pid)
    left.wait()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_second_up_names_the_address_of_the_first(tmp_path: Path) -> None:
    with only_one(tmp_path, "http://localhost:8123/"), pytest.raises(UpError) as error, only_one(tmp_path, "x"):
        pass
    assert str(error.value) == "Already up: http://localhost:8123/"
    with only_one(tmp_path, "http://localhost:8124/"):
        assert (tmp_path / "up.lock").read_text() == "http://localhost:8124/"


def test_taken_port_is_told_with_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(
            UpError, match=f"^Port {port} is taken by another program. Choose another one: PORT=[0-9]+ make up$"
        ):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


# --- the whole --------------------------------------------------------------------------------------------------------


class Product:
    """`make up` with data of its own, without the demo."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL", MARK)}
        line = [sys.executable, "-m", "careteam.up", "--port", str(self.port), "--root", str(root)]
        self.output = root.parent / f"output-{self.port}"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                line,
                cwd=BASE,
                env=env | {"DEMO": "0"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Until it says that it is ready."""
        until(lambda: self.process.poll() is not None or "Ready:" in self.output.read_text(), 110)
        assert self.process.poll() is None, self.output.read_text()

    def status(self) -> int | None:
        """Of the sign-in page; it needs the database."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/accounts/login/")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def servers(self) -> tuple[int, int]:
        place = place_at(self.root)
        return len(running(servers.POSTGRES, place.postgres)), len(running(servers.VALKEY, place.valkey))

    def leaders(self, program: str) -> list[psutil.Process]:
        """The processes of the Procfile that run this program, without their own children."""
        found = [process for process in marked(self.root) if process.ppid() == self.process.pid]
        return [process for process in found if any(program in word for word in process.cmdline())]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Product]]:
    """Starts the product, on the same data each time; nothing of it survives the test, however that ends."""
    root = tmp_path / "local"
    started: list[Product] = []

    def product() -> Product:
        started.append(Product(root))
        started[-1].wait()
        return started[-1]

    yield product
    for one in started:
        one.process.kill()
        one.process.wait()
    end_leftovers(root)
    servers.stop(root)


def test_product_survives_kills_and_leaves_nothing_behind(start: Callable[[], Product]) -> None:
    product = start()
    home = product.root
    assert product.status() == 200
    assert product.servers() == (1, 1)

    place = place_at(home)
    for name, data in ((servers.POSTGRES, place.postgres), (servers.VALKEY, place.valkey)):
        (pid,) = running(name, data)
        os.kill(pid, signal.SIGKILL)
        until(lambda: product.servers() == (1, 1))
        until(lambda: product.status() == 200)
        assert [product.status() for _ in range(8)] == [200] * 8  # no page meets a connection of before
    for name in ("granian", "celery"):
        until(lambda: product.leaders(name) != [])  # noqa: B023
        product.leaders(name)[0].kill()
    until(lambda: product.output.read_text().count("starting it again.") == 2)
    until(lambda: product.status() == 200 and len(product.leaders("celery")) == 2)

    product.process.kill()  # as hard as it gets: nothing of ours may run on, the servers wait for the next
    product.process.wait()
    until(lambda: marked(home) == [])
    assert product.servers() == (1, 1)

    again = start()
    assert again.status() == 200
    assert again.end(signal.SIGINT) == 0
    assert (marked(home), again.servers()) == ([], (0, 0))
