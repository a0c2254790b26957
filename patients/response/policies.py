"""Who may read a study by RECIST, and which one. Empty list: allowed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from patients.imaging.models import ImagingStudy
from patients.imaging.policies import why_not_confirm_response
from patients.imaging.rules import CROSS_SECTIONAL, DONE, MEASURED_ON
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.response.queries import Series
from patients.response.rules import Lesion as LesionRule
from patients.response.rules import LesionRole, why_not_targets

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient


def why_not_assess(study: ImagingStudy, user: User) -> list[str]:
    """A reader or a reviewing clinician, about a CT, MRI or PET that was made."""
    reasons = why_not_confirm_response(study, user, "")
    if study.modality not in MEASURED_ON:
        reasons.append("RECIST is read on CT, MRI or PET/CT.")
    return reasons


def next_to_read(patient: Patient, found: Sequence[Series]) -> ImagingStudy | None:
    """The latest scan of the patient that could be read by RECIST and was not; None when there is none."""
    read = {column.study.pk for series in found for column in series.columns}
    studies = ImagingStudy.objects.valid().filter(
        patient=patient, status__in=DONE, performed_on__isnull=False, modality__in=CROSS_SECTIONAL
    )
    latest: ImagingStudy | None = studies.order_by("-performed_on", "-pk").first()
    return latest if latest is not None and latest.pk not in read else None


def why_not_in_series(series: Series, study: ImagingStudy) -> list[str]:
    """A series begins with its baseline: no study before it, of the same day neither."""
    if not series.columns or series.at(study) is not None or series.before(study):
        return []
    first = series.columns[0].study
    return [f"The baseline of this line is of {first.performed_on:%d %b %Y}. Take it back to start earlier."]


def why_not_take_back(assessment: ResponseAssessment, series: Series, user: User, reason: str) -> list[str]:
    """Later assessments that rest on this one go first."""
    reasons = why_not_confirm_response(assessment.study, user, "")
    if not reason.strip():
        reasons.append("Say what was wrong.")
    if assessment.is_baseline and len(series.columns) > 1:
        reasons.append("Later assessments rest on this baseline: take those back first.")
    elif LesionReading.objects.valid().filter(lesion__found_in=assessment).exclude(assessment=assessment).exists():
        reasons.append("Later assessments follow a lesion that was new here: take those back first.")
    return reasons


def why_not_describe(lesion: Lesion, series: Series, user: User, described: LesionRule) -> dict[str, str]:
    """May the lesion be described like this, by the form's field ("__all__": as a whole): a reader may, and a target
    stays one: large enough for what it is, at most two per organ at baseline."""
    reasons = why_not_confirm_response(lesion.found_in.study, user, "")
    if lesion.error_at is not None:
        reasons.append("The assessment in which this lesion was named was taken back.")
    if not described.organ.strip():
        return {"organ": "Name the organ."}
    if reasons:
        return {"__all__": " ".join(reasons)}
    if lesion.role != LesionRole.TARGET or not series.columns:
        return {}
    start = series.columns[0].readings
    targets = [
        (described if each.pk == lesion.pk else each.rule, start[each.pk].mm or Decimal(0))
        for each in series.lesions
        if each.role == LesionRole.TARGET and each.pk in start
    ]
    said = why_not_targets(targets)
    wrong = next((said[key] for key in (described.key, "") if key in said), "")
    return {"organ": wrong or next(iter(said.values()))} if said else {}
