"""What the columns of the worklist repeat on a study: told from the rows they come from, for many patients at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date

from patients.imaging.models import ContactAttempt, ImagingStudy, StudySnooze
from patients.imaging.rules import stake_of, unanswered
from patients.record.models import DiseaseStatus, Specimen
from patients.record.queries import grade_from


@dataclass(frozen=True)
class Repeated:
    """The columns of an outstanding study that other rows decide, under the names they have there."""

    stake: str
    snoozed_until: date | None
    next_try_on: date | None
    unanswered: int


def outstanding(patient_ids: Collection[int]) -> list[ImagingStudy]:
    """Outstanding studies of these patients: patient, plan and what they repeat."""
    rows = ImagingStudy.objects.valid().outstanding().filter(patient_id__in=patient_ids)
    names = [field.name for field in fields(Repeated)]
    return list(rows.only("pk", "patient_id", "plan_id", *names).order_by("pk"))


def stakes(studies: Sequence[ImagingStudy]) -> dict[int, str]:
    """By study, what is at stake if it is late. Two queries."""
    patients = {study.patient_id for study in studies}
    specimens: dict[int, list[Specimen]] = defaultdict(list)
    for specimen in Specimen.objects.valid().filter(patient_id__in=patients):
        specimens[specimen.patient_id].append(specimen)
    grades = {patient: grade_from(specimens[patient]).highest.grade for patient in patients}
    latest = DiseaseStatus.objects.valid().filter(patient_id__in=patients)
    latest = latest.order_by("patient_id", "-assessed_on", "-pk").distinct("patient_id")
    last = dict(latest.values_list("patient_id", "category"))
    return {
        study.pk: str(
            stake_of(
                grades[study.patient_id],
                last_response=last.get(study.patient_id, ""),
                is_extra=study.plan_id is None,
            )
        )
        for study in studies
    }


def wrongly_repeated(patient_ids: Collection[int]) -> list[tuple[ImagingStudy, Repeated]]:
    """The outstanding studies of these patients that repeat what is not so, with what is. Five queries."""
    studies = outstanding(patient_ids)
    at_stake, ids = stakes(studies), [study.pk for study in studies]
    running = StudySnooze.objects.valid().filter(study_id__in=ids, ended_at__isnull=True)
    snoozes = dict(running.values_list("study_id", "until"))
    attempts: dict[int | None, list[ContactAttempt]] = defaultdict(list)
    for attempt in ContactAttempt.objects.valid().filter(study_id__in=ids).order_by("-at", "-pk"):
        attempts[attempt.study_id].append(attempt)
    found = []
    for study in studies:
        contacts = attempts.get(study.pk, [])
        true = Repeated(
            stake=at_stake[study.pk],
            snoozed_until=snoozes.get(study.pk),
            next_try_on=contacts[0].next_try_on if contacts else None,
            unanswered=unanswered((row.kind, row.outcome) for row in contacts),
        )
        if any(getattr(study, field.name) != getattr(true, field.name) for field in fields(true)):
            found.append((study, true))
    return found
