"""Which study a scan that arrives from elsewhere is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from django.db.models import Q

from patients.imaging.models import ImagingStudy
from patients.imaging.rules import NOT_YET_DONE, StudyStatus, qualifies
from patients.protocol.queries import number
from patients.record.models import Patient

SAME_DAY = timedelta(days=1)  # a scan late in the evening, a report dated the next morning


def answered_by(
    patient: Patient,
    *,
    modality: str,
    region: str,
    on: date,
    accession_number: str = "",
    apart_from: Collection[int] = (),
) -> ImagingStudy | None:
    """The study of this patient that a scan of that day is (one or two queries): by its accession number, whatever its
    state; else the one that was made that day (awaiting its report, or reported here by hand), or was booked for it;
    else, of its own modality, the outstanding one with the nearest due date, from the plan's window before it on.
    None: a scan of its own, which may still count for a plan."""
    rows = (
        ImagingStudy.objects.valid()
        .filter(patient=patient)
        .exclude(pk__in=apart_from)
        .select_related("patient__team", "plan", "owner")
    )
    if accession_number:
        named: ImagingStudy | None = rows.filter(accession_number=accession_number).order_by("pk").first()
        if named is not None:
            return named
    same = [
        study
        for study in rows.filter(modality=modality).exclude(status=StudyStatus.CLOSED).filter(_waits_or_lies_near(on))
        if qualifies(modality, region, plan_modality=study.modality)
        and not (accession_number and study.accession_number)  # both have one, and they differ
    ]
    that_day = [study for study in same if _lies_on(study, on)]
    if that_day:
        first: ImagingStudy = min(that_day, key=lambda study: study.pk)
        return first
    window = timedelta(days=number(patient.team_id, "imaging.window").days)
    waiting = [s for s in same if s.status in NOT_YET_DONE and s.due_on is not None and on >= s.due_on - window]
    nearest: ImagingStudy | None = min(waiting, key=lambda s: (abs((s.due_on or on) - on), s.pk), default=None)
    return nearest


def _waits_or_lies_near(on: date) -> Q:
    return Q(status__in=NOT_YET_DONE) | Q(performed_on__range=(on - SAME_DAY, on + SAME_DAY))


def _lies_on(study: ImagingStudy, on: date) -> bool:
    if study.performed_on is not None:
        return study.status == StudyStatus.PERFORMED or not study.source
    if study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None:
        return abs(study.patient.team.local_date(study.scheduled_for) - on) <= SAME_DAY
    return False


def is_somebody_elses(patient: Patient, accession_number: str) -> bool:
    """Whether a study of another patient of the team has this accession number."""
    rows = ImagingStudy.objects.valid().filter(team_id=patient.team_id, accession_number=accession_number)
    return bool(accession_number) and rows.exclude(patient=patient).exists()
