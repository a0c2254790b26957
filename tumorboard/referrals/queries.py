"""Referrals: who waits for a board, what is open, what the record suggests to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.guidance.models import GuidanceAnswer
from patients.imaging.models import ImagingStudy
from patients.record.models import Diagnosis, DiseaseStatus, Specimen
from patients.record.queries import responsible_clinician
from patients.record.rules import ResponseCategory
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole
from tumorboard.boards.models import Board
from tumorboard.referrals.models import Referral, ReferralDraft, ShownMaterial
from tumorboard.referrals.rules import (
    KIND_OF_RULE,
    OPEN_REFERRALS,
    URGENCY_ORDER,
    CaseFacts,
    DeferReason,
    QuestionKind,
    ReferralStatus,
    Urgency,
    guessed_kind,
    guessed_question,
    guessed_urgency,
    question_of_guidance,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from careteam.people.models import User
    from patients.record.models import Patient


@dataclass(frozen=True)
class WaitingReferral:
    """A submitted referral that stands on no agenda yet."""

    id: int
    patient_id: int
    patient_name: str
    birth_date: date | None
    sex: str
    board_id: int
    board_name: str
    question_kind: str
    question: str
    urgency: str
    urgency_label: str
    kind: str
    submitted_at: datetime
    submitted_by: str
    presenter: str
    carried_over: str
    late_reason: str = ""

    @property
    def mark(self) -> str:
        """The color of the urgency; a word stands beside it."""
        return {"urgent": "red", "soon": "amb"}.get(self.urgency, "")


@dataclass(frozen=True)
class Suggestion:
    """What the form shows before anybody typed."""

    question_kind: QuestionKind
    question: str
    urgency: Urgency
    presenter: User


def by_urgency(referrals: QuerySet[Referral]) -> QuerySet[Referral]:
    """Urgent first, then who waits longest."""
    ranks = [When(urgency=urgency, then=Value(rank)) for urgency, rank in URGENCY_ORDER.items()]
    ranked = referrals.annotate(rank=Case(*ranks, default=Value(9), output_field=IntegerField()))
    return ranked.order_by("rank", "submitted_at", "pk")


def as_waiting(row: Referral) -> WaitingReferral:
    """The row (with patient, board, presenter, submitted_by) as it is listed."""
    if row.submitted_at is None:
        raise ValueError("A referral that was not submitted waits for nothing.")
    return WaitingReferral(
        id=row.pk,
        patient_id=row.patient_id,
        patient_name=row.patient.name,
        birth_date=row.patient.birth_date,
        sex=row.patient.get_sex_display(),
        board_id=row.board_id,
        board_name=row.board.name,
        question_kind=row.get_question_kind_display(),
        question=row.question,
        urgency=row.urgency,
        urgency_label=row.get_urgency_display(),
        kind=row.get_kind_display(),
        submitted_at=row.submitted_at,
        submitted_by=str(row.submitted_by or ""),
        presenter=str(row.presenter or ""),
        carried_over=DeferReason(row.defer_reason).label if row.defer_reason else "",
        late_reason=row.late_reason,
    )


def waiting(user: User, *, board_id: int | None = None) -> tuple[WaitingReferral, ...]:
    """Submitted referrals of the boards of the person's teams, urgent first. One query."""
    rows = Referral.objects.filter(
        status=ReferralStatus.SUBMITTED, board__team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW)
    ).select_related("patient", "board", "presenter", "submitted_by")
    if board_id is not None:
        rows = rows.filter(board_id=board_id)
    return tuple(as_waiting(row) for row in by_urgency(rows))


def open_referrals(patient_id: int) -> list[Referral]:
    """Referrals of the patient that a board has not answered, with board and presenter, also those under records that
    were merged into theirs; the newest first."""
    return list(
        Referral.objects.valid()
        .filter(Q(patient_id=patient_id) | Q(patient__merged_into=patient_id), status__in=OPEN_REFERRALS)
        .select_related("board__team", "presenter", "submitted_by", "patient")
        .order_by("-pk")
    )


