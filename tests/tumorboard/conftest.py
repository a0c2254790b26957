"""The room in which most board tests happen."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine

from tests.factories.board import Room


@pytest.fixture
def room(now: datetime, db: None) -> Room:
    return Room(now)


@pytest.fixture(autouse=True)
def _clock(now: datetime) -> Iterator[None]:
    """Views read the clock, and the meetings of the room lie around `now`: without this, these tests end with it."""
    with time_machine.travel(now):
        yield
