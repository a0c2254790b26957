"""What nurse, palliative clinician, dietitian and trial nurse add to a case."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.people.rules import Role
from patients.record.commands import record_about
from tumorboard.readiness import policies
from tumorboard.readiness.commands.waiving import locked
from tumorboard.readiness.models import CaseInput
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def say_input(referral: Referral, role: Role, *, text: str, by: User, now: datetime) -> CaseInput:
    """Words, or none for "nothing to add". Said again in the same words it stays as it is; else the former ends."""
    referral = locked(referral)
    insist(policies.why_not_say(referral, role, by))
    said = text.strip()[:500]
    before: CaseInput | None = CaseInput.objects.standing().filter(referral=referral, role=role).first()
    if before is not None:
        if before.text == said:
            return before
        before.ended_at = now
        before.save_version("ended_at")
    row = CaseInput.objects.create(
        patient=referral.patient, referral=referral, role=role, text=said, said_by=by, said_at=now, created_by=by
    )
    record_about(
        row,
        "readiness.say_input",
        by=by,
        now=now,
        team_id=referral.board.team_id,
        details={"role": str(role), "nothing": not said},
    )
    return row
