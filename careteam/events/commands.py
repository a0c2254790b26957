"""Announce and consume events."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from careteam.events.models import Consumption, Event, Heartbeat
from careteam.events.rules import EventKind

log = logging.getLogger(__name__)
Consumer = Callable[..., None]
_consumers: dict[str, dict[str, Consumer]] = defaultdict(dict)


def consumes(*kinds: EventKind) -> Callable[[Consumer], Consumer]:
    """Registers `fn(event, *, now)` for the kinds. It runs in a transaction of its own, once per event."""

    def register(fn: Consumer) -> Consumer:
        for kind in kinds:
            _consumers[kind][f"{fn.__module__}.{fn.__name__}"] = fn
        return fn

    return register


def announce(
    kind: EventKind,
    *,
    now: datetime,
    team_id: int | None = None,
    patient_id: int | None = None,
    subject_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> Event:
    """Writes the event in the caller's transaction; its consumers run right after the commit.

    Should the process die between the two, the tick finds the unsettled event and runs them.
    """
    event = Event.objects.create(
        kind=str(kind),
        at=now,
        team_id=team_id,
        patient_id=patient_id,
        subject_id=subject_id,
        payload=payload or {},
    )
    transaction.on_commit(partial(settle, event.pk, now=now), robust=True)
    return event


def settle(event_id: int, *, now: datetime) -> bool:
    """Runs what has not yet consumed the event; True when nothing is left to do. A consumer that fails is logged,
    does not stop the others, and is tried again by the next tick."""
    event = Event.objects.get(pk=event_id)
    complete = True
    for name, consumer in _consumers.get(event.kind, {}).items():
        try:
            with transaction.atomic():
                _, fresh = Consumption.objects.get_or_create(event=event, consumer=name, defaults={"at": now})
                if fresh:
                    consumer(event, now=now)
        except Exception:
            log.exception("consumer %s failed on event %s; the next tick tries again", name, event_id)
            complete = False
    if complete:
        Event.objects.filter(pk=event_id).update(settled=True)
    return complete


def settle_pending(*, now: datetime, limit: int = 1000) -> int:
    """Runs consumers of events that were left over; returns how many events are settled now."""
    pending = Event.objects.filter(settled=False).order_by("pk").values_list("pk", flat=True)[:limit]
    return sum(settle(event_id, now=now) for event_id in list(pending))


def announce_many(events: Iterable[Event]) -> int:
    """Writes many events at once in the caller's transaction; their consumers run with the next `settle_pending`."""
    return len(Event.objects.bulk_create(list(events), batch_size=2000))


def beat(name: str, *, now: datetime, details: dict[str, Any] | None = None) -> None:
    """Says that a recurring job came through; `/readyz` and the stale-job banner read it."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "details": details or {}})
