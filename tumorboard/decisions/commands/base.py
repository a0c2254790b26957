"""What every writer of decisions shares: lock, audit, announce."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from tumorboard.decisions.models import Decision, DecisionAddendum, Recommendation, Told

if TYPE_CHECKING:
    from careteam.people.models import User


def announce_row(kind: EventKind, row: Recommendation | Told, *, now: datetime, **payload: Any) -> None:
    announce(
        kind,
        now=now,
        team_id=row.patient.team_id,
        patient_id=row.patient_id,
        subject_id=row.pk,
        payload=payload,
    )


def locked(decision: Decision) -> Decision:
    row: Decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related(
            "patient__team", "item__meeting__board__team", "item__referral__presenter", "item__referral__board"
        )
        .get(pk=decision.pk)
    )
    return row


def audit(
    action: str,
    subject: Decision | DecisionAddendum | Recommendation | Told,
    decision: Decision,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    details: dict[str, object] | None = None,
) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=subject,
        patient_ids=[decision.patient_id],
        team_id=decision.item.meeting.board.team_id,
        reason=reason,
        details=details or {},
    )
