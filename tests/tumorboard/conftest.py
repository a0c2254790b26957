"""The room in which most board tests happen."""

from datetime import datetime

import pytest

from tests.factories.board import Room


@pytest.fixture
def room(now: datetime, db: None) -> Room:
    return Room(now)
