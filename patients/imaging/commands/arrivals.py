"""What a source sends closes its own loop: the scan that was made, its report, a report that was amended or withdrawn.

Nothing here starts a clock, a step or a reminder for a patient who is not in our care (`model.md` 2); when the patient
is taken into care, `start_clocks` starts them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.imaging.commands.base import (
    audit,
    close_with,
    finish_reminders,
    lock,
    lock_patient,
    move,
    refresh_step,
    start_report,
    start_review,
    withdraw_late,
)
from patients.imaging.commands.corrections import REPORT_FIELDS, clear_report
from patients.imaging.commands.plans import replan
from patients.imaging.commands.responses import has_status
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.arrivals import answered_by
from patients.imaging.rules import DONE, NOT_YET_DONE, CloseReason, StudyStatus
from patients.protocol.queries import number
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Arrival:
    """What the source says about a scan that was made. `reported_at` None: there is no report (any more)."""

    performed_on: date
    reported_at: datetime | None = None
    conclusion: str = ""
    accession_number: str = ""


@transaction.atomic
def receive(study: ImagingStudy, arrival: Arrival, *, by: User | None, now: datetime) -> ImagingStudy:
    """Moves the study as far as the source says, by the table of states: made, reported; a changed report is unread
    again (the old text stays in the history), a withdrawn one leaves. The same arrival again changes nothing."""
    study = lock(study)
    _receive_scan(study, arrival, by=by, now=now)
    if arrival.reported_at is not None:
        _receive_report(study, arrival, by=by, now=now)
    elif study.status in DONE and study.status != StudyStatus.PERFORMED:
        _withdraw_report(study, arrival, by=by, now=now)
    refresh_step(study, now=now)
    return study


def _receive_scan(study: ImagingStudy, arrival: Arrival, *, by: User | None, now: datetime) -> None:
    if study.status not in NOT_YET_DONE and study.status != StudyStatus.CLOSED:
        return
    was_closed = study.status == StudyStatus.CLOSED
    study.performed_on = arrival.performed_on
    study.accession_number = study.accession_number or arrival.accession_number
    study.closed_at, study.close_reason = None, ""
    if study.patient.is_in_care:
        start_report(study, on=arrival.performed_on)
    fields = ("performed_on", "accession_number", "closed_at", "close_reason", "report_due_on")
    move(study, StudyStatus.PERFORMED, *fields, correcting=was_closed, now=now)
    finish_reminders(study, by=by, now=now)
    audit("receive", study, by=by, now=now, on=arrival.performed_on.isoformat(), reopened=was_closed)


def _receive_report(study: ImagingStudy, arrival: Arrival, *, by: User | None, now: datetime) -> None:
    before = StudyStatus(study.status)
    if before != StudyStatus.PERFORMED and study.conclusion == arrival.conclusion:
        return
    amended = before != StudyStatus.PERFORMED
    withdraw_late([study], now=now)
    study.conclusion = arrival.conclusion
    study.reported_at = arrival.reported_at
    study.accession_number = study.accession_number or arrival.accession_number
    if amended:
        study.amended_at = now
        study.reviewed_at = study.reviewed_by = study.acted_on_at = study.decision_due_on = None
        study.acted_note = ""
    study.review_due_on = None
    if study.patient.is_in_care:
        start_review(study, now=now)
    move(study, StudyStatus.REPORTED, *REPORT_FIELDS, "accession_number", correcting=amended, now=now)
    audit("amend_report" if amended else "receive_report", study, by=by, now=now, before=str(before))
    _tell(study, now=now)


def _withdraw_report(study: ImagingStudy, arrival: Arrival, *, by: User | None, now: datetime) -> None:
    """The source took its report back. What a clinician concluded from it stands until a clinician has seen that it is
    gone; without such a conclusion the report is simply outstanding again."""
    if has_status(study):
        gone = replace(arrival, reported_at=study.reported_at or now, conclusion="")
        _receive_report(study, gone, by=by, now=now)
    else:
        clear_report(study, reason="Withdrawn by the source", by=by, now=now)
        audit("withdraw_report", study, by=by, now=now)


def _tell(study: ImagingStudy, *, now: datetime) -> None:
    announce(
        EventKind.STUDY_REPORTED,
        now=now,
        team_id=study.team_id,
        patient_id=study.patient_id,
        subject_id=study.pk,
        payload={"urgent": study.is_urgent},
    )


@transaction.atomic
def close_answered(scan: ImagingStudy, *, by: User | None, now: datetime) -> bool:
    """An order that came as a row of its own is answered by the scan that came as another: it closes. True when one
    was."""
    if scan.performed_on is None:
        return False
    found = answered_by(
        scan.patient, modality=scan.modality, region=scan.region, on=scan.performed_on, apart_from=[scan.pk]
    )
    if found is None or found.status not in NOT_YET_DONE or not found.source:
        return False
    close_with(lock(found), CloseReason.SUPERSEDED, by=by, now=now, verb="close_study")
    return True


@transaction.atomic
def start_clocks(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Scans and reports that came without a clock get one, counted from today: the patient is in our care. A scan of
    long ago is history. Recomputes the plans, for which such a scan may count. Returns how many clocks were started."""
    patient = lock_patient(patient)
    if not patient.is_in_care:
        return 0
    today = patient.team.local_date(now)
    recent = today - timedelta(days=number(patient.team_id, "arrival.history").days)
    rows = ImagingStudy.objects.valid().filter(patient=patient).select_related("patient__team", "plan", "owner")
    reports = rows.filter(status=StudyStatus.REPORTED, review_due_on__isnull=True)
    scans = rows.filter(status=StudyStatus.PERFORMED, report_due_on__isnull=True, performed_on__gte=recent)
    started = 0
    for row in [*reports.order_by("pk"), *scans.order_by("pk")]:
        study = lock(row)
        if study.status == StudyStatus.REPORTED:
            start_review(study, now=now)
            _tell(study, now=now)
        else:
            start_report(study, on=today)
        study.save_version("review_due_on", "report_due_on")
        audit("start_clock", study, by=by, now=now)
        refresh_step(study, now=now)
        started += 1
    for study in rows.outstanding().filter(plan__isnull=True).exclude(source=""):
        refresh_step(study, now=now)
    replan(patient, by=by, now=now)
    return started
