"""Log lines without patient data: of an error its kind and where it happened, never its message."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

Caught = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """Errors quote what they failed on: a database the whole row, a form what was typed. So a traceback is written
    without the messages; an SQLSTATE code stays."""

    def format(self, record: logging.LogRecord) -> str:
        # Celery puts the error's text into its own sentence.
        if record.exc_info and isinstance(record.args, dict) and "exc" in record.args:
            record = logging.makeLogRecord(record.__dict__)
            record.args = {**record.args, "exc": self._name(record.exc_info[1])}  # type: ignore[dict-item,index]
        return super().format(record)

    def formatException(self, ei: Caught) -> str:  # noqa: N802  # the name is logging's
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            lines += [*traceback.format_tb(error.__traceback__), f"{self._name(error)}\n"]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()

    @staticmethod
    def _name(error: BaseException | None) -> str:
        state = getattr(error, "sqlstate", None) or getattr(error.__cause__ if error else None, "sqlstate", None)
        return f"{type(error).__name__}{f' [{state}]' if state else ''} (message left out: it may quote a patient)"
