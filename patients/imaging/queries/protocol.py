"""What it would mean for running plans when a team signs other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from patients.imaging.models import SurveillancePlan
from patients.imaging.queries.facts import intervals_of, known_of, resolution_of
from patients.imaging.rules import Interval, touched
from patients.protocol.queries import numbers
from patients.record.models import in_care

LOOKED_AT = 5000  # plans that a preview computes; a larger team is told that there are more
BATCH = 500


def touched_plans(team_id: int, codes: Mapping[str, Any] | list[str]) -> QuerySet[Any]:
    """Running plans of the team's patients in care whose date may rest on these numbers."""
    rows: QuerySet[Any] = SurveillancePlan.objects.valid().filter(
        in_care(),
        stopped_on=None,
        patient__team_id=team_id,
    )
    situations = touched(codes)
    return rows if situations is None else rows.filter(situation__in=situations)


@dataclass(frozen=True)
class Moves:
    """What would move. `overdue`: dates that would lie in the past then and do not now; `own`: plans with an interval
    of their own, which stays; `unseen`: plans that were not looked at."""

    plans: int = 0
    earlier: int = 0
    later: int = 0
    overdue: int = 0
    own: int = 0
    unseen: int = 0

    @property
    def moved(self) -> int:
        return self.earlier + self.later


def moves(team_id: int, days: Mapping[str, int], *, today: date) -> Moves:
    """How many due dates move when the team signs these numbers (days by code; signed ones count as settled). Every
    plan is computed as it would be then, in batches of a fixed number of queries; nothing is written."""
    known = intervals_of(numbers(team_id)) | {code: Interval(value) for code, value in days.items()}
    rows = touched_plans(team_id, dict(days)).order_by("patient_id", "pk")
    plans = list(rows[:LOOKED_AT])
    found = Moves(plans=len(plans), unseen=rows.count() - len(plans) if len(plans) == LOOKED_AT else 0)
    for start in range(0, len(plans), BATCH):
        batch = plans[start : start + BATCH]
        record = known_of({plan.patient_id for plan in batch})
        for plan in batch:
            found = _counted(found, plan, record[plan.patient_id], known, today)
    return found


def _counted(found: Moves, plan: SurveillancePlan, says: Any, known: Mapping[str, Interval], today: date) -> Moves:
    facts = says.of(today=today, plan_modality=plan.modality, plan_region=plan.region)
    then = resolution_of(plan, facts, known)
    if then is None:
        return found
    if plan.override_reason:
        return replace(found, own=found.own + 1)
    was = plan.anchor_on + timedelta(days=plan.interval_days)
    return replace(
        found,
        earlier=found.earlier + (then.due_on < was),
        later=found.later + (then.due_on > was),
        overdue=found.overdue + (then.due_on < today <= was),
    )
