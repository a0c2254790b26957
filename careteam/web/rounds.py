"""A round over many rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection


@contextmanager
def stopping_no_other(log: logging.Logger, what: str) -> Iterator[None]:
    """Around the work on one row among many: what fails is logged by its kind alone, since errors may quote rows, and
    the next row is worked on. Goes on raising when the task's time is up or the database is gone."""
    try:
        yield
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if not connection.is_usable():
            raise
        log.error("%s: %s", what, type(error).__name__)  # noqa: TRY400
