"""Who comes on a day, and what is open for each of them.

Two steps, so that a day with thousands costs no more than a day with ten. First, for everybody: who comes when, and
which kinds of work are open, as ids. Then, for the people of one page only: names, reasons and pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from careteam.workspace.clinic.queries.arrivals import expected, reasons_of
from careteam.workspace.clinic.queries.day import ClinicDay
from careteam.workspace.clinic.queries.work import Computed, computed_items, ids_by_kind, items_of
from careteam.workspace.clinic.rules import Comer, Count, Open, WeekDay, counted
from careteam.workspace.coming.rules import Window, monday
from careteam.workspace.patients import rows_for
from patients.record.models import Patient

__all__ = ["PAGE", "ClinicDay", "DayList", "who_comes"]

PAGE = 100  # people on one page
MANY = 1000  # a list of more than these asks for a clinic first: nothing is counted, the earliest are listed


@dataclass(frozen=True)
class DayList:
    """One page of a day. `everybody` come in all, `matching` have what is asked for; `week` counts Monday to Sunday.

    `is_cut`: more than `MANY` come; then only the earliest are listed, and neither open work nor the week is counted.
    """

    comers: tuple[Comer, ...]
    everybody: int
    matching: int
    counts: tuple[Count, ...]
    week: tuple[WeekDay, ...]
    page: int
    pages: int
    is_cut: bool = False

    @property
    def first(self) -> int:
        """The place of the first person of the page, from 1."""
        return (self.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.comers) - 1


def who_comes(day: ClinicDay, *, wanted: str = "", page: int = 1) -> DayList:
    """The people of a day by hour, then by name. `wanted` is a kind of `Open` or empty; a page past the end is the
    last one. The number of queries does not depend on how many come."""
    first: dict[int, tuple[bool, float, str]] = {}
    for arrival in expected(day, Window(day.on, weeks=0), limit=MANY + 1):
        first[arrival.patient_id] = min(arrival.order, first.get(arrival.patient_id, arrival.order))
    ids = sorted(first, key=lambda patient_id: (first[patient_id], patient_id))
    is_cut = len(ids) > MANY
    ids = ids[:MANY]
    computed = {} if is_cut else computed_items(day, frozenset(ids))
    open_for = {} if is_cut else ids_by_kind(day, frozenset(ids), computed)
    chosen = [patient_id for patient_id in ids if not wanted or is_cut or patient_id in open_for.get(Open(wanted), ())]
    pages = max(1, -(-len(chosen) // PAGE))
    page = min(max(1, page), pages)
    shown = chosen[(page - 1) * PAGE : page * PAGE]
    return DayList(
        comers=tuple(_comers(day, shown, computed_items(day, frozenset(shown)) if is_cut else computed)),
        everybody=len(ids),
        matching=len(chosen),
        counts=counted({kind: len(each) for kind, each in open_for.items()}, len(ids)),
        week=_week(day, is_counted=not is_cut),
        page=page,
        pages=pages,
        is_cut=is_cut,
    )


def _week(day: ClinicDay, *, is_counted: bool) -> tuple[WeekDay, ...]:
    since = monday(day.on)
    people: dict[date, set[int]] = {}
    for arrival in expected(day, Window(since, weeks=1)) if is_counted else ():
        people.setdefault(arrival.on, set()).add(arrival.patient_id)
    return tuple(
        WeekDay(on, len(people.get(on, ())), is_today=on == day.today, is_shown=on == day.on)
        for on in (since + timedelta(days=n) for n in range(7))
    )


def _comers(day: ClinicDay, ids: list[int], computed: Computed) -> list[Comer]:
    among = frozenset(ids)
    reasons, items = reasons_of(day, among), items_of(day, among, computed)
    order = {kind: n for n, kind in enumerate(Open)}
    patients = {patient.pk: patient for patient in Patient.objects.filter(pk__in=ids).select_related("team")}
    rows = rows_for([patients[patient_id] for patient_id in ids], day.today)
    return [
        Comer(
            row,
            tuple(sorted(reasons[row.patient.pk], key=lambda r: (r.at is None, r.at.timestamp() if r.at else 0.0))),
            tuple(sorted(items[row.patient.pk], key=lambda item: order[item.kind])),
        )
        for row in rows
    ]
