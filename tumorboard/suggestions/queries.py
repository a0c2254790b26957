"""What is suggested for an agenda, whether it still holds, and which board is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.http import Http404

from careteam.web.words import day
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.rules import NOT_YET_DONE, ReminderState, ReminderStep, StudyStatus
from tumorboard.boards.models import Board
from tumorboard.boards.queries import boards_of_team
from tumorboard.referrals.models import Referral
from tumorboard.referrals.policies import DISCUSSED_WHILE
from tumorboard.suggestions.models import AgendaSuggestion
from tumorboard.suggestions.rules import SuggestionKind, SuggestionStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from careteam.people.models import User
    from patients.record.models import Patient

SETTLED = (SuggestionStatus.ACCEPTED, SuggestionStatus.DECLINED)


@dataclass(frozen=True)
class SuggestionRow:
    """One suggestion as lists show it. `days_over` counts from the date that passed; None where there is none."""

    id: int
    patient_id: int
    patient_name: str
    birth_date: date | None
    sex: str
    board_name: str
    kind_label: str
    question: str
    url: str
    days_over: int | None
    raised_at: datetime
    status: SuggestionStatus
    status_label: str
    answered_by: str
    answered_at: datetime | None
    reason: str
    referrer: str = ""
    theirs: str = ""  # what the source asks now, where another question was written here

    @property
    def is_open(self) -> bool:
        return self.status is SuggestionStatus.OPEN

    @property
    def mark(self) -> str:
        """Color of the state; a word stands beside it."""
        return {"open": "red", "accepted": "grn"}.get(self.status, "plain")


def as_row(row: AgendaSuggestion, on: date) -> SuggestionRow:
    """The row (with patient, board, answered_by) in words, on the local day `on`."""
    return SuggestionRow(
        id=row.pk,
        patient_id=row.patient_id,
        patient_name=row.patient.name,
        birth_date=row.patient.birth_date,
        sex=row.patient.get_sex_display(),
        board_name=row.board.name,
        kind_label=row.get_kind_display(),
        question=row.question,
        url=row.url,
        days_over=(on - row.due_on).days if row.due_on and row.kind != SuggestionKind.DEVIATION else None,
        raised_at=row.raised_at,
        status=SuggestionStatus(row.status),
        status_label=row.get_status_display(),
        answered_by=str(row.answered_by or ""),
        answered_at=row.answered_at,
        reason=". ".join(part for part in (row.get_decline_reason_display(), row.note) if part),
        referrer=row.referrer,
        theirs=row.source_question if row.source_question != row.question else "",
    )


def suggested_for(user: User, board_id: int, *, on: date) -> tuple[SuggestionRow, ...]:
    """Open suggestions for one board, the longest waiting first. One query."""
    rows = _with_words(AgendaSuggestion.objects.visible_to(user).open().filter(board_id=board_id))
    return tuple(as_row(row, on) for row in rows.order_by("raised_at", "pk"))


def suggestions_of_study(user: User, study_id: int, *, on: date) -> tuple[SuggestionRow, ...]:
    """What was suggested because of this study, the newest first. One query."""
    rows = _with_words(AgendaSuggestion.objects.valid().visible_to(user).filter(study_id=study_id))
    return tuple(as_row(row, on) for row in rows.order_by("-pk"))


def visible_suggestion(user: User | AnonymousUser, suggestion_id: int) -> AgendaSuggestion:
    """The suggestion, if the person belongs to the team of its board; else 404."""
    rows = AgendaSuggestion.objects.valid().visible_to(user)
    row: AgendaSuggestion | None = (
        rows.select_related("patient__team", "board__team", "answered_by", "referral").filter(pk=suggestion_id).first()
    )
    if row is None:
        raise Http404("No such suggestion, or not yours to see.")
    return row


def default_board(patient: Patient) -> Board | None:
    """The board a case goes back to when nobody says which: the one that saw the patient last, else the first by
    name, as the referral form offers it. None: the team has no active board."""
    boards = boards_of_team(patient.team_id)
    last = (
        Referral.objects.valid()
        .filter(patient=patient, board__in=boards)
        .order_by("-submitted_at", "-pk")
        .values_list("board_id", flat=True)
        .first()
    )
    return next((board for board in boards if board.pk == last), boards[0] if boards else None)


def is_settled(source_key: str, due_on: date | None) -> bool:
    """Whether this source was suggested for this date before and stands, or was answered."""
    rows = AgendaSuggestion.objects.valid().filter(source_key=source_key)
    return rows.filter(status=SuggestionStatus.OPEN).exists() or rows.filter(due_on=due_on, status__in=SETTLED).exists()


def why_study_is_over(study: ImagingStudy, due_on: date | None, *, now: datetime) -> str:
    """Why this study (with its plan) no longer asks for a board; empty while it is outstanding, due on the same day
    and has no slot ahead. An order alone is no scan."""
    if study.error_at is not None:
        return "The study was entered in error"
    if study.status == StudyStatus.CLOSED:
        return f"The study was closed: {study.get_close_reason_display().lower()}"
    if study.status not in NOT_YET_DONE:
        return f"The scan is {study.get_status_display().lower()}"
    if study.due_on != due_on:
        return f"The scan is due on {day(study.due_on)}"
    if study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None and study.scheduled_for >= now:
        return f"Booked for {day(study.scheduled_for)}"
    if study.plan is not None and (study.plan.stopped_on is not None or study.plan.error_at is not None):
        return "Surveillance stopped"
    return ""


def why_over(row: AgendaSuggestion, *, now: datetime) -> str:
    """Why the suggestion (with patient, board, study and its plan) no longer holds; empty while it does. What an action
    or a recommendation asks is taken back by whoever settles it."""
    patient = row.patient
    if patient.is_deceased:
        return "Patient died"
    cared_for = patient.is_in_care if row.kind == SuggestionKind.STUDY else patient.enrollment_status in DISCUSSED_WHILE
    if not cared_for or patient.merged_into_id is not None:
        return "Patient not in care"
    if not row.board.is_active:
        return "The board has ended"
    return why_study_is_over(row.study, row.due_on, now=now) if row.study is not None else ""


def unsuggested_studies(limit: int) -> list[tuple[int, date]]:
    """Studies (id, due date) whose ladder asks for a board and that were never suggested for that date: the event was
    lost, or came before there was a board. One query."""
    known = AgendaSuggestion.objects.valid().filter(study_id=OuterRef("study_id"), due_on=OuterRef("due_on"))
    rows = Reminder.objects.filter(
        ~Exists(known.exclude(status=SuggestionStatus.TAKEN_BACK)),
        Exists(Board.objects.filter(team_id=OuterRef("team_id"), is_active=True)),
        step=ReminderStep.BOARD,
        state=ReminderState.OPEN,
        study__status__in=[StudyStatus.PLANNED, StudyStatus.ORDERED],
        study__error_at__isnull=True,
    )
    return list(rows.order_by("pk").values_list("study_id", "due_on")[:limit])


def open_for_source(source_key: str) -> AgendaSuggestion | None:
    row: AgendaSuggestion | None = AgendaSuggestion.objects.open().filter(source_key=source_key).first()
    return row


def _with_words(rows: QuerySet[AgendaSuggestion]) -> QuerySet[AgendaSuggestion]:
    return rows.select_related("patient", "board", "answered_by")
