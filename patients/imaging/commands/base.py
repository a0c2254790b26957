"""What plans and studies share: moving a study's state, its next step, its reminders, its audit row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.urls import reverse

from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.notifications.commands import withdraw
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from careteam.web.words import day
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.queries.preparation import preparations_of
from patients.imaging.rules import (
    BOOKED,
    NOT_YET_DONE,
    STUDY_CORRECTIONS,
    STUDY_TRANSITIONS,
    CloseReason,
    ReminderState,
    ReminderStep,
    StudyStatus,
    add_working_days,
    review_due,
)
from patients.protocol.queries import number
from patients.record.commands import close_step, open_step
from patients.record.models import Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import ResponseCategory, StepKind

if TYPE_CHECKING:
    from careteam.people.models import User

REMINDER_KIND = "imaging.reminder"
REVIEW_KIND = "imaging.review"
# Limits that the sweep watches besides the ladder: the first part of the inbox key, and where the limit stands.
LATE_KINDS = {
    "review": "review_due_on",
    "report": "report_due_on",
    "decision": "decision_due_on",
    "images": "images_requested_on",
}


def lock(study: ImagingStudy, version: int | None = None) -> ImagingStudy:
    """The study, locked. Raises `StaleEdit` when `version` is no longer the row's."""
    locked: ImagingStudy = ImagingStudy.objects.select_related("patient__team", "plan", "owner").lock(
        study.pk, version=version
    )
    return locked


def move(study: ImagingStudy, to: StudyStatus, *fields: str, now: datetime, correcting: bool = False) -> None:
    """The only place where a study's status changes. The policies have given their sentences already; `correcting`
    goes one of the ways back. Announces `STUDY_BOOKING` when the study becomes booked, or is no longer."""
    table = STUDY_CORRECTIONS if correcting else STUDY_TRANSITIONS
    if to not in table[StudyStatus(study.status)]:
        raise ValueError(f"study {study.pk}: {study.status} → {to} is not in the table")
    was_booked, study.status = study.status in BOOKED, to
    study.save_version("status", *fields)
    if was_booked != (to in BOOKED):
        announce(
            EventKind.STUDY_BOOKING, now=now, team_id=study.team_id, patient_id=study.patient_id, subject_id=study.pk
        )


def audit(verb: str, study: ImagingStudy, *, by: User | None, now: datetime, reason: str = "", **details: Any) -> None:
    record(
        f"imaging.{verb}",
        by=by,
        now=now,
        subject=study,
        patient_ids=[study.patient_id],
        team_id=study.team_id,
        reason=reason,
        details={"status": study.status, **details},
    )


def step_key(study: ImagingStudy) -> str:
    """The source key of the study's next step."""
    return f"study:{study.pk}"


def withdraw_reminders(study_ids: Iterable[int], *, now: datetime, keep_due: date | None = None) -> int:
    """Takes back what the ladder has raised for these studies (all, or all of another due date than `keep_due`), from
    queue, inboxes and outbox. Returns how many steps."""
    rows = Reminder.objects.filter(_open_or_board(), study_id__in=list(study_ids))
    if keep_due is not None:
        rows = rows.exclude(due_on=keep_due)
    found = list(rows.select_for_update())
    _tell_board(found, now=now)
    open_rows = [row for row in found if row.state == ReminderState.OPEN]
    if not open_rows:
        return 0
    Reminder.objects.filter(pk__in=[row.pk for row in open_rows]).update(state=ReminderState.WITHDRAWN, closed_at=now)
    withdraw(keys=[row.key for row in open_rows], now=now)
    return len(open_rows)


def _open_or_board() -> Q:
    """Open steps; and that the board was asked, however that step ended."""
    return Q(state=ReminderState.OPEN) | Q(step=ReminderStep.BOARD)


def _tell_board(rows: Iterable[Reminder], *, now: datetime) -> None:
    """A study that was suggested for an agenda has moved on: whoever suggested it looks again."""
    for row in rows:
        if row.step == ReminderStep.BOARD:
            announce(EventKind.STUDY_ANSWERED, now=now, patient_id=row.patient_id, subject_id=row.study_id)


def late_key(kind: str, study_id: int, limit: date) -> str:
    """What the inbox knows an overdue review, report, decision or image request by (`LATE_KINDS`)."""
    return f"{kind}:{study_id}:{limit.isoformat()}"


