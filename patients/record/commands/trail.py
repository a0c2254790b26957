"""Audit rows about one row of a patient's record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from careteam.audit.commands import record
from careteam.audit.rules import Kind

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import ClinicalRow


class Act(TypedDict):
    """Who did it, when and why: what a slice's own audit hands on to `record_about`. `by=None` is the system."""

    by: User | None
    now: datetime
    reason: NotRequired[str]
    kind: NotRequired[Kind]


def record_about(
    row: ClinicalRow,
    action: str,
    *,
    by: User | None,
    now: datetime,
    team_id: int | None = None,
    reason: str = "",
    kind: Kind = Kind.WRITE,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds one audit row whose subject is `row` and whose patient is the row's. `team_id` is the team in whose name it
    was done; None: the patient's own."""
    record(
        action,
        by=by,
        now=now,
        subject=row,
        patient_ids=[row.patient_id],
        team_id=row.patient.team_id if team_id is None else team_id,
        reason=reason,
        kind=kind,
        details=details,
    )
