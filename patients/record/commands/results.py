"""The sheet of labs of one day, and what was done about severe symptoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record import policies
from patients.record.commands.care import close_step
from patients.record.commands.entries import announce_entry, announce_results
from patients.record.models import Measurement, Patient, SymptomAssessment

if TYPE_CHECKING:
    from careteam.people.models import User


def symptoms_key(row: SymptomAssessment) -> str:
    """The key of the nurse's task that severe symptoms open."""
    return f"symptoms:{row.pk}"


@transaction.atomic
def add_results(
    patient: Patient, results: Sequence[Mapping[str, Any]], *, by: User, now: datetime
) -> tuple[list[Measurement], int]:
    """Adds the results of one sheet, with one audit row. One that is there already (same test, moment and value: the
    sheet was sent twice) is left alone; returns those added and how many were left."""
    insist(policies.why_not_edit(patient, by))
    if not results:
        raise ValidationError("Enter at least one value.")
    Patient.objects.select_for_update().get(pk=patient.pk)
    there = set(
        Measurement.objects.valid()
        .filter(
            patient=patient, code__in=[row["code"] for row in results], taken_at__in={r["taken_at"] for r in results}
        )
        .values_list("code", "taken_at", "value")
    )
    rows = [
        Measurement(patient=patient, created_by=by, **values)
        for values in results
        if (values["code"], values["taken_at"], values["value"]) not in there
    ]
    Measurement.objects.bulk_create(rows)
    if rows:
        record(
            "record.add_results",
            by=by,
            now=now,
            subject=rows[0],
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"values": {row.code: f"{row.comparator}{row.value} {row.unit}" for row in rows}},
        )
    for row in rows:
        announce_entry(row, team_id=patient.team_id, now=now)
    announce_results(patient, [(row.code, row.category) for row in rows], now=now)
    return rows, len(results) - len(rows)


@transaction.atomic
def answer_symptoms(row: SymptomAssessment, answer: str, *, version: int, by: User, now: datetime) -> SymptomAssessment:
    """Records what was done about severe symptoms and closes the nurse's task. Raises `StaleEdit` when somebody
    answered or corrected meanwhile."""
    current: SymptomAssessment = SymptomAssessment.objects.lock(row.pk, version=version)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    insist(policies.why_not_answer_symptoms(current, patient, by))
    if not answer.strip():
        raise ValidationError({"answer": "Say what was done."})
    current.answered_at, current.answered_by, current.answer = now, by, answer.strip()
    current.save_version("answered_at", "answered_by", "answer")
    close_step(patient, source_key=symptoms_key(current), because="Answered", now=now)
    record("record.answer_symptoms", by=by, now=now, subject=current, patient_ids=[patient.pk], team_id=patient.team_id)
    return current
