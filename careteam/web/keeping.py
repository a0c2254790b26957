"""Counts over a whole cohort that take their time are kept for a while; quick ones are counted on every look.

What is kept are plain values (numbers, text, days, lists and dicts of them), so that a new version can read what the
one before has left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any, TypeVar

from django.core.cache import cache

T = TypeVar("T")
Keep = Callable[[str, object, Callable[[], Any]], Any]  # a `Keeper`, or `anew`


def anew(name: str, question: object, count: Callable[[], T]) -> T:  # noqa: ARG001  # a keeper that keeps nothing
    return count()


@dataclass
class Keeper:
    """Keeps what took longer than `slow` seconds for `seconds`. `oldest`: when the oldest answer that was not counted
    on this look was counted; none if all were, or where nobody said what time it is."""

    slow: float
    seconds: int
    now: datetime | None = None
    oldest: datetime | None = None

    def __call__(self, name: str, question: object, count: Callable[[], T]) -> T:
        """The answer to the question (its `repr` tells it from others of this name)."""
        key = f"{name}:{sha256(repr(question).encode()).hexdigest()}"
        kept: tuple[T, datetime | None] | None = cache.get(key)
        if kept is not None:
            found, at = kept
            self.oldest = min(filter(None, (self.oldest, at)), default=None)
            return found
        began = monotonic()
        found = count()
        if monotonic() - began > self.slow:
            cache.set(key, (found, self.now), self.seconds)
        return found
