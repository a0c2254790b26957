"""When a printout is made and which ones are kept. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

KEPT = 14
HOUR = 2  # local time of the team: after the day, before anybody needs the paper
MOST = 1500  # patients on one printout; beyond that the next steps due first
SCANS_AHEAD = 28
DOSES_AHEAD = 7


def is_due(local: datetime, made: Collection[date]) -> bool:
    """Whether tonight's printout is missing; `local` is the team's clock. A night that was missed is made up for."""
    return local.hour >= HOUR and local.date() not in made


def outdated(made: Collection[date]) -> list[date]:
    """The days whose printouts are dropped, oldest first."""
    return sorted(made)[:-KEPT]