def open_referral_to(patient_id: int, board_id: int) -> Referral | None:
    return next((row for row in open_referrals(patient_id) if row.board_id == board_id), None)


def case_facts(patient: Patient) -> CaseFacts:
    """Latest response, running line and primary site; three queries."""
    latest = DiseaseStatus.objects.valid().filter(patient=patient).order_by("-assessed_on", "-pk").first()
    lines = TreatmentLine.objects.valid().filter(patient=patient)
    line = lines.running().filter(role=LineRole.ANTITUMOR).in_order().last()
    main = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    return CaseFacts(
        progressed_on=latest.assessed_on if latest and latest.category == ResponseCategory.PD else None,
        current_line=line.label if line else "",
        primary=str(main) if main else "",
    )


def suggestion_for(patient: Patient, user: User, asked: GuidanceAnswer | None = None) -> Suggestion:
    """Question, urgency and presenter from the record: the responsible clinician presents, else who refers. `asked` is
    a guidance prompt that somebody wants to discuss: then the question is its own."""
    facts = case_facts(patient)
    kind, question = guessed_kind(facts), guessed_question(facts)
    if asked is not None:
        kind = KIND_OF_RULE.get(asked.rule, QuestionKind.NEXT_LINE)
        question = question_of_guidance(asked.title or asked.rule, asked.inputs_words)
    return Suggestion(
        question_kind=kind,
        question=question,
        urgency=guessed_urgency(facts),
        presenter=responsible_clinician(patient.pk) or user,
    )


@dataclass(frozen=True)
class Destination:
    """Where a referral that is submitted now can go. `missed`: the coming meeting whose cut-off has passed or whose
    agenda is frozen; `next`: the first that still takes cases."""

    next: Any = None
    missed: Any = None


def destination(board_id: int, now: datetime) -> Destination:
    """One query. Meetings are a slice above: they are read through the board, as rows of no known class."""
    board = Board.objects.get(pk=board_id)
    coming: Any = board.meetings.filter(status__in=["planned", "frozen"], starts_at__gt=now)
    rows = list(coming.select_related("chair", "board__team").order_by("starts_at", "pk")[:6])
    takes = [row for row in rows if row.status == "planned" and row.cutoff_at >= now]
    first = rows[0] if rows else None
    return Destination(next=takes[0] if takes else None, missed=first if first not in takes else None)


def discussed_before(patient_id: int) -> list[Any]:
    """The patient's referrals that a board has answered, latest first, with `said` (the decision) and `said_at` (when
    the board met). One query."""
    rows = (
        Referral.objects.valid()
        .filter(
            patient_id=patient_id,
            status__in=[ReferralStatus.DISCUSSED, ReferralStatus.CLOSED],
            agenda_items__status="decided",
        )
        .annotate(said=F("agenda_items__decision__text"), said_at=F("agenda_items__meeting__starts_at"))
        .order_by("-said_at", "-pk")
    )
    return list(rows[:10])


def showable_studies(patient_id: int) -> list[ImagingStudy]:
    """Studies that were done, newest first."""
    rows = ImagingStudy.objects.valid().filter(patient_id=patient_id, performed_on__isnull=False)
    return list(rows.order_by("-performed_on", "-pk")[:10])


def showable_specimens(patient_id: int) -> list[Specimen]:
    """Specimens, newest first; those without a date last."""
    rows = Specimen.objects.valid().filter(patient_id=patient_id)
    return list(rows.order_by(F("taken_on").desc(nulls_last=True), "-pk")[:10])


def own_draft(patient_id: int, user: User) -> ReferralDraft | None:
    row: ReferralDraft | None = ReferralDraft.objects.filter(patient_id=patient_id, author=user).first()
    return row


def material_of(referral_ids: Iterable[int]) -> list[ShownMaterial]:
    """What is to be shown with these referrals, by patient and kind. One query."""
    rows = ShownMaterial.objects.valid().filter(referral_id__in=list(referral_ids))
    related = rows.select_related("study", "specimen", "referral__presenter", "patient", "settled_by")
    return list(related.order_by("patient__sort_key", "referral_id", F("study_id").asc(nulls_last=True), "pk"))
