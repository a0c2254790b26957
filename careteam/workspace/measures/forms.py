"""Which period, compared by what: coded filters in the address."""

from __future__ import annotations

from datetime import date
from typing import Any

from tumorboard.reports.forms import PeriodForm


class MeasuresForm(PeriodForm):
    """The period alone: measures are those of a team, not of a board."""

    def __init__(self, data: Any, *, today: date) -> None:
        super().__init__(data, boards=(), today=today)
        del self.fields["board"]