def withdraw_late(studies: Iterable[ImagingStudy], *, now: datetime, kinds: Iterable[str] = LATE_KINDS) -> int:
    """Takes back what was said about limits of these studies that were passed; called before a limit is changed."""
    wanted = tuple(kinds)
    keys = [
        late_key(kind, study.pk, limit)
        for study in studies
        for kind in wanted
        if (limit := getattr(study, LATE_KINDS[kind])) is not None
    ]
    return withdraw(keys=keys, now=now) if keys and InboxItem.objects.open().filter(key__in=keys).exists() else 0


def start_review(study: ImagingStudy, *, now: datetime) -> None:
    """Sets by when the report must be reviewed, counted from today (`model.md` 6); the caller saves."""
    study.review_due_on = review_due(
        study.patient.team.local_date(now),
        urgent=study.is_urgent,
        urgent_working_days=number(study.team_id, "review.urgent").days,
        routine_days=number(study.team_id, "review.routine").days,
    )


def start_report(study: ImagingStudy, *, on: date) -> None:
    """Sets by when the report of a performed scan must be here; the caller saves."""
    study.report_due_on = add_working_days(on, number(study.team_id, "study.report").days)


def set_decision_clock(study: ImagingStudy, *, now: datetime, reviewing: bool = False) -> None:
    """Progression that a clinician has seen starts the clock to a decision, once; any other response stops it. The
    caller saves `decision_due_on`; `reviewing`: it is about to move the study to reviewed."""
    seen = reviewing or study.status in {StudyStatus.REVIEWED, StudyStatus.ACTED_ON}
    if study.response != ResponseCategory.PD or not seen:
        withdraw_late([study], now=now, kinds=("decision",))
        study.decision_due_on = None
    elif study.decision_due_on is None:
        today = study.patient.team.local_date(now)
        study.decision_due_on = today + timedelta(days=number(study.team_id, "decision.after_pd").days)


def finish_reminders(study: ImagingStudy, *, by: User | None, now: datetime) -> None:
    """What the ladder asked for is done: its steps close, and leave the inboxes."""
    found = list(Reminder.objects.filter(_open_or_board(), study=study).select_for_update())
    _tell_board(found, now=now)
    rows = [row for row in found if row.state == ReminderState.OPEN]
    if rows:
        Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=ReminderState.DONE, closed_at=now, closed_by=by
        )
        withdraw(keys=[row.key for row in rows], now=now)


def reopen_reminders(study: ImagingStudy) -> None:
    """What was done is undone (the slot fell away): what the ladder has reached by then, the next sweep asks again."""
    done = study.reminders.filter(state=ReminderState.DONE, due_on=F("study__due_on"))
    Reminder.objects.filter(pk__in=done.values("pk")).update(state=ReminderState.WITHDRAWN)


def finish_step(study: ImagingStudy, step: ReminderStep, *, by: User, now: datetime) -> None:
    """What one step of the ladder asked for is done; the study goes on, and so does its ladder."""
    rows = list(Reminder.objects.filter(study=study, step=step, state=ReminderState.OPEN).select_for_update())
    if rows:
        Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=ReminderState.DONE, closed_at=now, closed_by=by
        )
        withdraw(keys=[row.key for row in rows], now=now)


def close_with(study: ImagingStudy, reason: CloseReason, *, by: User | None, now: datetime, verb: str) -> None:
    """Closes an open study (locked by the caller) with its coded reason; reminders go, the step closes."""
    study.closed_at, study.close_reason = now, reason
    move(study, StudyStatus.CLOSED, "closed_at", "close_reason", now=now)
    withdraw_reminders([study.pk], now=now)
    close_step(study.patient, source_key=step_key(study), because=reason.label, now=now)
    close_step(study.patient, source_key=f"prepare:{study.pk}", because=reason.label, now=now)
    audit(verb, study, by=by, now=now, reason=str(reason))


def refresh_step(study: ImagingStudy, *, now: datetime) -> None:
    """Opens, moves or closes the next step that follows from the study as it is now."""
    patient = study.patient
    _refresh_preparation(study, patient, now=now)
    what, due, kind, owner, role, url_name = _next(study, patient, now)
    if not what or not patient.is_in_care:
        because = study.get_status_display() if patient.is_in_care else "Not in our care"
        close_step(patient, source_key=step_key(study), because=because, now=now)
        return
    open_step(
        patient,
        kind=kind,
        source_key=step_key(study),
        what=what,
        now=now,
        owner=owner,
        owner_role=role,
        due_on=due,
        url=reverse(url_name, args=[study.pk]),
    )


