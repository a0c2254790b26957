"""Readiness of cases: complete and, apart from it, criterion failed; computed from the record each time it is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from patients.guidance.queries import is_enabled, tables_of
from patients.protocol.queries import number
from tumorboard.readiness.models import Chase, Waiver
from tumorboard.readiness.queries.facts import case_facts
from tumorboard.readiness.queries.people import Chasers, chasers_of
from tumorboard.readiness.queries.places import place_of
from tumorboard.readiness.rules import (
    Color,
    Completeness,
    Criteria,
    Found,
    Item,
    completeness,
    criteria,
    due_date,
    tables_asked,
)
from tumorboard.referrals.models import Referral


@dataclass(frozen=True)
class Deadline:
    """The meeting that a case is made ready for, in days of the team; without a cut-off where none is planned."""

    meeting_on: date
    cutoff_on: date | None


@dataclass(frozen=True)
class ItemRow:
    """One item of a case, who is asked for it by when (a red one), where it is mended."""

    found: Found
    url: str
    chaser_id: int | None = None
    chaser: str = ""
    due_on: date | None = None
    is_overdue: bool = False
    chase_id: int | None = None
    waiver: Waiver | None = None

    @property
    def item(self) -> Item:
        return self.found.item

    @property
    def said(self) -> str:
        """`SSTR PET` with who is asked, in words for a list."""
        return f"{self.found.name}, {self.chaser}" if self.chaser else self.found.name


@dataclass(frozen=True)
class NamedRow:
    """Something the board deferred the case for that no field of the record holds."""

    chase_id: int
    text: str
    owner_id: int | None
    chaser: str
    due_on: date
    is_overdue: bool


@dataclass(frozen=True)
class CaseReadiness:
    """A case on the day of its meeting. `is_judged`: decision support is on, criteria are computed. `named`: what else
    the board asked for."""

    referral: Referral
    deadline: Deadline
    completeness: Completeness
    criteria: Criteria
    rows: tuple[ItemRow, ...]
    is_judged: bool = True
    named: tuple[NamedRow, ...] = ()

    @property
    def color(self) -> Color:
        return Color.RED if self.named else self.completeness.color

    @property
    def is_ready(self) -> bool:
        return self.completeness.is_ready and not self.named

    @property
    def reds(self) -> tuple[ItemRow, ...]:
        return tuple(row for row in self.rows if row.found.is_red)

    @property
    def ambers(self) -> tuple[ItemRow, ...]:
        return tuple(row for row in self.rows if row.found.color is Color.AMBER)

    @property
    def open(self) -> tuple[ItemRow, ...]:
        """Reds first, then ambers."""
        return (*self.reds, *self.ambers)

    @property
    def sorted(self) -> tuple[ItemRow, ...]:
        """What is open first, then what is there."""
        return (*self.open, *(row for row in self.rows if row.found.is_settled))

    @property
    def words(self) -> str:
        """`Ready 9/11`: settled items of all."""
        return f"Ready {self.completeness.settled}/{len(self.rows) + len(self.named)}"

    @property
    def order(self) -> tuple[int, int, int]:
        """Reds first, most of them first; then ambers."""
        return (-len(self.reds) - len(self.named), -len(self.ambers), self.referral.pk)


def readiness_of(cases: Sequence[tuple[Referral, Deadline]], *, team_id: int, today: date) -> dict[int, CaseReadiness]:
    """By referral id. Referrals of one team's boards, with `patient__team`, `board` and `submitted_by`. The number of
    queries depends on the number of different meeting days, not of cases."""
    if not cases:
        return {}
    referrals = {referral.pk: referral for referral, _ in cases}
    waivers = _waivers(referrals)
    chases, named = _chases(referrals)
    chasers = chasers_of(team_id, {referral.patient_id for referral in referrals.values()}, today)
    lead = number(team_id, "ready.lead").days
    by_day: dict[date, list[tuple[Referral, Deadline]]] = defaultdict(list)
    for referral, deadline in cases:
        by_day[max(deadline.meeting_on, today)].append((referral, deadline))
    found: dict[int, CaseReadiness] = {}
    for on, group in by_day.items():
        facts = case_facts([referral for referral, _ in group], on)
        for referral, deadline in group:
            waived, asked = waivers.get(referral.pk, {}), chases.get(referral.pk, {})
            wanted = {item for item, chase in asked.items() if chase.is_wanted}
            complete = completeness(facts[referral.pk], waived.keys(), wanted)
            tables = tables_of(referral.patient, facts[referral.pk].snapshot, tables_asked(facts[referral.pk]))
            rows = tuple(
                _row(
                    each,
                    place_of(each, facts[referral.pk], referral_id=referral.pk, patient_id=referral.patient_id),
                    _asked(referral, each, asked.get(each.item), chasers, deadline, lead, today),
                    waived.get(each.item),
                )
                for each in complete.items
            )
            found[referral.pk] = CaseReadiness(
                referral,
                deadline,
                complete,
                criteria(facts[referral.pk], tables),
                rows,
                is_enabled(),
                tuple(_named(chase, chasers, today) for chase in named.get(referral.pk, ())),
            )
    return found


@dataclass(frozen=True)
class _Asked:
    chaser_id: int | None
    chaser: str
    due_on: date | None
    is_overdue: bool
    chase_id: int | None


def _asked(
    referral: Referral,
    found: Found,
    chase: Chase | None,
    chasers: Chasers,
    deadline: Deadline,
    lead: int,
    today: date,
) -> _Asked | None:
    """Who is asked: as the chase says while its owner works here, else who would be."""
    if not found.is_red:
        return None
    person = chasers.person(chase.owner_id) if chase else None
    person = person or chasers.asked_for(found.role, referral.patient_id)
    due_on = None
    if deadline.cutoff_on is not None:
        due_on = due_date(
            cutoff_on=deadline.cutoff_on,
            meeting_on=deadline.meeting_on,
            lead_days=lead,
            today=today,
            before=chase.due_on if chase else None,
        )
    if chase is not None and chase.is_wanted:  # the board said by when; a meeting that comes sooner wants it sooner
        due_on = min(chase.due_on, due_on or chase.due_on)
    name = person.name if person else str(found.role.label)
    return _Asked(
        person.id if person else None, name, due_on, bool(due_on and due_on < today), chase.pk if chase else None
    )


def _row(found: Found, url: str, asked: _Asked | None, waiver: Waiver | None) -> ItemRow:
    if asked is None:
        return ItemRow(found, url, waiver=waiver)
    return ItemRow(found, url, asked.chaser_id, asked.chaser, asked.due_on, asked.is_overdue, asked.chase_id, waiver)


def _waivers(referrals: Mapping[int, Referral]) -> dict[int, dict[str, Waiver]]:
    found: dict[int, dict[str, Waiver]] = defaultdict(dict)
    rows = Waiver.objects.standing().filter(referral_id__in=referrals).select_related("waived_by")
    for row in rows:
        found[row.referral_id][row.item] = row
    return found


def _named(chase: Chase, chasers: Chasers, today: date) -> NamedRow:
    person = chasers.person(chase.owner_id)
    name = person.name if person else chase.get_owner_role_display()
    return NamedRow(chase.pk, chase.text, chase.owner_id, name, chase.due_on, chase.due_on < today)


def _chases(referrals: Mapping[int, Referral]) -> tuple[dict[int, dict[str, Chase]], dict[int, list[Chase]]]:
    """By referral: by item, and what the board named otherwise."""
    found: dict[int, dict[str, Chase]] = defaultdict(dict)
    named: dict[int, list[Chase]] = defaultdict(list)
    for row in Chase.objects.open().filter(referral_id__in=referrals).order_by("due_on", "pk"):
        if row.item:
            found[row.referral_id][row.item] = row
        else:
            named[row.referral_id].append(row)
    return found, named
