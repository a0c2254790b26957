"""The only writers of suggestions. Accepting one is `meetings.commands.accept_suggestion`, which files the referral and
calls `mark_accepted`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Unpack

from django.db import IntegrityError, transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.notifications.commands import notify
from careteam.notifications.commands import withdraw as take_from_inbox
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.imaging.models import ImagingStudy
from patients.record.commands import Act, record_about
from patients.record.models import StaleEdit
from tumorboard.referrals.queries import open_referral_to
from tumorboard.suggestions import policies
from tumorboard.suggestions.models import AgendaSuggestion
from tumorboard.suggestions.queries import (
    default_board,
    is_settled,
    open_for_source,
    unsuggested_studies,
    why_over,
    why_study_is_over,
)
from tumorboard.suggestions.rules import (
    QUESTION_LENGTH,
    Asked,
    DeclineReason,
    SuggestionKind,
    SuggestionStatus,
    study_key,
    study_question,
)

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient
    from tumorboard.boards.models import Board
    from tumorboard.referrals.models import Referral

AT_ONCE = 2000  # suggestions that one run of the net raises at most
_RELATED = ("patient__team", "board__team", "study__plan", "answered_by")


@transaction.atomic
def suggest(
    patient: Patient,
    *,
    kind: SuggestionKind,
    source_key: str,
    question: str,
    url: str,
    now: datetime,
    due_on: date | None = None,
    board: Board | None = None,
    study: ImagingStudy | None = None,
    asked: Asked | None = None,
) -> AgendaSuggestion | None:
    """Suggests the case for an agenda of the board (without one: `default_board`). Files nothing.

    None where nobody is to be asked: no board, no longer in care, already referred to this board, or this source was
    suggested for this date before.
    """
    board = board if board is not None and board.is_active else default_board(patient)
    if board is None or is_settled(source_key, due_on) or open_referral_to(patient.pk, board.pk) is not None:
        return None
    row = AgendaSuggestion(
        patient=patient,
        board=board,
        kind=kind,
        source_key=source_key,
        study=study,
        due_on=due_on,
        question=question[:QUESTION_LENGTH],
        url=url,
        raised_at=now,
    )
    if asked is not None:
        row.source_question = row.question
        row.referrer, row.question_kind, row.urgency = asked.referrer[:160], asked.question_kind, asked.urgency
    if why_over(row, now=now):
        return None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # raised twice at once: the other one stands
        return None
    _ask(row, now=now)
    _audit("suggestions.suggest", row, by=None, now=now, details={"kind": str(kind), "board": board.pk})
    return row


def suggest_study(study_id: int, due_on: date, *, now: datetime) -> AgendaSuggestion | None:
    """Suggests the case of a long overdue study, unless it moved on since."""
    study = (
        ImagingStudy.objects.valid().select_related("patient__team", "plan").filter(pk=study_id, due_on=due_on).first()
    )
    if study is None or why_study_is_over(study, due_on, now=now):
        return None
    scan = ", ".join(part for part in (study.get_modality_display(), study.region) if part)
    return suggest(
        study.patient,
        kind=SuggestionKind.STUDY,
        source_key=study_key(study.pk),
        study=study,
        due_on=due_on,
        question=study_question(scan, due_on),
        url=reverse("study-page", args=[study.pk]),
        now=now,
    )


@transaction.atomic
def follow_source(suggestion: AgendaSuggestion, asked: Asked, *, now: datetime) -> AgendaSuggestion:
    """The source asks otherwise now. An open draft that nobody touched follows it; a question written here stays, and
    the source's stands beside it. What was answered stays as it was answered."""
    row = _locked(suggestion)
    question = asked.question[:QUESTION_LENGTH]
    before = (row.source_question, row.referrer, row.question_kind, row.urgency)
    if row.status != SuggestionStatus.OPEN or before == (
        question,
        asked.referrer[:160],
        asked.question_kind,
        asked.urgency,
    ):
        return row
    is_ours = row.question != row.source_question
    row.source_question, row.referrer = question, asked.referrer[:160]
    row.question_kind, row.urgency = asked.question_kind, asked.urgency
    if not is_ours:
        row.question = question
    row.save_version("question", "source_question", "referrer", "question_kind", "urgency")
    _audit("suggestions.follow_source", row, by=None, now=now, details={"question_kept": is_ours})
    return row


@transaction.atomic
def reword(suggestion: AgendaSuggestion, question: str, *, version: int, by: User, now: datetime) -> AgendaSuggestion:
    """Writes another question for the board before anything is filed. Raises `StaleEdit` when the suggestion was
    changed since the form was opened."""
    row = _locked(suggestion)
    if row.version != version:
        raise StaleEdit(row)
    insist(policies.why_not_reword(row, by, question))
    if row.question != question.strip():
        row.question = question.strip()
        row.save_version("question")
        _audit("suggestions.reword", row, by=by, now=now)
    return row


