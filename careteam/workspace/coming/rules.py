"""What the coming weeks are made of: kinds, entries, weeks. Pure.

An `Entry` is one thing that is to happen on one day. `sources.SOURCES` says where entries come from; whatever else
is dated (preparation of a dose, a slot of a room) becomes visible by one more source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import TextChoices

from careteam.web.holidays import holidays_of
from patients.capacity.rules import Load
from patients.treatment.rules import SWATCH, Modality

MAX_WEEKS = 6
DEFAULT_WEEKS = 2
HORIZON = timedelta(days=3 * 366)  # how far from today the calendar can be turned
WEEK = timedelta(days=7)
SHOWN_PER_CELL = 8  # names in one cell of the calendar; the list shows all


class Kind(TextChoices):
    """Rows of the calendar, in the order in which a day is looked at."""

    INJECTION = "injection", "Injections"
    CYCLE = "cycle", "Cycles and drugs"
    PRRT = "prrt", "PRRT"
    PROCEDURE = "procedure", "Procedures"
    PREPARATION = "preparation", "Preparation"
    START = "start", "Starts"
    SCAN = "scan", "Scans"
    MEETING = "meeting", "Meetings"


ONE_OF: dict[Kind, str] = {
    Kind.INJECTION: "Injection",
    Kind.CYCLE: "Cycle",
    Kind.PRRT: "PRRT",
    Kind.PROCEDURE: "Procedure",
    Kind.PREPARATION: "Preparation",
    Kind.START: "Start",
    Kind.SCAN: "Scan",
    Kind.MEETING: "Meeting",
}
KIND_OF_MODALITY: dict[str, Kind] = {
    Modality.SSA: Kind.INJECTION,
    Modality.INTERFERON: Kind.INJECTION,
    Modality.PRRT: Kind.PRRT,
    Modality.EMBOLIZATION: Kind.PROCEDURE,
    Modality.ABLATION: Kind.PROCEDURE,
    Modality.SURGERY: Kind.PROCEDURE,
    Modality.RADIOTHERAPY: Kind.PROCEDURE,
}


def kind_of(modality: str) -> Kind:
    """Under which kind the doses of a line stand; drugs that are no injection are cycles."""
    return KIND_OF_MODALITY.get(modality, Kind.CYCLE)


def modalities_of(kind: str) -> frozenset[str]:
    """The line modalities whose doses stand under the kind."""
    return frozenset(str(modality) for modality in Modality if kind_of(modality) == kind)


@dataclass(frozen=True)
class Entry:
    """One thing on one day. `at` only where an hour is known; `patient_id` None for a meeting.

    `short` is `what` for a narrow cell. `is_done`: it has happened already.
    `dose_id` and `version` are those of an administration that can be recorded from the list; `why_not` says why it
    cannot (empty: it can).
    """

    key: str
    kind: Kind
    on: date
    what: str
    url: str
    at: datetime | None = None
    short: str = ""
    note: str = ""
    patient_id: int | None = None
    patient: str = ""
    patient_url: str = ""
    owner: str = ""
    modality: str = ""
    dose_id: int | None = None
    version: int = 0
    why_not: tuple[str, ...] = ()
    is_done: bool = False

    @property
    def swatch(self) -> str:
        """Color of the modality; empty for what is no treatment."""
        return SWATCH.get(self.modality, "surg") if self.modality else ""

    @property
    def kind_word(self) -> str:
        """One of its kind: "Injection"."""
        return ONE_OF[self.kind]

    @property
    def late_word(self) -> str:
        """What is wrong with it once its day has passed."""
        if self.dose_id is not None:
            return "not recorded"
        return "still open" if self.kind is Kind.PREPARATION else "not started"

    @property
    def title(self) -> str:
        return self.patient or self.what

    @property
    def may_give(self) -> bool:
        return self.dose_id is not None and not self.why_not and not self.is_done


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Window:
    """Whole weeks, Monday to Sunday, or one day (`weeks` 0): `since` is the first day, `until` the last."""

    since: date
    weeks: int

    @property
    def until(self) -> date:
        return self.since + WEEK * self.weeks - timedelta(days=1) if self.weeks else self.since

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.since + timedelta(days=n) for n in range(7 * self.weeks))


def window_of(asked: str, weeks: str, today: date) -> Window:
    """The window of two coded parameters; what cannot be read or lies beyond `HORIZON` means today's week."""
    try:
        since = date.fromisoformat(asked)
    except ValueError:
        since = today
    if abs(since - today) > HORIZON:
        since = today
    number = int(weeks) if weeks in {str(n) for n in range(1, MAX_WEEKS + 1)} else DEFAULT_WEEKS
    return Window(monday(since), number)


