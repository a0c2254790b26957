"""What was entered by mistake is taken back with its reason; the history keeps what stood there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from patients.imaging import policies
from patients.imaging.commands.base import (
    audit,
    close_with,
    lock,
    lock_patient,
    move,
    refresh_step,
    reopen_reminders,
    start_report,
    withdraw_late,
)
from patients.imaging.commands.plans import replan
from patients.imaging.commands.responses import drop_statuses
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import AnchorKind, CloseReason, StudyStatus
from patients.imaging.rules.codes import state_before

if TYPE_CHECKING:
    from datetime import date

    from careteam.people.models import User

REPORT_FIELDS = (
    *("report", "conclusion", "response", "is_urgent", "reported_at", "review_due_on", "reviewed_at", "reviewed_by"),
    *("decision_due_on", "acted_on_at", "acted_note", "amended_at", "report_due_on"),
)


@transaction.atomic
def take_back_performed(
    study: ImagingStudy, *, reason: str, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """The scan was not made (or was another patient's): the study returns to where it was, and the plan counts again
    from what was really done."""
    lock_patient(study.patient)
    study = lock(study, version)
    insist(policies.why_not_take_back_performed(study, by, reason))
    was = study.performed_on
    undo_performed(study, by=by, now=now)
    audit("take_back_performed", study, by=by, now=now, reason=reason, on=str(was))
    replan(study.patient, by=by, now=now)
    return _fresh(study)


def undo_performed(study: ImagingStudy, *, by: User | None, now: datetime) -> None:
    """A locked study returns to where it was, and its plan counts from what it counted from before; the caller audits
    and recomputes. Where the plan's next study has begun already, that one goes on and this one is closed."""
    was = study.performed_on
    withdraw_late([study], now=now)
    if policies.is_occupied(study):
        close_with(study, CloseReason.ERROR, by=by, now=now, verb="close_study")
        return
    _make_way(study, by=by, now=now)
    study.due_on = study.due_on or was
    study.performed_on, study.report_due_on = None, None
    move(study, _before(study), "due_on", "performed_on", "report_due_on", correcting=True, now=now)
    reopen_reminders(study)
    _restore_anchors(study, AnchorKind.SCAN, on=was)
    refresh_step(study, now=now)


@transaction.atomic
def take_back_report(
    study: ImagingStudy, *, reason: str, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """The report belongs elsewhere: it leaves the study with its response and review, which the record takes back too.
    The report that belongs here is outstanding again, from today."""
    study = lock(study, version)
    insist(policies.why_not_take_back_report(study, by, reason))
    before = study.status
    clear_report(study, reason=f"Report taken back: {reason}", by=by, now=now)
    audit("take_back_report", study, by=by, now=now, reason=reason, before=before)
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return study


def clear_report(study: ImagingStudy, *, reason: str, by: User | None, now: datetime) -> None:
    """Takes report, review and response off a locked study; its own report is outstanding from today."""
    withdraw_late([study], now=now)
    drop_statuses(study, reason=reason, by=by, now=now)
    study.report = study.conclusion = study.response = study.acted_note = ""
    study.is_urgent, study.reviewed_by = False, None
    study.reported_at = study.reviewed_at = study.acted_on_at = study.amended_at = None
    study.review_due_on = study.decision_due_on = study.report_due_on = None
    if study.patient.is_in_care:
        start_report(study, on=study.patient.team.local_date(now))
    move(study, StudyStatus.PERFORMED, *REPORT_FIELDS, correcting=True, now=now)


@transaction.atomic
def reopen_study(
    study: ImagingStudy, *, reason: str, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """Closed by mistake: the study stands where it stood. The plan counts again from where it counted before, and what
    it had planned instead gives way."""
    lock_patient(study.patient)
    study = lock(study, version)
    insist(policies.why_not_reopen(study, by, reason))
    closed = study.close_reason
    if study.performed_on is None:
        _make_way(study, by=by, now=now)
    study.closed_at, study.close_reason = None, ""
    move(study, _before(study), "closed_at", "close_reason", correcting=True, now=now)
    audit("reopen_study", study, by=by, now=now, reason=reason, closed=closed)
    _restore_anchors(study, AnchorKind.MANUAL)
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return _fresh(study)


def _before(study: ImagingStudy) -> StudyStatus:
    """Where the study stood, read off what it still says."""
    return state_before(
        ordered=study.ordered_at is not None,
        scheduled=study.scheduled_for is not None,
        performed=study.performed_on is not None,
    )


def _make_way(study: ImagingStudy, *, by: User | None, now: datetime) -> None:
    """What the plan had made due instead is superseded; one outstanding study per plan."""
    if study.plan_id is None:
        return
    others = ImagingStudy.objects.valid().outstanding().filter(plan_id=study.plan_id).exclude(pk=study.pk)
    for row in others:
        close_with(lock(row), CloseReason.SUPERSEDED, by=by, now=now, verb="close_study")


def _restore_anchors(study: ImagingStudy, kind: AnchorKind, *, on: date | None = None) -> None:
    """Running plans that count from what is being taken back (a day chosen at closing, a scan of that day) count again
    from what they counted from before; the plan is recomputed after it."""
    plans = SurveillancePlan.objects.valid().filter(patient_id=study.patient_id, stopped_on=None, anchor_kind=kind)
    for plan in plans.filter(anchor_on=on) if on is not None else plans.filter(pk=study.plan_id):
        found = _anchor_before(plan)
        if found is not None:
            plan.anchor_on, plan.anchor_kind = found
            plan.save_version("anchor_on", "anchor_kind")


def _anchor_before(plan: SurveillancePlan) -> tuple[date, str] | None:
    tracked: Any = SurveillancePlan
    history = tracked.pgh_event_model.objects.filter(pgh_obj_id=plan.pk)
    history = history.exclude(anchor_on=plan.anchor_on, anchor_kind=plan.anchor_kind).order_by("-pgh_id")
    found: tuple[date, str] | None = history.values_list("anchor_on", "anchor_kind").first()
    return found


def _fresh(study: ImagingStudy) -> ImagingStudy:
    """The study after the plan was recomputed, which may have moved its date."""
    found: ImagingStudy = ImagingStudy.objects.select_related("patient__team", "plan", "owner").get(pk=study.pk)
    return found