@transaction.atomic
def decline(
    suggestion: AgendaSuggestion, *, reason: DeclineReason, by: User, now: datetime, note: str = ""
) -> AgendaSuggestion:
    """Not for the board, with a coded reason. What sent the case back stays open where it is."""
    row = _locked(suggestion)
    insist(policies.why_not_decline(row, by, reason=reason, note=note))
    row.decline_reason, row.note = reason, note.strip()[:250]
    _answer(row, SuggestionStatus.DECLINED, by=by, now=now)
    _audit("suggestions.decline", row, by=by, now=now, reason=str(reason), details={"note": row.note})
    return row


@transaction.atomic
def reopen(suggestion: AgendaSuggestion, *, by: User, now: datetime) -> AgendaSuggestion:
    """Undo of `decline`."""
    row = _locked(suggestion)
    insist(policies.why_not_reopen(row, by))
    row.status, row.decline_reason, row.note, row.answered_at, row.answered_by = (
        SuggestionStatus.OPEN,
        "",
        "",
        None,
        None,
    )
    row.save_version("status", "decline_reason", "note", "answered_at", "answered_by")
    _ask(row, now=now)
    _audit("suggestions.reopen", row, by=by, now=now)
    return row


@transaction.atomic
def mark_accepted(suggestion: AgendaSuggestion, referral: Referral, *, by: User, now: datetime) -> AgendaSuggestion:
    """The case was referred: this referral answers the suggestion, and who filed it is who accepted."""
    row = _locked(suggestion)
    insist(policies.why_not_move(row, SuggestionStatus.ACCEPTED))
    row.referral = referral
    _answer(row, SuggestionStatus.ACCEPTED, by=by, now=now)
    _audit("suggestions.mark_accepted", row, by=by, now=now, details={"referral": referral.pk})
    return row


@transaction.atomic
def take_back(suggestion: AgendaSuggestion, *, because: str, now: datetime) -> AgendaSuggestion:
    """What sent the case back is no longer so. One that was answered stays as it was answered."""
    row = _locked(suggestion)
    if row.status != SuggestionStatus.OPEN:
        return row
    row.note = because[:250]
    _answer(row, SuggestionStatus.TAKEN_BACK, by=None, now=now)
    _audit("suggestions.take_back", row, by=None, now=now, reason=because)
    return row


def take_back_source(source_key: str, *, because: str, now: datetime) -> None:
    """Takes back what this source asks for, if anything."""
    row = open_for_source(source_key)
    if row is not None:
        take_back(row, because=because, now=now)


def look_again(*, now: datetime, patient_id: int | None = None, study_id: int | None = None) -> int:
    """Takes back open suggestions (of a patient, of a study, else all) that no longer hold; returns how many."""
    rows = AgendaSuggestion.objects.open().select_related(*_RELATED)
    if patient_id is not None:
        rows = rows.filter(patient_id=patient_id)
    if study_id is not None:
        rows = rows.filter(study_id=study_id)
    over = [(row, because) for row in rows.order_by("pk").iterator(500) if (because := why_over(row, now=now))]
    for row, because in over:
        take_back(row, because=because, now=now)
    return len(over)


def reconcile(*, now: datetime) -> int:
    """The net below the events: takes back what no longer holds, raises what no event has; returns how many rows."""
    taken = look_again(now=now)
    found = [suggest_study(study_id, due_on, now=now) for study_id, due_on in unsuggested_studies(AT_ONCE)]
    return taken + sum(row is not None for row in found)


def _locked(suggestion: AgendaSuggestion) -> AgendaSuggestion:
    row: AgendaSuggestion = AgendaSuggestion.objects.select_related(*_RELATED).lock(suggestion.pk)
    return row


def _answer(row: AgendaSuggestion, to: SuggestionStatus, *, by: User | None, now: datetime) -> None:
    insist(policies.why_not_move(row, to))
    row.status, row.answered_at, row.answered_by = to, now, by
    row.save_version("status", "answered_at", "answered_by", "decline_reason", "note", "referral")
    take_from_inbox(keys=[_key(row)], now=now)


def _ask(row: AgendaSuggestion, *, now: datetime) -> None:
    if row.kind == SuggestionKind.STUDY:
        return  # the last step of its ladder stands in the inbox of the board's coordinators
    notify(
        people_with_role(row.board.team, Role.BOARD_COORDINATOR),
        key=_key(row),
        kind="suggestion",
        title=f"For the next agenda? {row.get_kind_display()}",
        url=reverse("suggestion", args=[row.pk]),
        now=now,
        patient_id=row.patient_id,
    )


def _key(row: AgendaSuggestion) -> str:
    return f"suggestion:{row.pk}"


def _audit(
    action: str, row: AgendaSuggestion, *, details: dict[str, object] | None = None, **about: Unpack[Act]
) -> None:
    details = {"source": row.source_key} | (details or {})
    record_about(row, action, team_id=row.board.team_id, details=details, **about)
