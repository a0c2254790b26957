"""The bell and its ears, on a real Redis. What PostgreSQL would say is a dictionary here."""

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import transaction

from careteam.web import stream
from careteam.web.stream import QUEUE, Hub, Viewer, event, ring, ring_on_commit

TOPIC = "stream-test:1"


@dataclass(frozen=True)
class Version:
    number: int

    def told(self) -> dict[str, Any]:
        return {"v": self.number}


class Truth:
    """What the hub reads, and how often it did."""

    def __init__(self) -> None:
        self.number, self.asked = 1, 0

    def __call__(self, topics: Collection[str]) -> dict[str, Version]:
        self.asked += 1
        return {topic: Version(self.number) for topic in topics}


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: Playwright's tests leave a running loop in this one."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result(30)


async def told(viewer: Viewer, seconds: float = 5) -> Any:
    return await asyncio.wait_for(viewer.queue.get(), seconds)


async def heard(hub: Hub) -> None:
    """Waits until the hub's one subscription stands."""
    client = redis.Redis.from_url(settings.PUBSUB_URL)
    for _ in range(200):
        if client.pubsub_numpat():
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the bell tells anybody."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", 60.0)


@pytest.mark.usefixtures("slow")
def test_bell_tells_every_viewer_once_and_only_what_changed() -> None:
    async def scene() -> None:
        truth = Truth()
        hub = Hub("stream-test", truth)
        with hub.watching(TOPIC) as one, hub.watching(TOPIC) as other:
            assert await told(one) == await told(other) == ("look", {"v": 1, "of": 2})
            await heard(hub)
            truth.number = 2
            ring(TOPIC)
            assert await told(one) == await told(other) == ("look", {"v": 2, "of": 2})
            ring(TOPIC)
            ring("stream-test:2")
            ring(TOPIC, {"who": "Nora"})
            assert await told(one) == ("say", {"who": "Nora"})
            asked = truth.asked
            assert hub.viewers == 2
        assert (hub.viewers, asked <= 5) == (0, True)

    run(scene())


def test_lost_bell_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis forgot everything, or was never told: a viewer hears it all the same, a little later."""
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)

    async def scene() -> None:
        truth = Truth()
        with Hub("stream-test", truth).watching(TOPIC) as viewer:
            assert await told(viewer) == ("look", {"v": 1, "of": 1})
            truth.number = 2
            assert await told(viewer) == ("look", {"v": 2, "of": 1})

    run(scene())


@pytest.mark.usefixtures("slow")
def test_cut_subscription_is_renewed_and_looks_at_once() -> None:
    async def scene() -> None:
        truth = Truth()
        hub = Hub("stream-test", truth)
        with hub.watching(TOPIC) as viewer:
            await told(viewer)
            await heard(hub)
            truth.number = 2
            client = redis.Redis.from_url(settings.PUBSUB_URL)
            for each in client.client_list(_type="pubsub"):
                if each["name"] == f"{settings.CACHES['default']['KEY_PREFIX']}:stream-test":
                    client.client_kill_filter(_id=each["id"])
            assert await told(viewer) == ("look", {"v": 2, "of": 1})

    run(scene())


def test_topic_that_is_gone_is_over() -> None:
    async def scene() -> None:
        with Hub("stream-test", lambda topics: {}).watching(TOPIC) as viewer:
            assert await told(viewer) == ("over", {})

    run(scene())


def test_viewer_who_lags_behind_is_dropped() -> None:
    async def scene() -> None:
        viewer = Viewer(TOPIC)
        for number in range(QUEUE + 1):
            viewer.put("look", {"v": number})
        assert (viewer.queue.qsize(), await told(viewer)) == (1, None)

    run(scene())


@pytest.mark.django_db(transaction=True)
def test_bell_rings_after_the_commit_and_never_for_a_rollback() -> None:
    ear = redis.Redis.from_url(settings.PUBSUB_URL).pubsub(ignore_subscribe_messages=True)
    ear.psubscribe(f"{settings.CACHES['default']['KEY_PREFIX']}:stream-test:*")
    ear.get_message(timeout=1)
    with transaction.atomic():
        ring_on_commit(TOPIC)
        assert ear.get_message(timeout=0.05) is None
    message = ear.get_message(timeout=1)
    assert message is not None
    assert message["data"] == b"{}"
    with transaction.atomic():
        ring_on_commit(TOPIC)
        transaction.set_rollback(True)
    assert ear.get_message(timeout=0.05) is None
    ear.close()


def test_dead_redis_stops_no_command(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(settings, "PUBSUB_URL", "unix:///nowhere.sock")
    stream._bell.cache_clear()
    ring(TOPIC)
    stream._bell.cache_clear()
    assert "viewers see the change within a few seconds" in caplog.text


def test_event_is_one_line() -> None:
    assert event("look", {"v": 3, "case": "a\nb"}) == b'event: look\ndata: {"v":3,"case":"a\\nb"}\n\n'
