"""The facts of many cases at once: as many queries for sixty cases of one day as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max

from careteam.people.models import Team
from patients.goals.queries import GoalsNow, goals_summary
from patients.guidance.queries import snapshots
from patients.guidance.rules import Snapshot
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import CROSS_SECTIONAL, DONE, NOT_YET_DONE, StudyModality, StudyStatus
from patients.record.models import Comorbidity, Diagnosis, Measurement, Patient, Specimen, SymptomAssessment
from patients.record.rules import CGA, HIAA, MEASURES
from patients.triage.models import SymptomCall
from patients.trials.models import Trial, TrialConsideration
from patients.trials.rules import TrialStatus
from tumorboard.readiness.rules import Ahead, CaseFacts, Scan
from tumorboard.referrals.models import Referral

# What counts as a marker of the tumor; LOINC (`model.md` 11).
MARKERS = (CGA, "25587-7", "30169-7", HIAA, "15060-7", "57371-7")
_WANTED = (*CROSS_SECTIONAL, StudyModality.SSTR_PET, StudyModality.FDG_PET)


@dataclass(frozen=True)
class _Read:
    snapshots: Mapping[int, Snapshot]
    goals: Mapping[int, GoalsNow]
    diagnoses: Mapping[int, Diagnosis]
    specimens: Mapping[int, list[Specimen]]
    studies: Mapping[int, list[ImagingStudy]]
    markers: Mapping[int, Measurement]
    comorbidities: Mapping[int, int]
    symptoms: Mapping[int, date]
    considered: Mapping[int, int]
    open_trials: frozenset[int]  # teams


def case_facts(referrals: Sequence[Referral], on: date) -> dict[int, CaseFacts]:
    """By referral id, as the cases stand on the day. Referrals with `patient__team` and `submitted_by`."""
    if not referrals:
        return {}
    patients = {referral.patient_id: referral.patient for referral in referrals}
    read = _read(list(patients.values()), on)
    return {referral.pk: _facts(referral, read, on) for referral in referrals}


def _read(patients: Sequence[Patient], on: date) -> _Read:
    ids = sorted(patient.pk for patient in patients)
    teams = {patient.pk: patient.team for patient in patients}
    goals = goals_summary(ids, on)
    markers = Measurement.objects.valid().filter(patient_id__in=ids, code__in=MARKERS, taken_at__date__lte=on)
    return _Read(
        snapshots=snapshots(patients, on, goals=goals),
        goals=goals,
        diagnoses={row.patient_id: row for row in Diagnosis.objects.valid().filter(patient_id__in=ids, is_main=True)},
        specimens=_grouped(Specimen.objects.valid().filter(patient_id__in=ids).order_by("-taken_on", "-pk")),
        studies=_studies(ids),
        markers={
            row.patient_id: row for row in markers.order_by("patient_id", "-taken_at", "-pk").distinct("patient_id")
        },
        comorbidities=_counted(Comorbidity.objects.valid().filter(patient_id__in=ids)),
        symptoms=_symptoms(teams),
        considered=_counted(TrialConsideration.objects.valid().filter(patient_id__in=ids)),
        open_trials=frozenset(
            Trial.objects.filter(team_id__in={team.pk for team in teams.values()}, status=TrialStatus.OPEN)
            .values_list("team_id", flat=True)
            .distinct()
        ),
    )


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _counted(rows: Any) -> dict[int, int]:
    return dict(rows.values_list("patient_id").annotate(many=Count("pk")).order_by("patient_id"))


def _studies(ids: list[int]) -> dict[int, list[ImagingStudy]]:
    """The latest scan of each kind that was done, and the next one of each that is not; two queries."""
    rows = ImagingStudy.objects.valid().filter(patient_id__in=ids, modality__in=_WANTED)
    done = rows.filter(status__in=DONE, performed_on__isnull=False)
    ahead = rows.filter(status__in=NOT_YET_DONE)
    light = ("report", "conclusion")
    return _grouped(
        [
            *done.order_by("patient_id", "modality", "-performed_on", "-pk")
            .distinct("patient_id", "modality")
            .defer(*light),
            *ahead.order_by("patient_id", "modality", "due_on", "pk").distinct("patient_id", "modality").defer(*light),
        ]
    )


def _symptoms(teams: Mapping[int, Team]) -> dict[int, date]:
    """When each was asked last: a symptom form, or what was told by phone."""
    asked = SymptomAssessment.objects.valid().filter(patient_id__in=teams).order_by("patient_id")
    told = SymptomCall.objects.valid().filter(patient_id__in=teams).order_by("patient_id")
    found: dict[int, date] = dict(asked.values_list("patient_id").annotate(on=Max("assessed_on")))
    for patient_id, at in told.values_list("patient_id").annotate(at=Max("called_at")):
        on = teams[patient_id].local_date(at)
        found[patient_id] = max(on, found.get(patient_id, on))
    return found


def _facts(referral: Referral, read: _Read, on: date) -> CaseFacts:
    patient = referral.patient
    goals, diagnosis = read.goals[patient.pk], read.diagnoses.get(patient.pk)
    specimens, marker = read.specimens.get(patient.pk, []), read.markers.get(patient.pk)
    told = next((row for row in specimens if row.differentiation), None)
    specimen = told or next(iter(specimens), None)
    studies = read.studies.get(patient.pk, [])
    return CaseFacts(
        snapshot=read.snapshots[patient.pk],
        question=referral.question,
        question_kind=referral.question_kind,
        kind=referral.kind,
        referrer=referral.external_referrer or str(referral.submitted_by or ""),
        consent=referral.consent,
        stage_edition=diagnosis.stage_edition if diagnosis else "",
        diagnosis_id=diagnosis.pk if diagnosis else None,
        differentiation=told.get_differentiation_display() if told else "",
        specimen_id=specimen.pk if specimen else None,
        scan=_scan(studies, CROSS_SECTIONAL, on),
        scan_ahead=_ahead(studies, CROSS_SECTIONAL, patient.team),
        sstr_ahead=_ahead(studies, {StudyModality.SSTR_PET}, patient.team),
        fdg=_scan(studies, {StudyModality.FDG_PET}, on),
        marker_on=patient.team.local_date(marker.taken_at) if marker else None,
        marker=(MEASURES[marker.code].label if marker.code in MEASURES else marker.label) if marker else "",
        goals_on=goals.held_on,
        goals_review_on=goals.review_on,
        goals_before_progression=goals.before_progression,
        goals_event_passed=goals.event_passed,
        comorbidities=read.comorbidities.get(patient.pk, 0),
        symptoms_on=read.symptoms.get(patient.pk),
        trials_open=patient.team_id in read.open_trials,
        trials_considered=read.considered.get(patient.pk, 0),
    )


def _scan(studies: Iterable[ImagingStudy], modalities: Iterable[str], on: date) -> Scan | None:
    wanted = set(modalities)
    done = [
        study
        for study in studies
        if study.modality in wanted and study.status in DONE and study.performed_on and study.performed_on <= on
    ]
    if not done:
        return None
    last = max(done, key=lambda study: (study.performed_on or date.min, study.pk))
    words = f"{last.get_modality_display()}{f', {last.region}' if last.region else ''}"
    return Scan(last.pk, last.performed_on or on, words, last.status != StudyStatus.PERFORMED)


def _ahead(studies: Iterable[ImagingStudy], modalities: Iterable[str], team: Team) -> Ahead | None:
    wanted = set(modalities)
    coming = [study for study in studies if study.modality in wanted and study.status in NOT_YET_DONE]
    if not coming:
        return None
    first = min(coming, key=lambda study: (study.scheduled_for is None, study.scheduled_for or study.due_on, study.pk))
    return Ahead(first.pk, team.local_date(first.scheduled_for) if first.scheduled_for else None)
