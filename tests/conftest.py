"""Real PostgreSQL, real Valkey, a cluster of their own (see embedded.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.management import create_permissions
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from careteam import browser as installed

# A slow machine is no failure: properties are judged by what they say, not by how long an example takes.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """A test that commits leaves few rows in few tables: those are deleted, where Django empties all three hundred
    files and writes a thousand permissions anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseWrapper.ops_class, "sql_flush", _delete_rows)
        yield


_truncate = DatabaseWrapper.ops_class.sql_flush
_WRITTEN_BY_MIGRATE = {"auth_permission", "django_content_type"}


def _delete_rows(ops: Any, style: Any, tables: Sequence[str], **how: Any) -> list[str]:
    """As a replica applies them: in any order, and past the guards of tables that only grow. A server of somebody
    else's, where only its owner may do that, is emptied as Django does it."""
    quote, filled = ops.quote_name, "SELECT %s WHERE EXISTS (SELECT FROM {})"
    with ops.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        if cursor.fetchone() == (False,):
            return list(_truncate(ops, style, tables, **how))
        post_migrate.disconnect(create_permissions, dispatch_uid="django.contrib.auth.management.create_permissions")
        of_tests = [table for table in tables if table not in _WRITTEN_BY_MIGRATE]
        cursor.execute(" UNION ALL ".join(filled.format(quote(table)) for table in of_tests), of_tests)
        rows = [f"DELETE FROM {quote(table)}" for (table,) in cursor.fetchall()]
    return ["SET LOCAL session_replication_role = replica", *rows, "SET LOCAL session_replication_role = origin"]


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
