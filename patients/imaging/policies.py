"""Permission and precondition of every change in surveillance. Empty list: allowed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from careteam.access.queries import access_of
from careteam.people.models import Membership
from careteam.people.rules import Permission
from patients.imaging.models import ImagingStudy, Reminder, SavedView, SurveillancePlan
from patients.imaging.rules import (
    DONE,
    NOT_YET_DONE,
    STUDY_TRANSITIONS,
    CloseReason,
    ReminderState,
    SnoozeReason,
    StopReason,
    StudyModality,
    StudyStatus,
)
from patients.record.rules import ResponseCategory

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient

NOT_YOURS = "Your roles in the patient's team do not include this change."
PLANNING = (Permission.IMAGING_PLAN, Permission.IMAGING_SCHEDULE)


def _may(patient: Patient, user: User | None, *permissions: Permission) -> list[str]:
    """One of the rights in the owning team; `user=None` is the system (an event, the sweep)."""
    if user is None:
        return []
    access = access_of(user)
    reasons = [] if any(access.may(right, patient.team_id) for right in permissions) else [NOT_YOURS]
    if patient.merged_into_id is not None:
        reasons.append("This record was merged into another one. Open the other one.")
    return reasons


def _alive(patient: Patient) -> list[str]:
    return ["The patient has died."] if patient.deceased_on is not None else []


def why_not_plan(patient: Patient, user: User | None) -> list[str]:
    """May surveillance be started or changed for this patient."""
    reasons = [*_may(patient, user, Permission.IMAGING_PLAN), *_alive(patient)]
    if not reasons and not patient.is_in_care:
        reasons.append("Take the patient into care first: nothing is asked for patients outside our care.")
    return reasons


def why_not_interval(interval_days: int | None, reason: str) -> list[str]:
    """An interval of one's own needs a reason and stays within two years."""
    if interval_days is None:
        return []
    reasons = [] if 7 <= interval_days <= 730 else ["Choose an interval between 7 and 730 days."]
    return reasons if reason.strip() else [*reasons, "Say why this patient's interval differs."]


def why_not_stop(plan: SurveillancePlan, user: User | None, reason: str, ask_again_on: date | None) -> list[str]:
    reasons = _may(plan.patient, user, Permission.IMAGING_PLAN)
    if plan.stopped_on is not None:
        reasons.append("The plan is stopped already.")
    if reason not in StopReason.values:
        reasons.append("Choose why surveillance stops.")
    if reason == StopReason.DECLINED and user is not None and ask_again_on is None:
        reasons.append("Choose a date to ask again.")
    return reasons


def why_not_add_study(patient: Patient, user: User | None) -> list[str]:
    reasons = [*_may(patient, user, *PLANNING), *_alive(patient)]
    if not reasons and not patient.is_in_care:
        reasons.append("Take the patient into care first: nothing is asked for patients outside our care.")
    return reasons


def why_not_move(study: ImagingStudy, to: StudyStatus) -> list[str]:
    now_is = StudyStatus(study.status)
    if to in STUDY_TRANSITIONS[now_is]:
        return []
    return [f"A study that is {now_is.label.lower()} cannot become {to.label.lower()}."]


def why_not_work(study: ImagingStudy, user: User | None, to: StudyStatus) -> list[str]:
    """Order, schedule, return to ordered: the coordinator's acts (or the planning clinician's)."""
    return [*_may(study.patient, user, *PLANNING), *why_not_move(study, to), *_alive(study.patient)]


def why_not_take(study: ImagingStudy, user: User, *, even_done: bool = False) -> list[str]:
    """`even_done`: an act that has a place after the loop is closed, too."""
    reasons = _may(study.patient, user, *PLANNING)
    if not even_done and study.status in {StudyStatus.CLOSED, StudyStatus.ACTED_ON}:
        reasons.append("The study is closed.")
    return reasons


def why_not_hand_over(study: ImagingStudy, user: User, to: User) -> list[str]:
    reasons = why_not_take(study, user)
    if not Membership.objects.current().filter(team_id=study.team_id, user=to).exists():
        reasons.append(f"{to} does not work in the patient's team.")
    return reasons


def why_not_perform(study: ImagingStudy, user: User | None, *, on: date, today: date) -> list[str]:
    reasons = _may(study.patient, user, Permission.IMAGING_SCHEDULE, Permission.IMAGING_PLAN, Permission.IMAGING_REPORT)
    reasons += why_not_move(study, StudyStatus.PERFORMED)
    if on > today:
        reasons.append("The day lies in the future.")
    born, died = study.patient.birth_date, study.patient.deceased_on
    if born and on < born:
        reasons.append("The day lies before the birth date.")
    if died and on > died:
        reasons.append(f"The patient died on {died:%d %b %Y}.")
    return reasons


