"""What a history is made of: plain rows by table, with references that the loader turns into keys. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple


class Ref(NamedTuple):
    """Another row of the same history: the n-th of its table."""

    table: str
    n: int


class Key(NamedTuple):
    """The text `name:id` of another row, as `NextStep.source_key` and `DiseaseStatus.study_key` hold it."""

    name: str
    table: str
    n: int


class Text(NamedTuple):
    """A URL or key with the patient's id in place of `{patient}` and that of another row in place of `{id}`."""

    template: str
    table: str = ""
    n: int = 0


class Person(NamedTuple):
    """Somebody of the team: the n-th (modulo) who holds the role."""

    role: str
    n: int = 0


class MeetingAt(NamedTuple):
    """A date of the team's weekly board: 0 is the next one, -1 the last one held."""

    week: int


class TheBoard(NamedTuple):
    """The team's weekly board."""


class TeamRow(NamedTuple):
    """A row of the team's own, by table and place: `trial` of its register, `center` it works with."""

    table: str
    n: int


class TheSite(NamedTuple):
    """Where the team gives radionuclide treatment."""


class Json(list[Any]):
    """A list that is written as JSON, not as an array of the database."""


class ReminderKey(NamedTuple):
    """The key of a reminder's inbox item."""

    n: int
    step: str
    due: date


class Dice(random.Random):
    """Chance with the turns of phrase that the histories need."""

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, weights: Mapping[Any, float]) -> Any:
        """One key, by weight."""
        left = self.random() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key

    def between(self, low: float, high: float, digits: int = 1) -> float:
        return round(low + (high - low) * self.random(), digits)

    def day(self, start: date, low: int, high: int) -> date:
        """A working day, `low` to `high` days after the start (Saturday and Sunday move to Monday)."""
        return working_day(start + timedelta(days=self.randint(low, max(low, high))))

    def span(self, mean_days: float, low: int, high: int) -> int:
        """An exponential duration in days inside its bounds."""
        return int(min(high, max(low, self.expovariate(1 / mean_days))))


def working_day(day: date) -> date:
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of the day in UTC."""
    return datetime.combine(day, time(hour, minute), UTC)


class History:
    """Everything that is known of one patient, table by table, in the order it was added."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def add(self, table: str, **values: Any) -> Ref:
        rows = self.rows.setdefault(table, [])
        rows.append(values)
        return Ref(table, len(rows) - 1)

    def of(self, table: str) -> list[dict[str, Any]]:
        return self.rows.get(table, [])

    def row(self, ref: Ref) -> dict[str, Any]:
        return self.rows[ref.table][ref.n]
