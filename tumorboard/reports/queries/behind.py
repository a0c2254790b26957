"""The patients behind a figure, and the meetings behind an attendance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from careteam.web.words import count, num
from patients.record.models import Diagnosis
from patients.record.queries.behind import MOST, Behind, Listed, listed_for
from tumorboard.actions.models import Action
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.rules import DecisionStatus
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.readiness.rules import Item
from tumorboard.reports.queries.attendance import attended_by, held_in, known_in
from tumorboard.reports.queries.definitions import Scope, listed, span_rows
from tumorboard.reports.rules import FigureKey, SpanKey

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User


@dataclass(frozen=True)
class MeetingRow:
    id: int
    on: date
    board: str
    status: str
    is_held: bool


def patients_behind(user: User, key: FigureKey, scope: Scope, *, why: str = "", rest: bool = False) -> Listed:
    """Of a figure, the latest meeting first; `why` and `rest` as in `listed`. Four queries."""
    rows = listed(key, scope, why=why, rest=rest)
    day = _DAY[rows.model]
    return _listed(user, rows.order_by(day, "pk"))


def span_behind(user: User, span: SpanKey, scope: Scope) -> Listed:
    """The cases that a span measures, the longest first."""
    return _listed(user, span_rows(span, scope), unit=span.unit)


_DAY: dict[Any, str] = {
    AgendaItem: "-meeting__starts_at",
    Recommendation: "-decision__item__meeting__starts_at",
    Action: "due_on",
    Diagnosis: "-diagnosed_on",
}


_BESIDE: dict[Any, tuple[str, ...]] = {
    AgendaItem: ("patient", "meeting__board__team", "referral", "decision"),
    Recommendation: ("patient", "decision__item__meeting__board__team"),
    Action: ("patient", "decision__item__meeting__board__team"),
    Diagnosis: ("patient",),
}


def _listed(user: User, rows: QuerySet[Any], *, unit: str = "") -> Listed:
    return listed_for(user, rows, partial(_row, unit=unit), path="patient__", beside=_BESIDE[rows.model])


def _row(row: AgendaItem | Recommendation | Action | Diagnosis, unit: str) -> Behind:
    detail = ""
    on: date | None
    if isinstance(row, AgendaItem):
        decision = getattr(row, "decision", None)
        is_signed = decision is not None and decision.status == DecisionStatus.SIGNED
        what = decision.text if is_signed and decision else row.referral.question
        name, pk = ("decision", decision.pk) if is_signed and decision else ("meeting", row.meeting_id)
        on = row.meeting.board.team.local_date(row.meeting.starts_at)
        detail = _detail(row, unit)
    elif isinstance(row, Diagnosis):
        what, on, name, pk = str(row), row.diagnosed_on, "record-page", row.patient_id
    elif isinstance(row, Action):
        what, on, name, pk = row.what, row.due_on, "decision", row.decision_id or 0
        detail = row.get_status_display()
    else:
        meeting = row.decision.item.meeting
        what, on, name, pk = str(row), meeting.board.team.local_date(meeting.starts_at), "decision", row.decision_id
        detail = row.get_deviation_reason_display() or row.get_status_display()
    return Behind.of(row.patient, what, on, name, pk, detail)


def _detail(row: AgendaItem, unit: str) -> str:
    if unit:
        took = float(row.took)  # type: ignore[attr-defined]  # annotated by `span_rows`
        return f"{num(round(took, 1))} min" if unit == "min" else count(round(took), "day", "days")
    if row.defer_reason:
        return str(row.get_defer_reason_display())
    if row.lacked_at_cutoff:
        return ", ".join(str(Item(code).label) for code in row.lacked_at_cutoff if code in Item.values)
    decision = getattr(row, "decision", None)
    return decision.missing_specialties if decision else ""


def meetings_behind(
    scope: Scope, *, specialty: str = "", person_id: int | None = None, rest: bool = False
) -> tuple[MeetingRow, ...]:
    """Meetings at which the specialty or the person was there (`rest`: was not), the latest first; neither named: all
    that were held."""
    rows = held_in(scope)
    if specialty or person_id:
        there = attended_by(scope, specialty=specialty, person_id=person_id)
        rows = known_in(scope).exclude(pk__in=there.order_by().values("pk")) if rest else there
    return tuple(_meeting(row) for row in rows.select_related("board__team")[:MOST])


def _meeting(row: Meeting) -> MeetingRow:
    return MeetingRow(
        row.pk,
        row.board.team.local_date(row.starts_at),
        row.board.name,
        row.get_status_display(),
        row.held_at is not None,
    )