def why_not_report(study: ImagingStudy, user: User | None, *, report: str, conclusion: str, response: str) -> list[str]:
    reasons = [*_may(study.patient, user, Permission.IMAGING_REPORT), *why_not_move(study, StudyStatus.REPORTED)]
    if not report.strip() and not conclusion.strip():
        reasons.append("Enter the report or its conclusion.")
    if response and response not in ResponseCategory.values:
        reasons.append("Choose a response of the list.")
    return [*reasons, *_no_response(study, response)]


def _no_response(study: ImagingStudy, response: str) -> list[str]:
    return ["A lab has no response by RECIST: progression is not concluded from it alone."] * bool(
        response and study.is_lab
    )


def why_not_review_at_once(study: ImagingStudy, user: User) -> list[str]:
    """One click, only where there is nothing to see: every value within its reference range."""
    reasons = why_not_review(study, user)
    if not (study.is_lab and study.is_quiet):
        reasons.append("Open the result and review it there.")
    return reasons


def why_not_review(study: ImagingStudy, user: User) -> list[str]:
    """A named clinician reviews; the system never does."""
    reasons = [*_may(study.patient, user, Permission.IMAGING_REVIEW), *why_not_move(study, StudyStatus.REVIEWED)]
    if study.performed_on is None:
        reasons.append(f"Enter the day of the {study.words.thing} first.")
    return reasons


def why_not_confirm_response(study: ImagingStudy, user: User, response: str) -> list[str]:
    """A reader or a reviewing clinician, about a scan that was made. `response` empty: takes it back."""
    reasons = _may(study.patient, user, Permission.IMAGING_REPORT, Permission.IMAGING_REVIEW)
    if study.performed_on is None or study.status not in DONE:
        reasons.append("The scan was not made yet.")
    if response and response not in ResponseCategory.values:
        reasons.append("Choose a response of the list.")
    return [*reasons, *_no_response(study, response)]


def why_not_act_on(study: ImagingStudy, user: User, note: str) -> list[str]:
    reasons = [*_may(study.patient, user, Permission.IMAGING_REVIEW), *why_not_move(study, StudyStatus.ACTED_ON)]
    return reasons if note.strip() else [*reasons, "Say what was done."]


def why_not_close(study: ImagingStudy, user: User | None, reason: str) -> list[str]:
    reasons = [*_may(study.patient, user, *PLANNING), *why_not_move(study, StudyStatus.CLOSED)]
    return reasons if reason in CloseReason.values else [*reasons, "Choose why it is closed."]


def _said(reason: str) -> list[str]:
    return [] if reason.strip() else ["Say what was wrong."]


def why_not_take_back_performed(study: ImagingStudy, user: User, reason: str) -> list[str]:
    reasons = _may(study.patient, user, Permission.IMAGING_SCHEDULE, Permission.IMAGING_PLAN, Permission.IMAGING_REPORT)
    if study.status in {StudyStatus.REPORTED, StudyStatus.REVIEWED, StudyStatus.ACTED_ON}:
        reasons.append("The scan has a report. Take back the report first.")
    elif study.status != StudyStatus.PERFORMED:
        reasons.append("The study is not marked as performed.")
    if study.source:
        reasons.append("The scan came with an import. Correct it in the source, or mark the row there.")
    return [*reasons, *_said(reason), *_occupied(study)]


def why_not_take_back_report(study: ImagingStudy, user: User, reason: str) -> list[str]:
    reasons = _may(study.patient, user, Permission.IMAGING_REPORT, Permission.IMAGING_REVIEW)
    if study.status not in DONE or study.status == StudyStatus.PERFORMED:
        reasons.append("There is no report to take back.")
    return [*reasons, *_said(reason)]


def why_not_reopen(study: ImagingStudy, user: User, reason: str) -> list[str]:
    reasons = [*_may(study.patient, user, *PLANNING), *_alive(study.patient)]
    if study.status != StudyStatus.CLOSED:
        reasons.append("The study is not closed.")
    elif not study.patient.is_in_care:
        reasons.append("Take the patient into care first: nothing is asked for patients outside our care.")
    elif study.plan is not None and study.plan.stopped_on is not None:
        reasons.append("Its surveillance plan was stopped. Start a plan, or order an extra study.")
    elif study.due_on is None and study.performed_on is None:
        reasons.append("The study has no date to return to. Order an extra study.")
    return [*reasons, *_said(reason), *_occupied(study)]


def is_occupied(study: ImagingStudy) -> bool:
    """The plan's next study has begun already: then that one is worked on."""
    if study.plan_id is None:
        return False
    others = ImagingStudy.objects.valid().outstanding().filter(plan_id=study.plan_id).exclude(pk=study.pk)
    return bool(others.exclude(status=StudyStatus.PLANNED).exists())


def _occupied(study: ImagingStudy) -> list[str]:
    return ["The plan’s next study is ordered or booked already. Close that one first."] if is_occupied(study) else []


