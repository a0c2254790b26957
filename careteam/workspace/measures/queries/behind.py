"""The patients behind a measure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from careteam.web.words import count, day
from careteam.workspace.measures.queries.definitions import Group, Scope, base_of, listed, took_rows
from careteam.workspace.measures.rules import Measure, Took
from patients.record.models import Diagnosis, DiseaseStatus, Patient
from patients.record.queries.behind import Behind, Listed, listed_for
from patients.treatment.models import TreatmentLine
from patients.wishes.rules import Place
from tumorboard.meetings.models import AgendaItem

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User


def patients_behind(
    user: User, measure: Measure, scope: Scope, *, rest: bool = False, group: Group | None = None
) -> Listed:
    """Of a measure, the latest first; `rest` and `group` as in `listed`. Three queries."""
    rows = listed(measure, scope, rest=rest, group=group)
    return _listed(user, measure, scope, rows.order_by("-on", "-pk"))


def took_behind(user: User, took: Took, scope: Scope) -> Listed:
    """The cases that a span measures, the longest first."""
    return _listed(user, took.of, scope, took_rows(took, scope), took=True)


def _listed(user: User, measure: Measure, scope: Scope, rows: QuerySet[Any], *, took: bool = False) -> Listed:
    path = base_of(measure, scope).path
    beside: tuple[str, ...] = ("patient",) if path else ()
    if rows.model is AgendaItem:
        beside += ("referral", "decision")
    return listed_for(user, rows, partial(_row, took=took), path=path, beside=beside)


def _row(row: Any, *, took: bool) -> Behind:
    what, url_name, url_id, detail = _about(row)
    if took:
        detail = count(round(row.took), "day", "days")
    return Behind.of(row if isinstance(row, Patient) else row.patient, what, row.on, url_name, url_id, detail)


def _about(row: Any) -> tuple[str, str, int, str]:
    """What the row says, where it leads, and what decides."""
    if isinstance(row, Diagnosis):
        return f"{row}, stage IV", "patient", row.patient_id, _talked(row)
    if isinstance(row, DiseaseStatus):
        return f"Progression, {row.get_method_display().lower()}", "patient", row.patient_id, _talked(row)
    if isinstance(row, TreatmentLine):
        return row.label, "patient", row.patient_id, _talked(row)
    if isinstance(row, AgendaItem):
        decision = getattr(row, "decision", None)
        detail = _talked(row)
        if row.progressed:  # type: ignore[attr-defined]  # annotated by the base
            detail += ", before the last progression"
        name, pk = ("decision", decision.pk) if decision else ("meeting", row.meeting_id)
        return decision.text if decision else row.referral.question, name, pk, detail
    if row.deceased_on is not None:
        return _cause(row), "record-page", row.pk, _last_weeks(row)
    return "", "patient", row.pk, _plans(row)


def _talked(row: Any) -> str:
    if row.talk_on is None:
        return "no conversation"
    days = (row.on - row.talk_on).days
    if days == 0:
        return "conversation the same day"
    return f"conversation {day(row.talk_on)}, {count(abs(days), 'day', 'days')} {'before' if days > 0 else 'after'}"


def _cause(row: Any) -> str:
    coded = row.get_death_cause_display() if row.death_cause else "Cause not stated"
    return f"{coded}: {row.cause_of_death}" if row.cause_of_death else str(coded)


def _last_weeks(row: Any) -> str:
    """What the measures of the last weeks of life read, in a line."""
    hospice = ""
    if row.hospice:
        days = "start not known" if row.hospice_days is None else count(row.hospice_days, "day", "days")
        hospice = f"hospice {days}" + ("" if row.in_hospice else ", left again")
    places = dict(Place.choices)
    parts = (
        hospice or "no hospice",
        "dose given in the last days" if row.by_dose else "",
        "tablets until the last days" if row.by_line and not row.by_dose else "",
        "intensive care" if row.intensive else "",
        count(row.visits, "emergency visit", "emergency visits") if row.visits else "",
        f"palliative team from {day(row.seen_on)}" if row.seen_on else "palliative team never",
        f"wanted: {str(places[row.preferred]).lower()}" if row.preferred else "",
        f"died: {row.get_death_place_display().lower()}" if row.death_place else "",
    )
    return "; ".join(part for part in parts if part)


def _plans(row: Any) -> str:
    parts = (
        "conversation" if row.talked else "",
        "proxy" if row.has_proxy else "",
        "document" if row.has_document else "",
        "declined to talk" if row.declined else "",
    )
    return ", ".join(part for part in parts if part) or "nothing on record"
