"""Loaded by `-p tests.embedded` before all else: Django reads the servers' addresses when settings are imported."""

import os
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent

os.environ.setdefault("PRIVATE_ROOT", str(BASE / ".local" / "test" / "private"))
os.environ["CACHE_SUFFIX"] = "-test" + os.environ.get("TEST_SUFFIX", "") + os.environ.get("PYTEST_XDIST_WORKER", "gw0")
# Playwright keeps an event loop in the test thread; the ORM calls of the tests around it are synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
_lease = None
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from careteam import servers

    _lease = servers.Lease(BASE / ".local" / "test", durable=False)
    os.environ["DATABASE_URL"] = _lease.started.database_url
    os.environ["REDIS_URL"] = _lease.started.redis_url


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _lease is not None:
        _lease.release()
