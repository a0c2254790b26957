"""One study from order to the act that follows from its report."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.imaging import policies
from patients.imaging.commands.base import (
    audit,
    close_with,
    finish_reminders,
    lock,
    move,
    refresh_step,
    reopen_reminders,
    set_decision_clock,
    start_report,
    start_review,
    withdraw_late,
)
from patients.imaging.commands.early import ordered_early
from patients.imaging.commands.plans import coordinator_of, replan, skip_study
from patients.imaging.commands.preparation import prepare
from patients.imaging.commands.responses import drop_statuses, write_status
from patients.imaging.commands.stakes import weigh
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.labs import repeat_of
from patients.imaging.rules import CloseReason, StudyStatus
from patients.imaging.rules.preparation import Answers
from patients.record.models import Patient
from patients.record.rules import ResponseCategory

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def add_study(
    patient: Patient,
    *,
    modality: str,
    region: str = "",
    due_on: date,
    by: User,
    now: datetime,
    owner: User | None = None,
    early_reason: str = "",
) -> ImagingStudy:
    """A study outside the plan: an early scan for a symptom, a PET before PRRT. It stands on the worklist like the
    others; a qualifying one resets the plan once it is performed. A lab with a new result wants `early_reason`."""
    insist([*policies.why_not_add_study(patient, by), *policies.why_not_modality(modality)])
    study = ImagingStudy(
        patient=patient,
        team_id=patient.team_id,
        modality=modality,
        region=region.strip(),
        status=StudyStatus.PLANNED,
        due_on=due_on,
        owner=owner or coordinator_of(patient, by),
        early_reason="",
        created_by=by,
    )
    _insist_on_reason(study, early_reason, now=now)
    study.save(force_insert=True)
    audit("add_study", study, by=by, now=now, reason=study.early_reason, due=due_on.isoformat())
    weigh(patient)
    ordered_early(patient, by=by, now=now)
    refresh_step(study, now=now)
    return study


@transaction.atomic
def order(
    study: ImagingStudy, *, by: User, now: datetime, version: int | None = None, early_reason: str = ""
) -> ImagingStudy:
    """The request has gone out. A lab with a new result wants `early_reason`, a sentence that is kept."""
    study = lock(study, version)
    insist(policies.why_not_work(study, by, StudyStatus.ORDERED))
    _insist_on_reason(study, early_reason, now=now)
    study.ordered_at = now
    move(study, StudyStatus.ORDERED, "ordered_at", "early_reason", now=now)
    finish_reminders(study, by=by, now=now)
    audit("order", study, by=by, now=now, reason=early_reason.strip())
    refresh_step(study, now=now)
    return study


def _insist_on_reason(study: ImagingStudy, reason: str, *, now: datetime) -> None:
    """Nobody is tested again by accident: who asks for a lab whose result is new says why, once. It informs; a sentence
    is enough."""
    study.early_reason = reason.strip()[:250] or study.early_reason
    if not study.is_lab or study.early_reason or study.ordered_at is not None:
        return
    repeat = repeat_of(study.patient, study.modality, today=study.patient.team.local_date(now))
    if repeat is not None:
        raise ValidationError({"early_reason": f"{repeat.words}. Say why it is asked for again."})


@transaction.atomic
def take_back_order(study: ImagingStudy, *, by: User, now: datetime, version: int) -> ImagingStudy:
    """Undo of `order` by whoever ordered, as long as nothing else happened (`version` is that after the order): back
    to planned; what the order had answered, the next sweep asks again."""
    study = lock(study, version)
    insist(policies.why_not_work(study, by, StudyStatus.PLANNED))
    study.ordered_at = None
    move(study, StudyStatus.PLANNED, "ordered_at", now=now)
    reopen_reminders(study)
    audit("take_back_order", study, by=by, now=now)
    refresh_step(study, now=now)
    return study


@transaction.atomic
def schedule(
    study: ImagingStudy,
    *,
    at: datetime,
    place: str,
    by: User,
    now: datetime,
    answers: Answers | None = None,
    version: int | None = None,
    early_reason: str = "",
) -> ImagingStudy:
    """Books (or moves) the slot, with what was asked for it; not yet ordered counts as ordered now. An open point of
    the preparation never refuses: it becomes a step."""
    study = lock(study, version)
    insist(policies.why_not_work(study, by, StudyStatus.SCHEDULED))
    if at < now:
        raise ValidationError({"at": "The slot lies in the past. Record the scan as performed instead."})
    _insist_on_reason(study, early_reason, now=now)
    study.ordered_at = study.ordered_at or now
    study.scheduled_for, study.place = at, place.strip()
    move(study, StudyStatus.SCHEDULED, "ordered_at", "scheduled_for", "place", "early_reason", now=now)
    finish_reminders(study, by=by, now=now)
    audit("schedule", study, by=by, now=now, at=at.isoformat())
    refresh_step(study, now=now)
    if answers is not None and answers.written():
        study = prepare(study, answers, by=by, now=now)
    return study


def _back_to_ordered(
    study: ImagingStudy, verb: str, *, reason: str, by: User, now: datetime, version: int | None
) -> ImagingStudy:
    study = lock(study, version)
    insist([*policies.why_not_work(study, by, StudyStatus.ORDERED), *([] if reason.strip() else ["Say why."])])
    before = study.scheduled_for
    study.scheduled_for, study.place = None, ""
    move(study, StudyStatus.ORDERED, "scheduled_for", "place", now=now)
    reopen_reminders(study)
    audit(verb, study, by=by, now=now, reason=reason, slot=before.isoformat() if before else "")
    refresh_step(study, now=now)
    return study


@transaction.atomic
def mark_no_show(
    study: ImagingStudy, *, reason: str, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """The patient did not come: the study returns to ordered and to the list."""
    return _back_to_ordered(study, "mark_no_show", reason=reason, by=by, now=now, version=version)


@transaction.atomic
def cancel_slot(
    study: ImagingStudy, *, reason: str, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """The slot fell away: the study returns to ordered and to the list."""
    return _back_to_ordered(study, "cancel_slot", reason=reason, by=by, now=now, version=version)


@transaction.atomic
def record_performed(
    study: ImagingStudy,
    *,
    on: date,
    by: User,
    now: datetime,
    center: str = "",
    accession_number: str = "",
    version: int | None = None,
) -> ImagingStudy:
    """The scan was made. A qualifying one answers the plan: the next study is due an interval after it."""
    study = lock(study, version)
    insist(policies.why_not_perform(study, by, on=on, today=study.patient.team.local_date(now)))
    study.performed_on = on
    study.center = center.strip() or study.center
    study.accession_number = accession_number.strip() or study.accession_number
    start_report(study, on=on)
    move(study, StudyStatus.PERFORMED, "performed_on", "center", "accession_number", "report_due_on", now=now)
    finish_reminders(study, by=by, now=now)
    audit("record_performed", study, by=by, now=now, on=on.isoformat())
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return study


@transaction.atomic
def record_report(
    study: ImagingStudy,
    *,
    report: str,
    conclusion: str = "",
    response: str = "",
    is_urgent: bool = False,
    by: User,
    now: datetime,
    performed_on: date | None = None,
    version: int | None = None,
) -> ImagingStudy:
    """The report is there; somebody must review it by a date that depends on its urgency. Announces `STUDY_REPORTED`.

    A report for a scan that nobody marked as performed says with `performed_on` when it was made.
    """
    study = lock(study, version)
    if study.performed_on is None and performed_on is not None:
        study = record_performed(study, on=performed_on, by=by, now=now)
    insist(policies.why_not_report(study, by, report=report, conclusion=conclusion, response=response))
    if study.performed_on is None:
        raise ValidationError({"performed_on": "Enter the day of the scan."})
    urgent = is_urgent or response == ResponseCategory.PD
    study.report, study.conclusion, study.response = report.strip(), conclusion.strip(), response
    study.reported_at, study.is_urgent = now, urgent
    start_review(study, now=now)
    move(
        study,
        StudyStatus.REPORTED,
        "report",
        "conclusion",
        "response",
        "reported_at",
        "is_urgent",
        "review_due_on",
        now=now,
    )
    finish_reminders(study, by=by, now=now)
    withdraw_late([study], now=now, kinds=("report",))
    audit("record_report", study, by=by, now=now, urgent=urgent)
    announce(
        EventKind.STUDY_REPORTED,
        now=now,
        team_id=study.team_id,
        patient_id=study.patient_id,
        subject_id=study.pk,
        payload={"urgent": urgent},
    )
    refresh_step(study, now=now)
    return study


@transaction.atomic
def review(
    study: ImagingStudy,
    *,
    response: str,
    by: User,
    now: datetime,
    version: int,
    note: str = "",
    nothing_to_do: bool = False,
) -> ImagingStudy:
    """A named clinician has read the report; `version` is that of the report page they had open.

    A response becomes a `DiseaseStatus` of the record. Announces `STUDY_REVIEWED`, and `PROGRESSION` when it is PD:
    then the clock to a decision runs, and `nothing_to_do` is refused. Raises `StaleEdit` when the report was changed
    after it was opened.
    """
    study = lock(study, version)
    reasons = policies.why_not_review(study, by)
    if response and response not in ResponseCategory.values:
        reasons.append("Choose a response of the list.")
    if response and study.is_lab:
        reasons.append("A lab has no response by RECIST: progression is not concluded from it alone.")
    if response == ResponseCategory.PD and nothing_to_do:
        reasons.append("Progression asks for a decision: say what follows when it is made.")
    insist(reasons)
    study.response, study.reviewed_at, study.reviewed_by = response, now, by
    set_decision_clock(study, now=now, reviewing=True)
    move(study, StudyStatus.REVIEWED, "response", "reviewed_at", "reviewed_by", "decision_due_on", now=now)
    withdraw_late([study], now=now, kinds=("review",))
    if response:
        write_status(study, response, by=by, now=now, note=note)
    else:
        drop_statuses(study, reason="Reviewed without a response", by=by, now=now)
    audit("review", study, by=by, now=now, response=response)
    announce(
        EventKind.STUDY_REVIEWED,
        now=now,
        team_id=study.team_id,
        patient_id=study.patient_id,
        subject_id=study.pk,
        payload={"study": study.pk, "response": response, "on": str(study.performed_on)},
    )
    if nothing_to_do:
        study = act_on(study, note="Nothing to change; surveillance goes on", by=by, now=now)
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return study


@transaction.atomic
def act_on(study: ImagingStudy, *, note: str, by: User, now: datetime, version: int | None = None) -> ImagingStudy:
    """What followed from the report: the loop of this study closes."""
    study = lock(study, version)
    insist(policies.why_not_act_on(study, by, note))
    study.acted_on_at, study.acted_note = now, note.strip()[:250]
    move(study, StudyStatus.ACTED_ON, "acted_on_at", "acted_note", now=now)
    withdraw_late([study], now=now, kinds=("decision",))
    audit("act_on", study, by=by, now=now, reason=note)
    refresh_step(study, now=now)
    return study


@transaction.atomic
def close_study(
    study: ImagingStudy, *, reason: CloseReason, by: User, now: datetime, version: int | None = None
) -> ImagingStudy:
    """Closes an open study without a scan, with one coded reason. A running plan goes on: its next study is due one
    interval later, so that surveillance does not end by accident (that is `stop_plan`)."""
    study = lock(study, version)
    insist(policies.why_not_close(study, by, reason))
    close_with(study, reason, by=by, now=now, verb="close_study")
    plan = study.plan
    if plan is not None and plan.stopped_on is None and study.patient.is_in_care:
        skip_study(study, by=by, now=now)
    return study


@transaction.atomic
def take(study: ImagingStudy, *, by: User, now: datetime, version: int | None = None) -> ImagingStudy:
    """The person owns the study from now on; taking what one owns changes nothing."""
    study = lock(study, version)
    insist(policies.why_not_take(study, by))
    if study.owner_id != by.pk:
        before, study.owner = study.owner_id, by
        study.save_version("owner")
        audit("take", study, by=by, now=now, before=before)
        refresh_step(study, now=now)
    return study


@transaction.atomic
def release(study: ImagingStudy, *, to: User | None, by: User, now: datetime) -> ImagingStudy:
    """Undo of `take`: the study goes back to whom it belonged, or to nobody."""
    study = lock(study)
    insist(policies.why_not_take(study, by))
    if study.owner_id == by.pk:
        study.owner = to
        study.save_version("owner")
        audit("release", study, by=by, now=now, to=to.pk if to else None)
        refresh_step(study, now=now)
    return study


@transaction.atomic
def hand_over(study: ImagingStudy, *, to: User, by: User, now: datetime, version: int | None = None) -> ImagingStudy:
    """Gives the study to a colleague of the team; open reminders follow."""
    study = lock(study, version)
    insist(policies.why_not_hand_over(study, by, to))
    before, study.owner = study.owner_id, to
    study.save_version("owner")
    study.reminders.filter(state="open").update(assignee=to)
    audit("hand_over", study, by=by, now=now, before=before, to=to.pk)
    refresh_step(study, now=now)
    return study
