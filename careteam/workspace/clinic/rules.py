"""Who comes on a day, why, and what is open for each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import TextChoices

from careteam.workspace.coming.rules import Kind
from careteam.workspace.patients import PatientRow

HORIZON = timedelta(days=3 * 366)  # how far from today the day can be turned


class Open(TextChoices):
    """What can be open for somebody who comes, in the order in which it is read. The label is its short word."""

    CODE = "code", "Code status"
    GOALS = "goals", "Goals"
    LABS = "labs", "Labs"
    SCAN = "scan", "Scan"
    SYMPTOM = "symptom", "Symptoms"
    TOLD = "told", "Board"
    ACTION = "action", "Action"
    DRAFT = "draft", "Draft"


# How a count of people reads: "4 of 9 come with an open goals prompt".
WITH: dict[Open, str] = {
    Open.CODE: "with a code status to review before the procedure",
    Open.GOALS: "with an open goals prompt",
    Open.LABS: "without the labs of the day's dose",
    Open.SCAN: "with a scan to review",
    Open.SYMPTOM: "with severe symptoms or distress",
    Open.TOLD: "to be told what the board decided",
    Open.ACTION: "with an action due",
    Open.DRAFT: "with a draft of yours to sign",
}


class Clinic(TextChoices):
    """Where somebody comes to."""

    VISIT = "visit", "Outpatient clinic"
    DAY = "day", "Day unit"
    NUCLEAR = "nuclear", "Nuclear medicine"
    PROCEDURE = "procedure", "Procedures"
    IMAGING = "imaging", "Imaging"


# Where the doses of a kind are given.
CLINIC_OF: dict[Kind, Clinic] = {
    Kind.INJECTION: Clinic.DAY,
    Kind.CYCLE: Clinic.DAY,
    Kind.PRRT: Clinic.NUCLEAR,
    Kind.PROCEDURE: Clinic.PROCEDURE,
}


@dataclass(frozen=True)
class WeekDay:
    """One day of the week strip, with how many come."""

    on: date
    count: int
    is_today: bool
    is_shown: bool


@dataclass(frozen=True)
class Reason:
    """Why somebody comes: a visit, a dose, a scan. `at` only where an hour is known.

    `visit_id` and `version` are those of a visit that can be closed here (came, did not come).
    """

    what: str
    url: str = ""
    at: datetime | None = None
    is_done: bool = False
    visit_id: int | None = None
    version: int = 0


@dataclass(frozen=True)
class OpenItem:
    """One thing that is open, with the page where it is done. `lead`: the beginning of `what` that is most urgent."""

    kind: Open
    what: str
    url: str
    lead: str = ""

    @property
    def rest(self) -> str:
        return self.what.removeprefix(self.lead)


@dataclass(frozen=True)
class Comer:
    """One person on the list of a day."""

    row: PatientRow
    reasons: tuple[Reason, ...]
    items: tuple[OpenItem, ...]

    @property
    def at(self) -> datetime | None:
        return min((reason.at for reason in self.reasons if reason.at is not None), default=None)


@dataclass(frozen=True)
class Count:
    """How many of those who come have this open."""

    kind: Open
    number: int
    of: int

    @property
    def words(self) -> str:
        come = "comes" if self.number == 1 else "come"
        return f"{self.number} of {self.of} {come} {WITH[self.kind]}"


def counted(numbers: Mapping[Open, int], everybody: int) -> tuple[Count, ...]:
    """Each kind that is open for somebody, in order."""
    return tuple(Count(kind, numbers[kind], everybody) for kind in Open if numbers.get(kind))


def day_of(asked: str, today: date) -> date:
    """The day of a coded parameter; what cannot be read or lies beyond `HORIZON` means today."""
    try:
        on = date.fromisoformat(asked)
    except ValueError:
        return today
    return on if abs(on - today) <= HORIZON else today


def working_day(on: date, step: int, off: Iterable[date] = ()) -> date:
    """The next (`step` 1) or previous (-1) day that is neither weekend nor in `off`."""
    closed = set(off)
    on += timedelta(days=step)
    while on.weekday() >= 5 or on in closed:
        on += timedelta(days=step)
    return on
