"""Labs of surveillance: a result that is recorded, corrected or taken back moves the study that waited for it; a person
starts what the record asks for, or says that it is not needed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from patients.imaging import policies
from patients.imaging.commands.arrivals import Arrival, receive
from patients.imaging.commands.base import audit, audit_plan, lock, lock_patient
from patients.imaging.commands.corrections import clear_report, undo_performed
from patients.imaging.commands.lab_steps import ask_labs
from patients.imaging.commands.plans import replan, start_plan
from patients.imaging.commands.studies import review
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.queries.facts import answered_from, known_of, resolution_for
from patients.imaging.queries.labs import Drawn, Results, measured_studies, waiting_labs
from patients.imaging.rules import LABS, StopReason, StudyStatus
from patients.protocol.queries import number
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def receive_results(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Holds the patient's labs against the results of the record as they are now: what waited and was measured is
    reported and waits for its reader; a corrected value is read again; a report whose results were taken back leaves.
    Recomputes the plans, for which any result of the test counts. Returns how many studies moved. Safe at any time.

    Nothing moves for a patient who is not in care.
    """
    patient = lock_patient(patient)
    if not patient.is_in_care:
        return 0
    results = Results(patient)
    moved = sum(_hold(study, results, by=by, now=now) for study in measured_studies(patient))
    window = number(patient.team_id, "imaging.window").days
    used = _days_used(patient)
    for study in waiting_labs(patient):
        found = _answer(study, results, used.get(study.modality), window)
        if found is not None:
            _report(study, found, by=by, now=now)
            moved += 1
    replan(patient, by=by, now=now)
    ask_labs(patient, now=now)
    return moved


def _days_used(patient: Patient) -> dict[str, date]:
    """The last day of each lab that a study was made of already."""
    rows = ImagingStudy.objects.valid().filter(patient=patient, modality__in=LABS, performed_on__isnull=False)
    rows = rows.exclude(status=StudyStatus.PERFORMED)
    return dict(rows.order_by("performed_on").values_list("modality", "performed_on"))


def _answer(study: ImagingStudy, results: Results, used: date | None, window: int) -> Drawn | None:
    """The newest result that this study waited for: of the day the sample was taken; from the day it was ordered on; or
    from the plan's window before its due date on. One that another study was made of counts once."""
    days = results.days(study.modality)
    if study.performed_on is not None:
        taken = study.performed_on
        day = next((on for on in days if abs(on - taken) <= timedelta(days=1)), None)
        found = results.on(study.modality, day) if day is not None else None
        return found if found is not None and found.ids != study.measured else None
    since = answered_from(study, study.patient.team, window)
    day = next((on for on in days if on >= since and (used is None or on > used)), None)
    return results.on(study.modality, day) if day is not None else None


def _report(study: ImagingStudy, found: Drawn, *, by: User | None, now: datetime) -> None:
    study = receive(study, Arrival(found.on, reported_at=now, conclusion=found.said), by=by, now=now)
    study.measured, study.is_quiet, study.performed_on = found.ids, found.is_quiet, found.on
    study.report = f"Before: {found.before}." if found.before else ""
    study.save_version("measured", "is_quiet", "performed_on", "report")


def _hold(study: ImagingStudy, results: Results, *, by: User | None, now: datetime) -> bool:
    """A study against the results it was made of. True when it moved."""
    on = study.performed_on
    if on is None or on not in results.days(study.modality):
        _take_back(study, by=by, now=now)
        return True
    found = results.on(study.modality, on)
    if study.conclusion in found.ways or (study.status == StudyStatus.PERFORMED and found.ids == study.measured):
        return False  # nothing changed, or a person took the report back
    _report(study, found, by=by, now=now)
    return True


def _take_back(study: ImagingStudy, *, by: User | None, now: datetime) -> None:
    """Its results were entered in error: the sample is outstanding again."""
    study = lock(study)
    was = study.performed_on
    if study.status != StudyStatus.PERFORMED:
        clear_report(study, reason="The result was taken back", by=by, now=now)
    study.measured, study.is_quiet = [], False
    study.save_version("measured", "is_quiet")
    audit("take_back_result", study, by=by, now=now, on=str(was))
    undo_performed(study, by=by, now=now)


@transaction.atomic
def start_labs(
    patient: Patient,
    modalities: Collection[str],
    *,
    not_needed: Collection[str] = (),
    reason: str = "",
    by: User,
    now: datetime,
) -> list[SurveillancePlan]:
    """Starts these labs at the team's intervals; those that are not needed are remembered with the reason, so that
    nobody is asked again. Returns the plans that run."""
    patient = lock_patient(patient)
    insist(policies.why_not_plan(patient, by))
    if not_needed and not reason.strip():
        raise ValidationError({"reason": "Say why the others are not needed."})
    today = patient.team.local_date(now)
    running = set(
        SurveillancePlan.objects.valid().filter(patient=patient, stopped_on=None).values_list("modality", flat=True)
    )
    plans = [start_plan(patient, modality=kind, by=by, now=now) for kind in modalities if kind not in running]
    for kind in not_needed:
        if kind not in running:
            _decline(patient, kind, reason=reason, today=today, by=by, now=now)
    ask_labs(patient, now=now)
    return plans


def _decline(patient: Patient, modality: str, *, reason: str, today: date, by: User, now: datetime) -> None:
    facts = known_of([patient.pk])[patient.pk].of(today=today, plan_modality=modality)
    found = resolution_for(patient.team_id, facts)
    if found is None:
        return
    plan = SurveillancePlan.objects.create(
        patient=patient,
        modality=modality,
        situation=found.code,
        interval_days=found.interval_days,
        anchor_on=found.anchor_on,
        anchor_kind=found.anchor_kind,
        why=found.why[:300],
        override_reason=reason.strip()[:250],
        confirmed_at=now,
        stopped_on=today,
        stop_reason=StopReason.NOT_NEEDED,
        created_by=by,
    )
    audit_plan("decline_labs", plan, by=by, now=now, reason=plan.override_reason)


@transaction.atomic
def review_at_once(study: ImagingStudy, *, version: int, by: User, now: datetime) -> ImagingStudy:
    """A named clinician has read a result of which every value lies within its reference range; surveillance goes on.
    Raises `StaleEdit` when the result was changed after it was shown."""
    current = lock(study, version)
    insist(policies.why_not_review_at_once(current, by))
    return review(current, response="", nothing_to_do=True, by=by, now=now, version=version)