def _refresh_preparation(study: ImagingStudy, patient: Patient, *, now: datetime) -> None:
    """A booked scan with open points has a step that names them, due some days before the slot."""
    key, found = f"prepare:{study.pk}", None
    ahead = study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None and study.scheduled_for >= now
    if ahead and patient.is_in_care:
        found = preparations_of([study], today=patient.team.local_date(now)).get(study.pk)
    if found is None or not found.open or study.scheduled_for is None:
        close_step(patient, source_key=key, because="Prepared, or no slot ahead", now=now)
        return
    lead = timedelta(days=number(patient.team_id, "prep.lead").days)
    open_step(
        patient,
        kind=StepKind.STUDY,
        source_key=key,
        what=f"Prepare {study}: {found.words}",
        now=now,
        owner=study.owner,
        owner_role=Role.NURSE_COORDINATOR,
        due_on=patient.team.local_date(study.scheduled_for) - lead,
        url=reverse("study-prepare", args=[study.pk]),
    )


def _next(
    study: ImagingStudy, patient: Patient, now: datetime
) -> tuple[str, date | None, StepKind, User | None, str, str]:
    nurse = Role.NURSE_COORDINATOR
    name = f"{study.get_modality_display()}{', ' + study.region if study.region else ''}"
    if study.status == StudyStatus.PLANNED:
        return (f"Order {name}", study.due_on, StepKind.STUDY, study.owner, nurse, "study-page")
    if study.status == StudyStatus.ORDERED:
        act = "Take sample:" if study.is_lab else "Schedule"
        return (f"{act} {name}", study.due_on, StepKind.STUDY, study.owner, nurse, "study-page")
    if study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None:
        slot = patient.team.local_date(study.scheduled_for)
        place = f", {study.place}" if study.place else ""
        local = study.scheduled_for.astimezone(ZoneInfo(patient.team.time_zone))
        words = f"{name}, {day(slot)}, {local:%H:%M}{place}"
        return (words, slot, StepKind.STUDY, study.owner, nurse, "study-page")
    if study.status == StudyStatus.PERFORMED:
        due = study.report_due_on
        if due is None:
            limit = number(patient.team_id, "study.report").days
            due = add_working_days(study.performed_on or patient.team.local_date(now), limit)
        what = f"{study.words.report.capitalize()} of {name} outstanding"
        role = nurse if study.is_lab else Role.RADIOLOGIST
        return (what, due, StepKind.STUDY, study.owner if study.is_lab else None, role, "study-page")
    if study.status == StudyStatus.REPORTED:
        who = responsible_clinician(patient.pk)
        return (
            f"Review the {study.words.report} of {name}",
            study.review_due_on,
            StepKind.REVIEW,
            who,
            Role.ONCOLOGIST,
            "study-review",
        )
    if study.status == StudyStatus.REVIEWED:
        progressed = study.response == ResponseCategory.PD
        what = "Decide after progression" if progressed else f"Act on the {study.words.report} of {name}"
        due = study.decision_due_on if progressed else None
        if due is None:
            days = number(patient.team_id, "decision.after_pd" if progressed else "review.routine").days
            due = patient.team.local_date(study.reviewed_at or now) + timedelta(days=days)
        who = responsible_clinician(patient.pk) or study.reviewed_by
        return (what, due, StepKind.REVIEW, who, Role.ONCOLOGIST, "study-page")
    return ("", None, StepKind.STUDY, None, "", "study-page")


def is_waiting(study: ImagingStudy) -> bool:
    return study.status in NOT_YET_DONE


def audit_plan(
    verb: str, plan: SurveillancePlan, *, by: User | None, now: datetime, reason: str = "", **details: object
) -> None:
    record(
        f"imaging.{verb}",
        by=by,
        now=now,
        subject=plan,
        patient_ids=[plan.patient_id],
        team_id=plan.patient.team_id,
        reason=reason,
        details={"situation": plan.situation, **details},
    )


def lock_patient(patient: Patient) -> Patient:
    """One change of surveillance per patient at a time."""
    return Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=patient.pk)


def lock_plan(plan: SurveillancePlan) -> SurveillancePlan:
    """The plan, locked after its patient."""
    lock_patient(plan.patient)
    locked: SurveillancePlan = SurveillancePlan.objects.select_related("patient__team").lock(plan.pk)
    return locked


def confirm_key(patient: Patient) -> str:
    """The source key of the step that asks whether surveillance starts or resumes."""
    return f"plan:{patient.pk}"


def again_key(patient: Patient, modality: str) -> str:
    """The source key of the step that asks again about a lab which the patient declined."""
    return f"labs-again:{patient.pk}:{modality}"


def interval_key(plan: SurveillancePlan) -> str:
    """The source key of the step that asks a clinician to confirm an unsigned interval."""
    return f"interval:{plan.pk}"
