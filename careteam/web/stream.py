"""One bell for everybody who watches the same thing: server-sent events, rung through Redis.

A command rings when its transaction has committed (`ring_on_commit`). Each web process listens once (`Hub`), asks
PostgreSQL what is so now, and hands it to the queues of its viewers. What is rung is only "look again": a number and
nothing else goes through Redis. A bell that was lost (Redis flushed, restarted, away) costs a few seconds: the hub
also looks by itself.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings
from django.db import connections, transaction

log = logging.getLogger(__name__)
LOOK_SECONDS = 3.0  # how long a lost bell goes unnoticed
QUEUE = 16  # messages a viewer may lag behind; one that lags more is dropped and connects again
_AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0)  # between two attempts to reach Redis


def _channel(topic: str) -> str:
    """Redis knows no databases in pub/sub: installations (and test processes) differ by the prefix of their keys."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:{topic}"


@cache
def _bell() -> redis.Redis:
    return redis.Redis.from_url(settings.PUBSUB_URL, socket_timeout=1, socket_connect_timeout=0.5)


def ring(topic: str, message: Mapping[str, Any] | None = None) -> None:
    """Everybody who watches the topic looks again; with a `message` they are handed that instead, as it is. It is kept
    nowhere and must be free of patient data. Without Redis nothing happens: they look by themselves soon."""
    try:
        _bell().publish(_channel(topic), json.dumps(message or {}))
    except redis.RedisError:
        log.warning("The live channel did not take a message; viewers see the change within a few seconds.")


def ring_on_commit(topic: str) -> None:
    """Rings once the transaction has committed, never for one that was rolled back."""
    transaction.on_commit(lambda: ring(topic), robust=True)


class State(Protocol):
    """What a viewer is told: compared with `==`, sent as the event's data."""

    def told(self) -> dict[str, Any]: ...


@dataclass(eq=False)
class Viewer:
    """One open stream. `queue` gets `(event, data)`, or None when the viewer lagged behind and has to connect again."""

    topic: str
    queue: asyncio.Queue[tuple[str, dict[str, Any]] | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    seen: State | None = None

    def put(self, event: str, data: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait((event, data))
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Hub:
    """The ear of one process (and event loop). `read(topics)` asks PostgreSQL how they stand now; a topic that is
    missing in its answer is over."""

    def __init__(self, name: str, read: Callable[[Collection[str]], Mapping[str, State]]) -> None:
        self._name, self._read = name, read
        self._viewers: dict[str, set[Viewer]] = {}
        self._ask: set[str] = set()
        self._asked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-hub")

    @contextmanager
    def watching(self, topic: str) -> Iterator[Viewer]:
        """A viewer whose queue is told at once how the topic stands, and then each time that it changed: what the state
        tells, and `of`, how many listen to this process, so that they need not all fetch in the same moment."""
        viewer = Viewer(topic)
        self._viewers.setdefault(topic, set()).add(viewer)
        self._look(topic)
        self._wake()
        try:
            yield viewer
        finally:
            self._viewers[topic].discard(viewer)
            if not self._viewers[topic]:
                del self._viewers[topic]
            if not self._viewers:
                self._rest()

    @property
    def viewers(self) -> int:
        return sum(map(len, self._viewers.values()))

    def _look(self, *topics: str) -> None:
        self._ask.update(topics)
        self._asked.set()

    def _wake(self) -> None:
        if self._tasks and not any(task.done() for task in self._tasks):
            return
        self._rest()
        # An empty context: a task must not inherit the thread of the request that happened to come first.
        jobs = (self._hear(), self._tell(), self._watch())
        self._tasks = [asyncio.get_running_loop().create_task(job, context=contextvars.Context()) for job in jobs]

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look(*self._viewers)

    async def _tell(self) -> None:
        """Many bells at once are one question to the database."""
        loop = asyncio.get_running_loop()
        while True:
            await self._asked.wait()
            self._asked.clear()
            topics = [topic for topic in self._ask if topic in self._viewers]
            self._ask.clear()
            if not topics:
                continue
            try:
                states = await loop.run_in_executor(self._thread, self._read_once, topics)
            except Exception:
                log.exception("The live channel could not read the database; it tries again.")
                continue
            for topic in topics:
                state = states.get(topic)
                viewers = tuple(self._viewers.get(topic, ()))
                for viewer in viewers:
                    if state is None:
                        viewer.put("over", {})
                    elif state != viewer.seen:
                        viewer.seen = state
                        viewer.put("look", {**state.told(), "of": len(viewers)})

    def _read_once(self, topics: list[str]) -> Mapping[str, State]:
        try:
            return self._read(topics)
        finally:
            connections.close_all()

    async def _hear(self) -> None:
        """One subscription for the process; after each (new) one everything is looked at, since bells were missed."""
        failed, start = 0, len(_channel(""))
        while True:
            name = _channel(self._name)
            client = redis.asyncio.Redis.from_url(settings.PUBSUB_URL, socket_connect_timeout=1, client_name=name)
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as ear:
                    await ear.psubscribe(_channel(f"{self._name}:*"))
                    failed = 0
                    self._look(*self._viewers)
                    while True:
                        heard = await ear.get_message(timeout=5)
                        if heard is not None:
                            self._heard(heard["channel"].decode()[start:], json.loads(heard["data"]))
            except (redis.RedisError, OSError, ValueError):
                await asyncio.sleep(_AGAIN_SECONDS[min(failed, len(_AGAIN_SECONDS) - 1)])
                failed += 1
            finally:
                with suppress(Exception):
                    await client.aclose()

    def _heard(self, topic: str, message: dict[str, Any]) -> None:
        if not message:
            self._look(topic)
            return
        for viewer in tuple(self._viewers.get(topic, ())):
            viewer.put("say", message)


class Hubs:
    """The hub of the running event loop, made when it is first asked for."""

    def __init__(self, name: str, read: Callable[[Collection[str]], Mapping[str, State]]) -> None:
        self._name, self._read = name, read
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()

    def here(self) -> Hub:
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = Hub(self._name, self._read)
        return self._made[loop]


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
