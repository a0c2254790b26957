"""What must be done before (and after) a dose at a site, planned backwards from its day (`model.md` 4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import TextChoices

from careteam.people.rules import Role


class PreparationKind(TextChoices):
    LABS = "labs", "Labs by"
    PREGNANCY = "pregnancy", "Pregnancy test by"
    GO = "go", "Go / no-go by"
    ORDER = "order", "Order isotope by"
    ROOM = "room", "Room booked by"
    ADVICE = "advice", "Radiation advice by"
    NADIR = "nadir", "Nadir labs"


class PreparationOutcome(TextChoices):
    DONE = "done", "Done"
    NO_GO = "no_go", "No-go"
    NOT_NEEDED = "not_needed", "Not needed"


OWNER: dict[str, str] = {
    PreparationKind.LABS: Role.NURSE_COORDINATOR,
    PreparationKind.PREGNANCY: Role.NURSE_COORDINATOR,
    PreparationKind.GO: Role.NUCLEAR_MEDICINE,
    PreparationKind.ORDER: Role.NUCLEAR_MEDICINE,
    PreparationKind.ROOM: Role.NURSE_COORDINATOR,
    PreparationKind.ADVICE: Role.NUCLEAR_MEDICINE,
    PreparationKind.NADIR: Role.NURSE_COORDINATOR,
}


@dataclass(frozen=True)
class LeadTimes:
    """Days before the dose, and days after it for nadir labs, as the site wants them."""

    labs: int
    go: int
    order: int
    room: int
    nadirs: tuple[int, ...] = ()

    @property
    def problems(self) -> dict[str, str]:
        """{field: sentence}: labs are there when go / no-go is decided, and that before the isotope is ordered."""
        found = {}
        if self.labs < self.go:
            found["labs_days"] = "Labs come before go / no-go: as many days or more."
        if self.go < self.order:
            found["go_days"] = "Go / no-go comes before the isotope is ordered: as many days or more."
        return found


@dataclass(frozen=True)
class Preparation:
    """One step: `number` tells several of a kind apart."""

    kind: str
    due: date
    number: int = 1


def _working(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def lay_out(dose_on: date, lead: LeadTimes, *, pregnancy: bool) -> tuple[Preparation, ...]:
    """The steps of one dose in order of their dates, working days only; nadir labs come after it.

    `pregnancy`: a test applies. It is due with the labs, radiation advice with the room.
    """
    before = [
        (PreparationKind.LABS, lead.labs),
        *([(PreparationKind.PREGNANCY, lead.go)] if pregnancy else []),
        (PreparationKind.GO, lead.go),
        (PreparationKind.ORDER, lead.order),
        (PreparationKind.ROOM, lead.room),
        (PreparationKind.ADVICE, min(lead.room, lead.order)),
    ]
    steps = [Preparation(kind, _working(dose_on - timedelta(days=days))) for kind, days in before]
    steps.sort(key=lambda step: step.due)
    after = [
        Preparation(PreparationKind.NADIR, _working(dose_on + timedelta(days=days)), number)
        for number, days in enumerate(sorted(lead.nadirs), start=1)
    ]
    return (*steps, *after)


def full(name: str, on: date, *, day: int, week: int, taken_day: int, taken_week: int) -> str:
    """A sentence when the site has no place left on that day or in that week; "" when it has. Zero: no limit."""
    if day and taken_day >= day:
        return f"{name} is full on {on.day} {on:%b %Y}: {taken_day} of {day} taken."
    if week and taken_week >= week:
        return f"{name} is full in the week of {on.day} {on:%b %Y}: {taken_week} of {week} taken."
    return ""


def week_of(on: date) -> tuple[date, date]:
    """Monday and Sunday of the day's week."""
    monday = on - timedelta(days=on.weekday())
    return monday, monday + timedelta(days=6)


class AuthorizationStatus(TextChoices):
    NOT_NEEDED = "not_needed", "Not needed"
    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
