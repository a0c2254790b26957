"""One row that cannot be handled stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

log = logging.getLogger(__name__)

MOST_STUCK = 20  # more of them than this is no row's fault


def isolating(ids: Sequence[int], act: Callable[[list[int]], int], *, spare: int = 0) -> tuple[int, list[int]]:
    """`act` on all the ids, and where that fails on each half, down to the single row: the sum of what it returned, and
    the ids that it failed on. `act` is atomic.

    Raises what `act` raised when more than `MOST_STUCK` rows (`spare` of them found before) are stuck, when the
    database is gone, or when the task's time is up.
    """
    total = 0
    stuck: list[int] = []
    parts = [list(ids)]
    while parts:
        part = parts.pop()
        if not part:
            continue
        try:
            total += act(part)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            if not connection.is_usable():
                raise
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            stuck += part
            log.error("study %s is stuck: %s", part[0], type(error).__name__)  # noqa: TRY400  # errors may quote rows
            if spare + len(stuck) > MOST_STUCK:
                raise
    return total, stuck
