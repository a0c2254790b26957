"""Who may listen to the live channel, and until when."""

import json
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.test import Client
from django.urls import reverse

from careteam.access.queries import still_signed_in
from careteam.people.rules import Role
from tests import factories
from tests.factories.board import Room
from tumorboard.live.queries import states_by_topic
from tumorboard.meetings.commands import hold, show_item

pytestmark = pytest.mark.django_db


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_stream_is_for_who_sees_the_meeting(room: Room) -> None:
    url = reverse("live-stream", args=[room.meeting.pk])
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    assert _as(stranger).get(url).status_code == 404
    answer = _as(room.dietitian).get(url)
    assert (answer.status_code, answer["Content-Type"], answer["X-Accel-Buffering"]) == (200, "text/event-stream", "no")


def test_stream_of_a_meeting_that_is_over_is_not_asked_again(room: Room) -> None:
    room.start()
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    assert _as(room.nurse).get(reverse("live-stream", args=[room.meeting.pk])).status_code == 204


def test_stream_ends_with_the_session(room: Room) -> None:
    client = _as(room.nurse)
    key, pk = client.session.session_key or "", room.nurse.pk
    assert still_signed_in(key, pk, room.now) == room.nurse
    assert still_signed_in(key, room.chair.pk, room.now) is None
    client.get("/")  # notes when the session began
    assert still_signed_in(key, pk, room.now + timedelta(seconds=settings.SESSION_IDLE_SECONDS + 1)) is None
    room.nurse.set_password("another one, quite long")
    room.nurse.save()
    assert still_signed_in(key, pk, room.now) is None
    client = _as(room.nurse)
    key = client.session.session_key or ""
    room.nurse.is_active, room.nurse.deactivated_at = False, room.now
    room.nurse.save()
    assert still_signed_in(key, pk, room.now) is None
    SessionStore(key).delete()
    assert still_signed_in(key, pk, room.now) is None


def test_channel_is_told_ids_and_versions_only(room: Room) -> None:
    item = room.item()
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    meeting = room.meeting
    assert {topic: state.told() for topic, state in states_by_topic([meeting.topic, "meeting:999999999"]).items()} == {
        meeting.topic: {
            "v": meeting.version,
            "item": item.pk,
            "case": f"running.{item.pk}.2.0",
            "status": "running",
        }
    }


def test_typing_is_told_by_field_and_name_never_by_text(room: Room) -> None:
    item = room.item()
    room.start()
    ear = redis.Redis.from_url(settings.PUBSUB_URL).pubsub(ignore_subscribe_messages=True)
    ear.subscribe(f"{settings.CACHES['default']['KEY_PREFIX']}:{room.meeting.topic}")
    ear.get_message(timeout=1)
    url = reverse("live-typing", args=[item.pk])
    assert _as(room.dietitian).post(url, {"field": "rationale"}).status_code == 204  # does not write here
    assert _as(room.chair).post(url, {"field": "password"}).status_code == 204
    assert _as(room.chair).post(url, {"field": "rationale", "text": "secret"}).status_code == 204
    message = ear.get_message(timeout=1)
    assert message is not None
    said = {"item": item.pk, "who": "Ines Okafor", "id": room.chair.pk, "field": "Reasoning"}
    assert json.loads(message["data"]) == said
    assert ear.get_message(timeout=0.1) is None
    ear.close()
