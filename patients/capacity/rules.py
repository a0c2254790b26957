"""Places for scans by day: how many there are, how many are booked, what that is in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST = 200  # places of one kind on one day
OFFERED = 6  # days with free places that a booking form is shown
AHEAD = 60  # days in which they are looked for


@dataclass(frozen=True)
class Load:
    """Booked places of one kind on one day. `place` where the kind has several; `where`: the place as it is set up;
    `is_closed`: a holiday, no places."""

    on: date
    what: str
    booked: int
    slots: int
    place: str = ""
    is_closed: bool = False
    where: str = ""

    @property
    def free(self) -> int:
        return max(0, self.slots - self.booked)

    @property
    def kind(self) -> str:
        """Color and shape of the tag."""
        if self.booked > self.slots:
            return "red"
        return "amb" if self.booked == self.slots else "grn"

    @property
    def words(self) -> str:
        """`MRI 4 of 5`; what is wrong stands behind it."""
        name = f"{self.what} {self.place}".strip() if self.place else self.what
        if self.booked > self.slots:
            why = "no places on this day" if self.is_closed else "overbooked"
            return f"{name} {self.booked} of {self.slots}, {why}"
        full = ", full" if self.slots and self.booked == self.slots else ""
        return f"{name} {self.booked} of {self.slots}{full}"


@dataclass(frozen=True)
class Pattern:
    """Places of one kind at one place through the week (Monday first), in force between two days."""

    modality: str
    what: str
    place: str
    slots: tuple[int, ...]
    since: date
    until: date | None = None

    def is_in_force(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


def same_place(one: str, other: str) -> bool:
    """Places are typed by hand: case and spaces do not make two of one."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def in_force(patterns: Iterable[Pattern], on: date) -> list[Pattern]:
    """One pattern for each kind and place: the one that began last."""
    latest: dict[tuple[str, str], Pattern] = {}
    for pattern in sorted(patterns, key=lambda each: each.since):
        if pattern.is_in_force(on):
            latest[pattern.modality, " ".join(pattern.place.casefold().split())] = pattern
    return sorted(latest.values(), key=lambda each: (each.what, each.place))


def loads_on(
    on: date, patterns: Iterable[Pattern], booked: Mapping[tuple[str, str], int], *, is_holiday: bool
) -> list[Load]:
    """What is booked of what there is. `booked` is by (modality, place as typed). A slot at a place without a number of
    its own counts where its kind has one place only; days without places and bookings are left out."""
    present = in_force(patterns, on)
    of_kind: dict[str, list[Pattern]] = {}
    for pattern in present:
        of_kind.setdefault(pattern.modality, []).append(pattern)
    found = []
    for pattern in present:
        alone = len(of_kind[pattern.modality]) == 1
        taken = sum(
            number
            for (modality, place), number in booked.items()
            if modality == pattern.modality and (alone or same_place(place, pattern.place))
        )
        slots = 0 if is_holiday else pattern.slots[on.weekday()]
        if slots or taken:
            place = "" if alone else pattern.place
            found.append(Load(on, pattern.what, taken, slots, place, is_holiday, pattern.place))
    for modality, patterns_of in of_kind.items():
        if len(patterns_of) == 1:
            continue
        elsewhere = sum(
            number
            for (kind, place), number in booked.items()
            if kind == modality and not any(same_place(place, pattern.place) for pattern in patterns_of)
        )
        if elsewhere:
            found.append(Load(on, patterns_of[0].what, elsewhere, 0, "elsewhere", is_holiday))
    return found


def week_words(slots: Sequence[int]) -> str:
    """`Mon–Thu 3, Fri 2`; days without places are left out."""
    spans: list[list[int]] = []
    for day, number in enumerate(slots):
        if spans and slots[spans[-1][0]] == number:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    names = [name[:3] for name in WEEKDAYS]
    said = [
        f"{names[first]}{f'–{names[last]}' if last > first else ''} {slots[first]}"
        for first, last in spans
        if slots[first]
    ]
    return ", ".join(said) or "none"


@dataclass(frozen=True)
class Held:
    """A day that somebody has put into a form for a study and not booked yet."""

    study: int
    what: str
    place: str
    on: date


def offered(
    loads: Mapping[date, Iterable[Load]], what: str, since: date, held: Iterable[Held], *, study: int
) -> list[Load]:
    """The next days from `since` on with a free place for this kind, at most `OFFERED`; what other rows of the same
    form hold is taken."""
    others = [each for each in held if each.what == what and each.study != study]
    found = []
    for on in sorted(on for on in loads if on >= since):
        for load in loads[on]:
            taken = sum(each.on == on and (not load.place or same_place(each.place, load.place)) for each in others)
            left = replace(load, booked=load.booked + taken)
            if load.what == what and left.free:
                found.append(left)
    return found[:OFFERED]


def days_of(since: date, count: int) -> list[date]:
    return [since + timedelta(days=n) for n in range(count)]
