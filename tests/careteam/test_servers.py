"""The embedded servers through crashes, leftovers and odd folders: real processes, no database of the product's."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from careteam import servers
from careteam.servers.places import place_at
from careteam.servers.processes import alive, running

BASE = Path(servers.__file__).resolve().parent.parent.parent


def pids(root: Path) -> dict[str, list[int]]:
    place = place_at(root)
    return {
        servers.POSTGRES: running(servers.POSTGRES, place.postgres),
        servers.VALKEY: running(servers.VALKEY, place.valkey),
    }


def kill(root: Path, name: str) -> None:
    (pid,) = pids(root)[name]
    os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.01)


def query(started: servers.Started, statement: str) -> object:
    with contextlib.closing(psycopg.connect(started.database_url, autocommit=True)) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else None


def client(started: servers.Started) -> redis.Redis:
    return redis.Redis.from_url(started.redis_url, decode_responses=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One root for the tests of this file: making a data folder takes most of the time."""
    root = tmp_path_factory.mktemp("a folder") / "with spaces"
    yield root
    servers.stop(root)


@pytest.fixture
def root(home: Path) -> Iterator[Path]:
    servers.ensure(home)
    yield home
    servers.stop(home)


def test_ensure_starts_both_and_the_second_call_finds_them(home: Path) -> None:
    first = servers.ensure(home)
    assert set(first.started) == {servers.POSTGRES, servers.VALKEY}
    second = servers.ensure(home)
    assert second.started == ()
    assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
    assert query(first, "SELECT current_database()") == [("careteam",)]
    assert client(first).ping() is True
    servers.stop(home)
    assert pids(home) == {servers.POSTGRES: [], servers.VALKEY: []}


def test_ensure_starts_only_the_named_part(home: Path) -> None:
    assert servers.ensure(home, parts=(servers.VALKEY,)).started == (servers.VALKEY,)
    assert pids(home)[servers.POSTGRES] == []
    servers.stop(home)


def test_killed_servers_come_back_with_their_data(root: Path) -> None:
    before = servers.ensure(root)
    query(before, "DROP TABLE IF EXISTS kept")
    query(before, "CREATE TABLE kept AS SELECT 42 AS number")
    client(before).set("kept", "42")
    time.sleep(1.1)  # Valkey writes its file once a second
    kill(root, servers.POSTGRES)
    kill(root, servers.VALKEY)
    after = servers.ensure(root)
    assert set(after.started) == {servers.POSTGRES, servers.VALKEY}
    assert query(after, "SELECT number FROM kept") == [(42,)]
    assert client(after).get("kept") == "42"


@pytest.mark.parametrize("content", ["{another}\n/elsewhere\n", "12", "", "no number\n"])
def test_pid_file_of_a_killed_server_is_not_believed(root: Path, content: str) -> None:
    """Its number may be another program's by now (here: this test's), or the file half written."""
    servers.stop(root)
    place = place_at(root)
    text = content.format(another=os.getpid())
    (place.postgres / "postmaster.pid").write_text(text)
    place.postgres_socket.with_name(place.postgres_socket.name + ".lock").write_text(text)
    assert servers.ensure(root).started == (servers.VALKEY, servers.POSTGRES)


def test_dead_sockets_are_replaced(root: Path) -> None:
    servers.stop(root)
    place = place_at(root)
    for path in (place.postgres_socket, place.valkey_socket):
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    assert servers.ensure(root).started == (servers.VALKEY, servers.POSTGRES)


def test_frozen_valkey_is_replaced_not_doubled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careteam.servers.processes._SILENT_PATIENCE", 1.0)
    monkeypatch.setattr("careteam.servers.processes._END_PATIENCE", 1.0)
    (pid,) = pids(root)[servers.VALKEY]
    os.kill(pid, signal.SIGSTOP)
    assert servers.ensure(root).started == (servers.VALKEY,)
    assert not alive(pid)
    assert len(pids(root)[servers.VALKEY]) == 1


def test_damaged_valkey_file_is_set_aside(root: Path) -> None:
    servers.stop(root)
    place = place_at(root)
    (damaged,) = place.valkey.glob("appendonlydir/*.incr.aof")
    damaged.write_bytes(b"*2\r\n$6\r\nSELECT\r\nrubbish rubbish rubbish\r\n" * 20)
    started = servers.ensure(root)
    assert client(started).dbsize() == 0
    (aside,) = root.glob("valkey.damaged-*")
    shutil.rmtree(aside)


