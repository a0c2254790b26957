"""What never stands in a log."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"/calendar/[^/\s]+\.ics")


def without_tokens(text: object) -> object:
    """The text with the tokens of calendar links left out; anything else as it is."""
    return _TOKEN.sub("/calendar/(token).ics", text) if isinstance(text, str) else text


class HideTokens(logging.Filter):
    """Takes tokens of calendar links out of a record before any handler sees it. Drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = without_tokens(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(without_tokens(each) for each in record.args)
        return True
