"""What every writer of decisions shares: lock, audit, announce."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack

from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.record.commands import Act, record_about
from tumorboard.decisions.models import Decision, DecisionAddendum, Recommendation, Told


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
    details: dict[str, object] | None = None,
    **about: Unpack[Act],
) -> None:
    record_about(subject, action, team_id=decision.item.meeting.board.team_id, details=details, **about)
