"""What is repeated on the studies so that indexes can serve order and filters of the worklist: what is at stake, the
snooze that runs, the contacts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import transaction

from patients.imaging.commands.base import lock_patient
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.repeated import outstanding, stakes, wrongly_repeated

if TYPE_CHECKING:
    from patients.record.models import Patient


def weigh(patient: Patient) -> int:
    """Writes what is at stake into the patient's outstanding studies where it changed; returns how many. Runs inside
    the command that made or recomputed them, which audits."""
    studies = outstanding([patient.pk])
    if not studies:
        return 0
    at_stake, changed = stakes(studies), 0
    for study in studies:
        if study.stake != at_stake[study.pk]:
            # Not an edit: an open form of the study stays valid, so the version stays.
            ImagingStudy.objects.filter(pk=study.pk).update(stake=at_stake[study.pk])
            changed += 1
    return changed


@transaction.atomic
def repeat_anew(patient: Patient) -> int:
    """Writes everything that the patient's outstanding studies repeat where it is not so; returns how many were wrong.
    For the reconciler, which audits; no edit either."""
    lock_patient(patient)
    wrong = wrongly_repeated([patient.pk])
    for study, true in wrong:
        ImagingStudy.objects.filter(pk=study.pk).update(**asdict(true))
    return len(wrong)
