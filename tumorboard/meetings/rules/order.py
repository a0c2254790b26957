"""The order of an agenda: when each case comes, who is needed when, and an order to begin with. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import TextChoices

from careteam.people.rules import Specialty
from tumorboard.meetings.rules.states import SECTION_RANK, Section
from tumorboard.referrals.rules import URGENCY_ORDER, QuestionKind

# Whom a question needs in the room before all others. Grouped by it, they come and leave once.
NEEDED_FOR: dict[str, Specialty] = {
    QuestionKind.PRRT: Specialty.NUCLEAR_MEDICINE,
    QuestionKind.LIVER_DIRECTED: Specialty.INTERVENTIONAL_RADIOLOGY,
    QuestionKind.SURGERY: Specialty.HEPATOBILIARY_SURGERY,
    QuestionKind.PATHOLOGY: Specialty.PATHOLOGY,
    QuestionKind.IMAGING: Specialty.RADIOLOGY,
}


class OrderBy(TextChoices):
    """What a proposed order looks at first; the others break its ties."""

    URGENCY = "urgency", "Urgency"
    SPECIALIST = "specialist", "Needed specialist"
    LEAVING = "leaving", "Who must leave early"


@dataclass(frozen=True)
class Window:
    """From when to when somebody is there; None: from the start, to the end."""

    comes_at: datetime | None = None
    leaves_at: datetime | None = None


@dataclass(frozen=True)
class Case:
    """What the order of a case depends on. `readiness`: 0 ready, 1 nearly, 2 not, and 0 where nobody has looked.
    `windows` are those of the people it needs, each by their name."""

    id: int
    section: str
    urgency: str
    since: datetime
    minutes: int
    needed: str = ""
    readiness: int = 0
    windows: tuple[tuple[str, Window], ...] = ()

    @property
    def latest(self) -> datetime | None:
        """By when it must be over, for somebody it needs leaves then."""
        return min((window.leaves_at for _, window in self.windows if window.leaves_at), default=None)

    @property
    def earliest(self) -> datetime | None:
        return max((window.comes_at for _, window in self.windows if window.comes_at), default=None)


def clock_times(starts_at: datetime, cases: Sequence[Case]) -> dict[int, datetime | None]:
    """When each case begins if all before it keep their minutes; None for standby, which waits for time left over."""
    times: dict[int, datetime | None] = {}
    at = starts_at
    for case in cases:
        if case.section == Section.STANDBY:
            times[case.id] = None
        else:
            times[case.id] = at
            at += timedelta(minutes=case.minutes)
    return times


def minutes_taken(cases: Sequence[Case]) -> int:
    """What the agenda takes; standby takes nothing."""
    return sum(case.minutes for case in cases if case.section != Section.STANDBY)


def absent_at(case: Case, at: datetime | None) -> list[str]:
    """Who of those it needs is not there from `at` until its minutes are over: `Dr Weiss leaves before`."""
    if at is None:
        return []
    ends = at + timedelta(minutes=case.minutes)
    found = []
    for name, window in case.windows:
        if window.leaves_at is not None and window.leaves_at < ends:
            found.append(f"{name} leaves before")
        elif window.comes_at is not None and window.comes_at > at:
            found.append(f"{name} comes later")
    return found


def proposed(cases: Sequence[Case], first: OrderBy = OrderBy.URGENCY) -> list[int]:
    """An order to begin with, section by section. Within one: by `first`, then by urgency, who leaves or comes when,
    what is ready, the needed specialist, and who waits longest."""
    groups: dict[str, int] = {}
    for case in cases:
        rank = URGENCY_ORDER.get(case.urgency, 9)
        groups[case.needed] = min(groups.get(case.needed, rank), rank)

    def key(case: Case) -> tuple[Any, ...]:
        urgency = URGENCY_ORDER.get(case.urgency, 9)
        leaving = case.latest.timestamp() if case.latest else math.inf
        coming = case.earliest.timestamp() if case.earliest else -math.inf
        group = (not case.needed, groups[case.needed], case.needed)
        heads: dict[OrderBy, tuple[Any, ...]] = {
            OrderBy.URGENCY: (urgency,),
            OrderBy.SPECIALIST: group,
            OrderBy.LEAVING: (leaving,),
        }
        rest = (urgency, leaving, coming, case.readiness, *group, case.since, case.id)
        return (SECTION_RANK.get(case.section, 99), *heads[first], *rest)

    return [case.id for case in sorted(cases, key=key)]


def restored(before: Sequence[int], now: Sequence[int]) -> list[int]:
    """An earlier order of what is still there; what came since keeps its place behind."""
    there = set(now)
    kept = [item for item in before if item in there]
    return [*kept, *(item for item in now if item not in set(kept))]
