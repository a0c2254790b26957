"""Code status and limits, reviewed with the patient for one procedure."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.record.commands.trail import record_about
from patients.treatment.models import TreatmentLine
from patients.wishes import policies
from patients.wishes.commands.wishes import locked
from patients.wishes.models import CodeStatusReview
from patients.wishes.queries import holding, shown_limits
from patients.wishes.rules import ProcedureCodeStatus, SaidBy, mark_of

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def review_for_procedure(
    line: TreatmentLine,
    *,
    outcome: ProcedureCodeStatus,
    on: date,
    by: User,
    now: datetime,
    words: str = "",
    said_by: str = SaidBy.PATIENT,
) -> CodeStatusReview:
    """Keeps what holds of code status and limits during this procedure, as they are on record now. When they change
    afterward, the review no longer stands and is asked for again."""
    patient = locked(line.patient_id)
    today = patient.team.local_date(now)
    shown = shown_limits(holding(patient.pk, today))
    insist(policies.why_not_review(line, patient, by, outcome=outcome, on=on, today=today, has_limits=bool(shown)))
    review: CodeStatusReview = CodeStatusReview.objects.create(
        patient=patient,
        line=line,
        outcome=outcome,
        words=words.strip(),
        said_by=said_by,
        reviewed_on=on,
        reviewed_by=by,
        reviewed=mark_of(shown),
        shown=shown[:250],
        created_by=by,
    )
    record_about(
        review, "wishes.review", by=by, now=now, team_id=patient.team_id, details={"line": line.pk, "outcome": outcome}
    )
    return review
