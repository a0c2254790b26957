"""Somatostatin analog against PRRT doses: conflicts and how both series go on (`clinical.md` 2.2, 9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import TextChoices


class WashoutChoice(TextChoices):
    """What may be done about an injection too near before a dose (`model.md` 4); nothing is done by itself."""

    OMIT = "omit", "Leave out, give 4–24 h after the dose"
    BRIDGE = "bridge", "Bridge short-acting, stop 24 h before"
    DELAY = "delay", "Move the PRRT dose"
    ASK = "ask", "Ask the physician"


@dataclass(frozen=True)
class Injection:
    """A long-acting injection. `given`: it cannot be left out any more."""

    id: int
    on: date
    given: bool = False


@dataclass(frozen=True)
class Activity:
    """A PRRT dose."""

    id: int
    on: date
    given: bool = False


@dataclass(frozen=True)
class Conflict:
    """An injection `days` before a dose, fewer than `needed`."""

    activity: Activity
    injection: Injection
    needed: int

    @property
    def days(self) -> int:
        return (self.activity.on - self.injection.on).days

    @property
    def earliest(self) -> date:
        """The first day on which the dose would be clear of this injection."""
        return self.injection.on + timedelta(days=self.needed)

    @property
    def choices(self) -> tuple[WashoutChoice, ...]:
        if self.injection.given:
            return (WashoutChoice.DELAY, WashoutChoice.ASK)
        return (WashoutChoice.OMIT, WashoutChoice.BRIDGE, WashoutChoice.ASK)


def too_near(injection: date, activity: date, needed: int) -> bool:
    """An injection on the day of the dose is the one 4–24 h after it; later ones look at the next dose."""
    return 0 < (activity - injection).days < needed


def conflicts(activities: Sequence[Activity], injections: Sequence[Injection], *, needed: int) -> tuple[Conflict, ...]:
    """Every injection that lies fewer than `needed` days before a dose still to be given, in order of dates."""
    found = [
        Conflict(activity, injection, needed)
        for activity in activities
        if not activity.given
        for injection in injections
        if too_near(injection.on, activity.on, needed)
    ]
    return tuple(sorted(found, key=lambda conflict: (conflict.activity.on, conflict.injection.on)))


def clear_of(
    activities: Sequence[Activity], injections: Sequence[Injection], *, needed: int, interval: int, first: int
) -> tuple[Injection, ...]:
    """The planned injections from `first` (an id) on, moved so that none lies too near before a dose.

    One in conflict is given after the dose instead, on its day; those that follow keep at least the interval and give
    way to later doses in the same manner. Order is kept, no date goes backwards.
    """
    ordered = sorted((row for row in injections if not row.given), key=lambda row: (row.on, row.id))
    doses = sorted(row.on for row in activities if not row.given)
    moved: list[Injection] = []
    reached = False
    for row in ordered:
        reached = reached or row.id == first
        if not reached:
            moved.append(row)
            continue
        on = row.on
        if moved and moved[-1].id != row.id and on < moved[-1].on + timedelta(days=interval):
            on = moved[-1].on + timedelta(days=interval)
        for dose in doses:
            if too_near(on, dose, needed):
                on = dose
        moved.append(replace(row, on=on))
    return tuple(moved)
