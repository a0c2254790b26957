"""Referring, and what becomes of a referral."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Unpack

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify
from careteam.notifications.commands import withdraw as take_back
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.record.commands import Act, close_step, open_step, record_about
from patients.record.models import Patient, StaleEdit
from patients.record.rules import StepKind
from tumorboard.boards.queries import planned_occurrences
from tumorboard.boards.rules import AHEAD
from tumorboard.referrals import policies
from tumorboard.referrals.commands.drafts import discard_draft
from tumorboard.referrals.commands.material import ask_for_material, choose_material
from tumorboard.referrals.models import Referral
from tumorboard.referrals.queries import destination, discussed_before, open_referral_to
from tumorboard.referrals.rules import (
    DeferReason,
    QuestionKind,
    ReferralKind,
    ReferralStatus,
    Urgency,
    step_key,
)

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.imaging.models import ImagingStudy
    from patients.record.models import Specimen
    from tumorboard.boards.models import Board


class AlreadyReferred(ValidationError):
    """An open referral to this board exists: `existing`. Nothing was changed."""

    def __init__(self, existing: Referral) -> None:
        submitted = f", {existing.get_status_display().lower()}"
        super().__init__(f"This patient is already referred to {existing.board.name}{submitted}.")
        self.existing = existing


@transaction.atomic
def refer(
    patient: Patient,
    board: Board,
    *,
    question_kind: QuestionKind,
    question: str,
    by: User,
    now: datetime,
    urgency: Urgency = Urgency.ROUTINE,
    kind: ReferralKind = ReferralKind.FULL,
    presenter: User | None = None,
    hoped_for: str = "",
    consent: bool | None = None,
    external_referrer: str = "",
    studies: Iterable[ImagingStudy] = (),
    specimens: Iterable[Specimen] = (),
    earlier: Referral | None = None,
    late_reason: str = "",
) -> Referral:
    """Creates and submits a referral in one, and lets go of the author's draft. Raises `AlreadyReferred` when one to
    this board is open, also under a record that was merged into this one.

    A re-discussion is linked to `earlier`, or to what a board discussed last. `late_reason`: the cut-off of the coming
    meeting has passed, and its chair is asked to take the case all the same.
    """
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    insist(policies.why_not_refer(patient, by, board))
    if not question.strip():
        raise ValidationError({"question": "Write what the board is asked."})
    existing = open_referral_to(patient.pk, board.pk)
    if existing is not None:
        raise AlreadyReferred(existing)
    if kind == ReferralKind.REDISCUSSION and earlier is None:
        earlier = next(iter(discussed_before(patient.pk)), None)
    try:
        with transaction.atomic():
            referral = Referral.objects.create(
                patient=patient,
                board=board,
                status=ReferralStatus.SUBMITTED,
                kind=kind,
                question_kind=question_kind,
                question=question.strip(),
                hoped_for=hoped_for,
                urgency=urgency,
                presenter=presenter or by,
                consent=consent,
                external_referrer=external_referrer,
                earlier=earlier,
                submitted_by=by,
                submitted_at=now,
                created_by=by,
            )
    except IntegrityError:
        existing = open_referral_to(patient.pk, board.pk)
        if existing is None:
            raise
        raise AlreadyReferred(existing) from None
    choose_material(referral, studies, specimens, by=by)
    _wait_for_agenda(referral, now=now)
    if late_reason.strip():
        _ask_chair(referral, late_reason, by=by, now=now)
    discard_draft(patient, by=by, now=now)
    announce(EventKind.REFERRED, now=now, team_id=board.team_id, patient_id=patient.pk, subject_id=referral.pk)
    record_about(
        referral,
        "referrals.refer",
        by=by,
        now=now,
        details={"board": board.pk, "question_kind": str(question_kind), "urgency": str(urgency)},
    )
    if urgency == Urgency.URGENT:
        notify(
            [person for person in people_with_role(board.team, Role.BOARD_COORDINATOR) if person.pk != by.pk],
            key=f"referral:{referral.pk}:urgent",
            kind="referral",
            title="Urgent referral to the board",
            url=reverse("boards"),
            now=now,
            patient_id=patient.pk,
        )
    return referral


def _ask_chair(referral: Referral, reason: str, *, by: User, now: datetime) -> None:
    """The chair of the meeting whose cut-off has passed (without one: the coordinators) decides whether the case can
    still come."""
    meeting = destination(referral.board_id, now).missed
    if meeting is None:
        return
    referral.late_reason, referral.late_asked_by = reason.strip()[:200], by
    referral.save_version("late_reason", "late_asked_by")
    chair = [meeting.chair] if meeting.chair else people_with_role(referral.board.team, Role.BOARD_COORDINATOR)
    notify(
        chair,
        key=f"referral:{referral.pk}:late",
        kind="referral",
        title=f"{referral.board.name}: a case after the cut-off, take it?"[:200],
        url=reverse("meeting", args=[meeting.pk]),
        now=now,
        patient_id=referral.patient_id,
    )


@transaction.atomic
def complete(
    referral: Referral,
    *,
    question: str,
    hoped_for: str,
    consent: bool | None,
    external_referrer: str,
    version: int,
    by: User,
    now: datetime,
) -> Referral:
    """What a referral says itself, completed or corrected before it is discussed. Raises `StaleEdit`."""
    referral = _locked(referral)
    if referral.version != version:
        raise StaleEdit(referral)
    insist(policies.why_not_complete(referral, by))
    if not question.strip():
        raise ValidationError({"question": "Write what the board is asked."})
    values = {
        "question": question.strip(),
        "hoped_for": hoped_for,
        "consent": consent,
        "external_referrer": external_referrer,
    }
    before = {name: getattr(referral, name) for name in values}
    changed = [name for name, value in values.items() if before[name] != value]
    if changed:
        for name in changed:
            setattr(referral, name, values[name])
        referral.save_version(*changed)
        _audit("referrals.complete", referral, by=by, now=now, details={"changed": changed})
    return referral


@transaction.atomic
def withdraw(referral: Referral, *, reason: str, by: User | None, now: datetime) -> Referral:
    """Takes an open referral back. One that stands on an agenda is withdrawn by `meetings.commands.withdraw`, which
    calls this and frees the place. `by=None`: the patient died."""
    referral = _locked(referral)
    insist(policies.why_not_withdraw(referral, by, reason))
    referral.withdrawn_at, referral.withdraw_reason = now, reason.strip()[:250]
    _move(referral, ReferralStatus.WITHDRAWN, "withdrawn_at", "withdraw_reason")
    close_step(referral.patient, source_key=step_key(referral.pk), because="Referral withdrawn", now=now)
    take_back(keys=[f"referral:{referral.pk}:urgent", f"referral:{referral.pk}:late"], now=now)
    _audit("referrals.withdraw", referral, by=by, now=now, reason=reason)
    announce(EventKind.REFERRAL_WITHDRAWN, now=now, patient_id=referral.patient_id, subject_id=referral.pk)
    return referral


@transaction.atomic
def mark_listed(
    referral: Referral, *, on: date, url: str, by: User | None, now: datetime, is_vote: bool = False
) -> Referral:
    """Submitted → listed, for the meeting of the local date `on`; the presenter is the next to act. `is_vote`: nobody
    presents and nothing is put up, everybody looks for themselves."""
    referral = _locked(referral)
    _move(referral, ReferralStatus.LISTED)
    _present(referral, on=on, url=url, now=now, what="e-vote" if is_vote else "present the case")
    if not is_vote:
        ask_for_material(referral, on=on, url=f"{url}shown/", now=now)
    take_back(keys=[f"referral:{referral.pk}:urgent", f"referral:{referral.pk}:late"], now=now)
    _audit("referrals.mark_listed", referral, by=by, now=now, details={"on": on.isoformat()})
    return referral


@transaction.atomic
def mark_deferred(referral: Referral, *, reason: DeferReason, by: User | None, now: datetime) -> Referral:
    """Listed → submitted, with the coded reason: it waits for another agenda."""
    referral = _locked(referral)
    referral.defer_reason = reason
    _move(referral, ReferralStatus.SUBMITTED, "defer_reason")
    _wait_for_agenda(referral, now=now)
    _audit("referrals.mark_deferred", referral, by=by, now=now, details={"reason": str(reason)})
    return referral


@transaction.atomic
def mark_discussed(referral: Referral, *, by: User, now: datetime) -> Referral:
    """Listed → discussed: the decision is signed."""
    referral = _locked(referral)
    _move(referral, ReferralStatus.DISCUSSED)
    close_step(referral.patient, source_key=step_key(referral.pk), because="Discussed", now=now)
    _audit("referrals.mark_discussed", referral, by=by, now=now)
    return referral


@transaction.atomic
def close(referral: Referral, *, by: User | None, now: datetime) -> Referral:
    """Discussed → closed: the decision has reached those it concerns. Closing twice changes nothing."""
    referral = _locked(referral)
    if referral.status == ReferralStatus.CLOSED:
        return referral
    _move(referral, ReferralStatus.CLOSED)
    _audit("referrals.close", referral, by=by, now=now)
    return referral


@transaction.atomic
def refresh_step(referral: Referral, *, on: date | None = None, url: str = "", now: datetime) -> None:
    """Opens the next step of an open referral anew, where it is missing. `on` and `url` are those of the meeting that
    a listed one stands on. The caller audits."""
    referral = _locked(referral)
    if referral.status == ReferralStatus.SUBMITTED:
        _wait_for_agenda(referral, now=now)
    elif referral.status == ReferralStatus.LISTED and on is not None:
        _present(referral, on=on, url=url, now=now)


def _locked(referral: Referral) -> Referral:
    row: Referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("patient__team", "board__team", "presenter")
        .get(pk=referral.pk)
    )
    return row


def _move(referral: Referral, to: ReferralStatus, *fields: str) -> None:
    insist(policies.why_not_move(referral, to))
    referral.status = to
    referral.save_version("status", *fields)


def _present(referral: Referral, *, on: date, url: str, now: datetime, what: str = "present the case") -> None:
    open_step(
        referral.patient,
        kind=StepKind.REFERRAL,
        source_key=step_key(referral.pk),
        what=f"{referral.board.name}: {what}",
        owner=referral.presenter,
        due_on=on,
        url=url,
        now=now,
    )


def _wait_for_agenda(referral: Referral, *, now: datetime) -> None:
    """The board's coordinators are next, until the day of the next meeting that takes cases."""
    board = referral.board
    today = board.team.local_date(now)
    meeting = destination(board.pk, now).next
    coming = [] if meeting else planned_occurrences(board, since=today, until=today + AHEAD)
    due_on = board.team.local_date(meeting.starts_at) if meeting else None
    open_step(
        referral.patient,
        kind=StepKind.REFERRAL,
        source_key=step_key(referral.pk),
        what=f"{board.name}: put on an agenda",
        owner_role=Role.BOARD_COORDINATOR,
        due_on=due_on or next((each.on for each in coming if each.starts_at > now), None),
        url=reverse("boards"),
        now=now,
    )


def _audit(action: str, referral: Referral, *, details: dict[str, object] | None = None, **about: Unpack[Act]) -> None:
    record_about(referral, action, team_id=referral.board.team_id, details=details, **about)
