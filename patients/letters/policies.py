"""Who writes letters, to whom none goes, who words them. Empty list: allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from patients.imaging.policies import PLANNING, why_not_contact, why_not_withdraw_contact
from patients.imaging.rules import NOT_YET_DONE, StudyStatus
from patients.letters.queries import Draft
from patients.letters.rules import TO_GP, LetterKind, problems

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.imaging.models import ImagingStudy
    from patients.letters.models import LetterSent

LEAD = "Only a team lead changes the team's letters."
TELL_FIRST = "Nobody has told the patient about this scan yet: call or write to them first, or say why not."
RIGHTS = PLANNING


def why_not_kind(study: ImagingStudy, kind: LetterKind, now: datetime) -> list[str]:
    """Whether this kind of letter fits what the study is now."""
    if study.status not in NOT_YET_DONE:
        return ["Nothing is outstanding on this study."]
    booked = study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None and study.scheduled_for >= now
    if kind is LetterKind.INVITATION:
        return [] if booked else ["Book a slot first: an invitation names its day and place."]
    if booked:
        return ["A slot is booked already: send the invitation to it."]
    today = study.patient.team.local_date(now)
    is_over = study.due_on is not None and study.due_on < today
    if kind is LetterKind.RECALL:
        return ["The scan is overdue: send the reminder."] if is_over else []
    return [] if is_over else ["The scan is not overdue."]


def fitting(study: ImagingStudy, now: datetime) -> LetterKind:
    """The letter to the patient that fits what the study is now; the reminder, with its reasons against, where none
    does."""
    kinds = (kind for kind in LetterKind if kind not in TO_GP and not why_not_kind(study, kind, now))
    return next(kinds, LetterKind.REMINDER)


def why_not_write(draft: Draft, user: User, *, now: datetime, despite: str = "") -> list[str]:
    """Everything that speaks against this letter today. Asked before it is written, and again when it is."""
    study, patient = draft.study, draft.study.patient
    reasons = why_not_contact(study, user, at=now, now=now)
    if not reasons and not patient.is_in_care:
        reasons.append("The patient is not in our care: no letter goes out.")
    reasons += [reason for reason in why_not_kind(study, draft.kind, now) if reason not in reasons]
    reasons += draft.lacks
    if draft.kind in TO_GP:
        if draft.must_not_be_told:
            reasons.append(f"The GP must not be told: the record says so of {', '.join(draft.must_not_be_told)}.")
        if not draft.is_patient_told and not despite.strip():
            reasons.append(TELL_FIRST)
    if draft.is_written:
        reasons.append("This letter was written today already.")
    return reasons


def why_not_take_back(letter: LetterSent, user: User, reason: str) -> list[str]:
    if letter.error_at is not None:
        return ["It says so already."]
    return why_not_withdraw_contact(letter.patient, user, reason)


def why_not_print(letter: LetterSent, excluded: Mapping[int, str]) -> list[str]:
    """Why a letter that was written must not leave the printer (any more). `excluded`: `queries.excluded_gp`."""
    reasons = []
    if letter.error_at is not None:
        reasons.append("It was marked as not sent.")
    if letter.patient.is_deceased:
        reasons.append("The patient has died.")
    elif not letter.patient.is_in_care:
        reasons.append("The patient is not in our care any more.")
    if letter.kind in TO_GP and letter.patient_id in excluded:
        reasons.append(f"The GP must not be told: the record says so of {excluded[letter.patient_id]}.")
    return reasons


def why_not_word(team: Team, user: User) -> list[str]:
    return lacks(user, Permission.TEAM_MANAGE, team.pk, LEAD)


def text_problems(kind: LetterKind, language: str, *, subject: str, body: str) -> dict[str, list[str]]:
    """By field: what is wrong with a text."""
    return problems(kind, language, subject=subject, body=body)