def holiday_names(country: str, days: Collection[date]) -> dict[date, str]:
    """Nation-wide public holidays among the days, by name; none for a country that is not known."""
    return {day: name for day in days if (name := holidays_of(country, day.year).get(day))}


@dataclass(frozen=True)
class Cell:
    """One kind on one day: how many, and the first of them by name."""

    kind: Kind
    count: int
    entries: tuple[Entry, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.entries)


@dataclass(frozen=True)
class Day:
    on: date
    is_today: bool
    holiday: str
    count: int
    cells: tuple[Cell, ...]
    loads: tuple[Load, ...] = ()

    @property
    def is_off(self) -> bool:
        """Weekend or public holiday."""
        return bool(self.holiday) or self.on.weekday() >= 5

    @property
    def css(self) -> str:
        return "on" if self.is_today else "off" if self.is_off else ""


@dataclass(frozen=True)
class Week:
    days: tuple[Day, ...]
    counts: tuple[tuple[str, int], ...]

    @property
    def since(self) -> date:
        return self.days[0].on

    @property
    def until(self) -> date:
        return self.days[-1].on

    @property
    def number(self) -> int:
        """ISO week."""
        return self.since.isocalendar().week


def weeks_of(
    window: Window,
    entries: Iterable[Entry],
    counts: Mapping[tuple[date, str], int],
    *,
    today: date,
    off: Mapping[date, str],
    shown: int = SHOWN_PER_CELL,
    loads: Mapping[date, Sequence[Load]] | None = None,
) -> tuple[Week, ...]:
    """The calendar. `counts` by (day, kind) is complete; `entries` may be cut, each cell then says how many more.
    `loads` is what is booked of each day's places.
    """
    by_cell: dict[tuple[date, str], list[Entry]] = {}
    for entry in entries:
        by_cell.setdefault((entry.on, entry.kind), []).append(entry)
    weeks = []
    for start in range(0, len(window.days), 7):
        days = []
        totals: Counter[str] = Counter()
        for on in window.days[start : start + 7]:
            cells = []
            booked = tuple(loads.get(on, ())) if loads else ()
            for kind in Kind:
                number = counts.get((on, kind), 0)
                if number:
                    cells.append(Cell(kind, number, tuple(in_time(by_cell.get((on, kind), ()))[:shown])))
                    totals[kind] += number
            days.append(Day(on, on == today, off.get(on, ""), sum(cell.count for cell in cells), tuple(cells), booked))
        counted = tuple((str(kind.label), totals[kind]) for kind in Kind if totals[kind])
        weeks.append(Week(tuple(days), counted))
    return tuple(weeks)


def in_time(entries: Iterable[Entry]) -> list[Entry]:
    """By hour where there is one, then by name."""
    return sorted(
        entries,
        key=lambda entry: (entry.at is None, entry.at.timestamp() if entry.at else 0.0, entry.title, entry.key),
    )


def by_day(entries: Sequence[Entry]) -> list[tuple[date, list[Entry]]]:
    """Days in order, each with its entries in the order of kinds, hours and names."""
    order = {kind: n for n, kind in enumerate(Kind)}
    days: dict[date, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.on, order[entry.kind])):
        days.setdefault(entry.on, []).append(entry)
    return [(on, sorted(in_time(rows), key=lambda entry: order[entry.kind])) for on, rows in days.items()]