def why_not_prepare(study: ImagingStudy, user: User) -> list[str]:
    reasons = [*_may(study.patient, user, *PLANNING), *_alive(study.patient)]
    return reasons if study.status in NOT_YET_DONE else [*reasons, "Nothing is outstanding on this study."]


def why_not_change_links(study: ImagingStudy, user: User, pacs_url: str) -> list[str]:
    reasons = _may(study.patient, user, *PLANNING, Permission.IMAGING_REPORT)
    if pacs_url.strip() and not pacs_url.strip().lower().startswith(("http://", "https://")):
        reasons.append("Enter a link that begins with https:// or http://.")
    return reasons


def why_not_request_images(study: ImagingStudy, user: User, center: str, *, on: date, today: date) -> list[str]:
    reasons = [*why_not_take(study, user, even_done=True), *_alive(study.patient)]
    if study.status == StudyStatus.CLOSED:
        reasons.append("The study is closed.")
    if not center.strip():
        reasons.append("Say from whom the images come.")
    return [*reasons, *(["The day lies in the future."] if on > today else [])]


def why_not_receive_images(study: ImagingStudy, user: User, *, on: date, today: date) -> list[str]:
    reasons = why_not_take(study, user, even_done=True)
    if study.images_received_on is not None:
        reasons.append("The images are here already.")
    if on > today:
        reasons.append("The day lies in the future.")
    if study.images_requested_on is not None and on < study.images_requested_on:
        reasons.append("The day lies before the images were asked for.")
    return reasons


def why_not_acknowledge(reminder: Reminder, user: User) -> list[str]:
    rights = (*PLANNING, Permission.IMAGING_REVIEW, Permission.IMAGING_REPORT, Permission.BOARD_AGENDA)
    reasons = _may(reminder.study.patient, user, *rights)
    if reminder.state != ReminderState.OPEN:
        reasons.append("The step is closed already.")
    return reasons


def why_not_undo_acknowledge(reminder: Reminder, user: User) -> list[str]:
    if reminder.acknowledged_by_id != user.pk:
        return ["Only whoever acknowledged the step takes it back."]
    return why_not_acknowledge(reminder, user)


def why_not_contact(study: ImagingStudy, user: User, *, at: datetime, now: datetime) -> list[str]:
    reasons = [*_may(study.patient, user, *PLANNING), *_alive(study.patient)]
    if study.status not in NOT_YET_DONE:
        reasons.append("Nothing is outstanding on this study.")
    if at > now:
        reasons.append("The contact lies in the future.")
    return reasons


def why_not_withdraw_contact(patient: Patient, user: User, reason: str) -> list[str]:
    reasons = _may(patient, user, *PLANNING)
    return reasons if reason.strip() else [*reasons, "Say why."]


def why_not_snooze(study: ImagingStudy, user: User, *, reason: str, note: str) -> list[str]:
    reasons = [*_may(study.patient, user, *PLANNING), *_alive(study.patient)]
    if study.status not in NOT_YET_DONE:
        reasons.append("Nothing is outstanding on this study.")
    if reason not in SnoozeReason.values:
        reasons.append("Choose why it waits.")
    if reason == SnoozeReason.OTHER and not note.strip():
        reasons.append("Say in the note why it waits.")
    return reasons


RED_WAITS = "It is red: the responsible clinician decides, it cannot wait."


def why_not_wait(limit: date | None, today: date) -> list[str]:
    """`limit`: the day it turns red. From then on nothing hides it."""
    return [RED_WAITS] if limit is not None and limit <= today else []


def insist_on_date(until: date, *, today: date, limit: date | None) -> None:
    """A snooze ends in the future and no later than the day the study turns red: red always comes back at once.
    Raises `ValidationError` for the field."""
    if why_not := why_not_wait(limit, today):
        raise ValidationError({"until": why_not})
    if until <= today:
        raise ValidationError({"until": "Choose a day after today."})
    if limit is not None and until > limit:
        raise ValidationError({"until": f"It turns red on {limit:%d %b %Y}. Choose that day or an earlier one."})


def may_share_views(user: User, team_id: int) -> bool:
    """Team lead and coordinator put views before the whole team."""
    access = access_of(user)
    return access.may(Permission.TEAM_MANAGE, team_id) or access.may(Permission.IMAGING_SCHEDULE, team_id)


def why_not_change_view(view: SavedView, user: User) -> list[str]:
    return [] if view.owner_id == user.pk else ["Only its owner changes a view. Save it under a name of your own."]


def why_not_save_view(user: User, team_id: int, *, name: str, shared: bool, taken: bool) -> list[str]:
    reasons = [] if name.strip() else ["Give the view a name."]
    if taken:
        reasons.append("You have a view of that name already.")
    if shared and not may_share_views(user, team_id):
        reasons.append("Coordinators and team leads share views.")
    return reasons


def why_not_modality(modality: str) -> list[str]:
    return [] if modality in StudyModality.values else ["Choose what kind of scan it is."]
