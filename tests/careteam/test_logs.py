"""What a log line says of an error."""

import logging
import sys

from django.conf import settings

from careteam.logs import PlainFormatter


class Broken(Exception):
    sqlstate = "23505"


def _insert() -> None:
    raise Broken("Failing row contains (Anna Secret, 1961)")


def _write() -> None:
    try:
        _insert()
    except Broken as error:
        raise ValueError("Secret, Anna") from error


def line(message: str, *args: object) -> str:
    try:
        _write()
    except ValueError:
        record = logging.LogRecord("celery.app.trace", logging.ERROR, __file__, 1, message, args, sys.exc_info())
    return PlainFormatter("{levelname} {name}: {message}", style="{").format(record)


def test_an_error_is_named_and_placed_but_not_quoted() -> None:
    text = line("settling event %s failed", 7)
    assert text.startswith("ERROR celery.app.trace: settling event 7 failed\n")
    assert "test_logs.py" in text
    assert "ValueError [23505]" in text
    assert "Broken [23505]" in text
    assert "Anna Secret" not in text.replace('raise Broken("Failing row contains (Anna Secret, 1961)")', "")
    assert "\nValueError: " not in text


def test_a_task_that_fails_is_not_quoted_either() -> None:
    text = line("Task %(name)s %(description)s: %(exc)s", {"name": "t", "description": "raised", "exc": "Secret, Anna"})
    assert text.splitlines()[0] == (
        "ERROR celery.app.trace: Task t raised: ValueError [23505] (message left out: it may quote a patient)"
    )


def test_it_is_the_one_in_use() -> None:
    assert settings.LOGGING["formatters"]["plain"]["()"] == "careteam.logs.PlainFormatter"
