"""Real PostgreSQL, real Valkey, a cluster of their own (see embedded.py)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from careteam import browser as installed

# A slow machine is no failure: properties are judged by what they say, not by how long an example takes.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")


@pytest.fixture
def now() -> datetime:
    """Monday, 23 November 2026, 09:00 UTC: most tests live at this moment."""
    return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for every test of a process: two of Playwright's loops do not run beside one another."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed.find(), args=[*installed.launch_arguments(), "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """Rate limits and sessions of one test do not reach the next. Only this worker's keys: `cache.clear()` flushes the
    whole database, and with it the sessions of tests that run beside."""
    yield
    from django.core.cache import cache

    client = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    if keys := list(client.scan_iter(match=f"{cache.key_prefix}:*", count=1000)):
        client.delete(*keys)
