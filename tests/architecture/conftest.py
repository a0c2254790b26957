"""One sample object of every kind that an address can name, in our team and in another."""

import pytest

from tests.architecture.samples import Samples


@pytest.fixture
def samples() -> Samples:
    return Samples()
