"""Rows about the board: referrals, agenda, decisions, what is recommended, done, told. Pure."""

from __future__ import annotations

from datetime import date, timedelta

WEEKS_BACK, WEEKS_AHEAD = 260, 3
_THURSDAY = 3


def board_day(today: date, week: int) -> date:
    """The board's Thursday: week 0 is the next one after today."""
    ahead = (_THURSDAY - today.weekday()) % 7 or 7
    return today + timedelta(days=ahead + 7 * week)
