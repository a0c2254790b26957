"""What is at stake, repeated on the studies so that an index can serve the order of the worklist."""

from __future__ import annotations

from patients.imaging.models import ImagingStudy
from patients.imaging.rules import stake_of
from patients.record.models import DiseaseStatus, Patient
from patients.record.queries import grade_of_patient


def weigh(patient: Patient) -> int:
    """Writes what is at stake into the patient's outstanding studies where it changed; returns how many. Runs inside
    the command that made or recomputed them, which audits."""
    studies = list(ImagingStudy.objects.valid().outstanding().filter(patient=patient).order_by("pk"))
    if not studies:
        return 0
    grade = grade_of_patient(patient.pk).highest.grade
    last = DiseaseStatus.objects.valid().filter(patient=patient).order_by("-assessed_on", "-pk").first()
    changed = 0
    for study in studies:
        stake = stake_of(grade, last_response=last.category if last else "", is_extra=study.plan_id is None)
        if study.stake != stake:
            # Not an edit: an open form of the study stays valid, so the version stays.
            ImagingStudy.objects.filter(pk=study.pk).update(stake=stake)
            changed += 1
    return changed
