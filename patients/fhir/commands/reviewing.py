"""Deciding on a difference between here and the source."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.fhir.commands.writing import TABLES
from patients.fhir.models import ReviewItem
from patients.fhir.policies import why_not_decide
from patients.fhir.rules.states import Decision
from patients.record.commands import announce_results
from patients.record.models import Measurement, Patient
from patients.record.rules import search_key, sort_key

if TYPE_CHECKING:
    from careteam.people.models import User


def table_named(name: str) -> Any:
    """The model of an imported row's table."""
    return Patient if name == "patient" else next(model for key, model in TABLES.items() if key.lower() == name)


@transaction.atomic
def decide(item: ReviewItem, decision: Decision, *, by: User, now: datetime) -> ReviewItem:
    """Takes the source's value, or keeps ours for good. A row that the source withdrew is marked as entered in error.
    Raises ValidationError."""
    item = ReviewItem.objects.select_for_update(of=("self",)).select_related("imported_row").get(pk=item.pk)
    insist(why_not_decide(item, by))
    if decision == Decision.OPEN:
        raise ValidationError("Choose to take theirs or to keep ours.")
    if decision == Decision.ACCEPTED:
        try:
            with transaction.atomic():
                _take(item, by=by, now=now)
        except (DatabaseError, ValidationError, TypeError) as problem:
            raise ValidationError("The source's value does not fit here; edit the row by hand.") from problem
    item.decision, item.decided_by, item.decided_at = decision, by, now
    item.save(update_fields=["decision", "decided_by", "decided_at"])
    record(
        "fhir.decide",
        by=by,
        now=now,
        subject=item,
        patient_ids=[item.patient_id],
        team_id=item.team_id,
        details={"field": item.field, "decision": str(decision), "row": f"{item.imported_row}"},
    )
    return item


def _take(item: ReviewItem, *, by: User, now: datetime) -> None:
    model = table_named(item.imported_row.table)
    row = model.objects.select_for_update(of=("self",)).get(pk=item.imported_row.target_id)
    if not item.field:
        row.error_at, row.error_by, row.error_reason = now, by, "Withdrawn by the source it was imported from."
        changed = ["error_at", "error_by", "error_reason"]
    else:
        setattr(row, item.field, model._meta.get_field(item.field).to_python(item.theirs_value))
        changed = [item.field]
    if isinstance(row, Patient):
        numbers = list(row.identifiers.values_list("value", flat=True))
        row.sort_key = sort_key(row.family_name, row.given_name)
        row.search_key = search_key(row.family_name, row.given_name, numbers, row.birth_date)
        changed += ["sort_key", "search_key"]
    row.version += 1
    row.save(update_fields=[*changed, "version"])
    if isinstance(row, Measurement):
        patient = Patient.objects.select_related("team").get(pk=row.patient_id)
        announce_results(patient, [(row.code, row.category)], now=now)