def test_data_folder_of_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "root" / "pg").mkdir(parents=True)
    (tmp_path / "root" / "pg" / "letter.txt").write_text("mine")
    with pytest.raises(servers.ServerError, match="is not a PostgreSQL data folder"):
        servers.ensure(tmp_path / "root", parts=(servers.POSTGRES,))
    assert (tmp_path / "root" / "pg" / "letter.txt").read_text() == "mine"


def test_data_of_another_major_version_is_refused_with_advice(root: Path) -> None:
    servers.stop(root)
    version = place_at(root).postgres / "PG_VERSION"
    ours = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(servers.ServerError, match="written by PostgreSQL 17; this version is 18"):
            servers.ensure(root)
    finally:
        version.write_text(ours)


def test_removed_folder_gives_fresh_servers(tmp_path: Path) -> None:
    root = tmp_path / "root"
    servers.ensure(root, durable=False)
    old = pids(root)
    shutil.rmtree(root)
    again = servers.ensure(root, durable=False)
    assert set(again.started) == {servers.POSTGRES, servers.VALKEY}
    assert not any(alive(pid) for found in old.values() for pid in found)
    servers.stop(root)


@pytest.mark.parametrize("name", ["x" * 120, 'comma, and "quote"'])
def test_path_that_cannot_name_a_socket_uses_a_private_short_one(tmp_path: Path, name: str) -> None:
    place = place_at(tmp_path / name)
    assert place.run.parent == Path("/tmp")
    started = servers.ensure(tmp_path / name, durable=False)
    try:
        assert query(started, "SELECT 1") == [(1,)]
        assert client(started).ping() is True
        assert place.run.stat().st_mode & 0o777 == 0o700
    finally:
        servers.stop(tmp_path / name)
        shutil.rmtree(place.run)


def test_socket_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    place = place_at(tmp_path / ("x" * 120))
    other = tmp_path / "elsewhere"
    other.mkdir()
    place.run.symlink_to(other)  # what another user may plant in /tmp
    try:
        with pytest.raises(servers.ServerError, match="belongs to"):
            servers.ensure(place.root)
    finally:
        place.run.unlink()


def start_python(code: str, *args: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(line, cwd=BASE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


ENSURE = "import sys, pathlib; from careteam import servers; print(servers.ensure(pathlib.Path(sys.argv[1])).started)"
LEASE = """
import sys, pathlib
from careteam import servers
with servers.Lease(pathlib.Path(sys.argv[1])) as started:
    print(len(started.started), flush=True)
    sys.stdin.readline()
"""


def hold(root: Path) -> subprocess.Popen[str]:
    """Another process with a lease, until something is written to it."""
    holder = start_python(LEASE, root)
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


def test_many_at_once_start_one_of_each(root: Path) -> None:
    servers.stop(root)
    together = [start_python(ENSURE, root) for _ in range(4)]
    said = {process.communicate()[0].strip() for process in together}
    assert said == {"()", "('valkey', 'postgres')"}
    assert {name: len(found) for name, found in pids(root).items()} == {servers.POSTGRES: 1, servers.VALKEY: 1}


def test_last_lease_stops_the_servers_and_no_earlier_one(home: Path) -> None:
    other = hold(home)
    with servers.Lease(home) as started:
        assert started.started == ()
    assert {name: len(found) for name, found in pids(home).items()} == {servers.POSTGRES: 1, servers.VALKEY: 1}
    other.communicate("done\n")
    assert pids(home) == {servers.POSTGRES: [], servers.VALKEY: []}


def test_servers_of_a_killed_lease_are_adopted_and_then_stopped(home: Path) -> None:
    other = hold(home)
    other.kill()
    other.communicate()
    assert {name: len(found) for name, found in pids(home).items()} == {servers.POSTGRES: 1, servers.VALKEY: 1}
    with servers.Lease(home) as started:
        assert started.started == ()
    assert pids(home) == {servers.POSTGRES: [], servers.VALKEY: []}


def test_renewed_lease_starts_what_died(home: Path) -> None:
    lease = servers.Lease(home)
    kill(home, servers.POSTGRES)
    assert lease.renew() == (servers.POSTGRES,)
    assert query(lease.started, "SELECT 1") == [(1,)]
    lease.release()
    lease.release()
    assert pids(home) == {servers.POSTGRES: [], servers.VALKEY: []}


def test_names_sort_as_in_production(root: Path) -> None:
    """The builtin provider's order by code point, which docker-compose.yml asks for as well."""
    words = "SELECT string_agg(w, ' ' ORDER BY w) FROM unnest(ARRAY['b', 'B', 'Zoë', 'zoe', 'Äpfel', '_x']) w"
    assert query(servers.ensure(root), words) == [("B Zoë _x b zoe Äpfel",)]
