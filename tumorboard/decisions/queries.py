"""Decisions, as the record, the minutes and the figures show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.record.models import DiseaseStatus
from patients.record.rules import ResponseCategory
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order, numbers_of
from patients.treatment.rules import OPEN_STATUSES, RUNNING_STATUSES, EndReason, StartReason
from tumorboard.decisions.models import Alternative, Decision, DecisionAddendum, Recommendation, Told
from tumorboard.decisions.rules import (
    MODALITY_OF_OPTION,
    DecisionStatus,
    Option,
    Outcome,
    RecommendationStatus,
    ToldWhom,
)
from tumorboard.goalcheck.queries import GoalCheck
from tumorboard.meetings.rules import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from careteam.people.models import User

_MARKS = {"open": "acc", "implemented": "grn", "partly": "amb", "not_implemented": "bar", "superseded": ""}


@dataclass(frozen=True)
class RecommendationRow:
    id: int
    option: str
    label: str
    detail: str
    intent: str
    status: RecommendationStatus
    deviation: str
    note: str
    line_id: int | None = None
    line: str = ""
    line_status: str = ""
    is_line_open: bool = False
    strength: str = ""
    condition: str = ""
    evidence: str = ""
    trial: str = ""

    @property
    def terms(self) -> str:
        """Everything said about it beside its name, in one line: `4 cycles; strongly recommended; if PET positive`."""
        said = (
            self.detail,
            self.trial,
            self.intent.lower(),
            self.strength.lower(),
            self.condition,
            self.evidence and f"evidence: {self.evidence}",
        )
        return "; ".join(part for part in said if part)

    @property
    def mark(self) -> str:
        """Color of the state; `said` stands beside it."""
        return _MARKS[self.status]

    @property
    def said(self) -> str:
        """`PRRT: implemented`."""
        return f"{self.label}: {self.status.label.lower()}"

    @property
    def is_open(self) -> bool:
        return self.status in {RecommendationStatus.OPEN, RecommendationStatus.PARTLY}

    @property
    def may_become_a_line(self) -> bool:
        """It is a treatment, unsettled, and no open line carries it."""
        return self.is_open and self.option in MODALITY_OF_OPTION and not self.is_line_open


@dataclass(frozen=True)
class AlternativeRow:
    """An option that was considered and is not recommended, with the reason."""

    option: str
    label: str
    reason: str


@dataclass(frozen=True)
class ToldRow:
    id: int
    whom: str
    label: str
    on: date
    how: str
    by: str
    override_reason: str


@dataclass(frozen=True)
class AddendumRow:
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class DecisionRow:
    """One decision with everything that belongs to it but its actions."""

    id: int
    item_id: int
    referral_id: int
    meeting_id: int
    board_name: str
    held_on: date
    patient_id: int
    patient_name: str
    question: str
    outcome: Outcome
    text: str
    rationale: str
    dissent: str
    goals_seen: bool
    goals_conflict_note: str
    goal_check: GoalCheck | None
    is_inquorate: bool
    missing_specialties: str
    status: DecisionStatus
    recorded_by: str
    recorded_at: datetime
    signed_by: str
    signed_at: datetime | None
    recommendations: tuple[RecommendationRow, ...]
    alternatives: tuple[AlternativeRow, ...]
    told: tuple[ToldRow, ...]
    addenda: tuple[AddendumRow, ...]
    gp: str
    is_deceased: bool
    is_vote: bool
    item_status: ItemStatus

    @property
    def is_unchanged(self) -> bool:
        """The board recommends nothing new: the present plan goes on."""
        return self.outcome is Outcome.NO_CHANGE

    @property
    def has_terms(self) -> bool:
        return any(each.terms for each in self.recommendations)

    @property
    def has_lapsed(self) -> bool:
        """Recorded, never signed, and nobody can sign it any more: its case was deferred or withdrawn."""
        return not self.is_signed and self.item_status in {ItemStatus.DEFERRED, ItemStatus.WITHDRAWN}

    @property
    def is_signed(self) -> bool:
        return self.status is DecisionStatus.SIGNED

    @property
    def patient_told(self) -> ToldRow | None:
        return next((row for row in self.told if row.whom == ToldWhom.PATIENT), None)

    @property
    def gp_told(self) -> ToldRow | None:
        return next((row for row in self.told if row.whom == ToldWhom.GP), None)


def visible_decision(user: User | AnonymousUser, decision_id: int) -> Decision:
    """The decision with patient, meeting and referral, if the person may see the patient; else 404.

    A draft is seen by members of the board's team only: it is not yet part of the record.
    """
    rows = (
        Decision.objects.valid()
        .visible_to(user)
        .select_related(
            "patient__team", "item__meeting__board__team", "item__referral__presenter", "signed_by", "recorded_by"
        )
    )
    decision: Decision | None = rows.filter(pk=decision_id).first()
    if decision is not None and decision.status == DecisionStatus.DRAFT:
        from_team = access_of(user).may(Permission.PATIENT_VIEW, decision.item.meeting.board.team_id)
        decision = decision if from_team else None
    if decision is None:
        raise Http404("No such decision, or not yours to see.")
    return decision


def decision_rows(decisions: QuerySet[Decision]) -> tuple[DecisionRow, ...]:
    """The decisions of the queryset in its order; five queries whatever their number."""
    rows = list(
        decisions.select_related("patient", "item__meeting__board__team", "item__referral", "recorded_by", "signed_by")
    )
    ids = [row.pk for row in rows]
    recommended: dict[int, list[Recommendation]] = {}
    for recommendation in Recommendation.objects.valid().filter(decision_id__in=ids).select_related("line", "trial"):
        recommended.setdefault(recommendation.decision_id, []).append(recommendation)
    weighed: dict[int, list[Alternative]] = {}
    for alternative in Alternative.objects.valid().filter(decision_id__in=ids):
        weighed.setdefault(alternative.decision_id, []).append(alternative)
    told: dict[int, list[Told]] = {}
    for row in Told.objects.valid().filter(decision_id__in=ids).select_related("told_by").order_by("told_on", "pk"):
        told.setdefault(row.decision_id, []).append(row)
    addenda: dict[int, list[DecisionAddendum]] = {}
    added = DecisionAddendum.objects.valid().filter(decision_id__in=ids).select_related("signed_by")
    for addendum in added.order_by("signed_at", "pk"):
        addenda.setdefault(addendum.decision_id, []).append(addendum)
    return tuple(
        _row(
            row,
            recommended.get(row.pk, []),
            weighed.get(row.pk, []),
            told.get(row.pk, []),
            addenda.get(row.pk, []),
        )
        for row in rows
    )


def decisions_of_patient(patient_id: int) -> tuple[DecisionRow, ...]:
    """Signed decisions, the latest meeting first."""
    return decision_rows(
        Decision.objects.valid()
        .filter(patient_id=patient_id, status=DecisionStatus.SIGNED)
        .order_by("-item__meeting__starts_at", "-pk")
    )


def decisions_of_meeting(meeting_id: int) -> tuple[DecisionRow, ...]:
    """Drafts and signed decisions in the order of the agenda."""
    return decision_rows(
        Decision.objects.valid().filter(item__meeting_id=meeting_id).order_by("item__position", "item_id")
    )


def decision_row(decision: Decision) -> DecisionRow:
    return decision_rows(Decision.objects.filter(pk=decision.pk))[0]


def decided_on(decision: Decision) -> date:
    """The local day of the decision (with item, meeting, board, team): that of the meeting, or of the record when the
    meeting was held before its hour, or was an e-vote of several days."""
    meeting = decision.item.meeting
    local = meeting.board.team.local_date
    if meeting.is_vote:
        return local(decision.recorded_at)
    return min(local(meeting.starts_at), local(decision.recorded_at))


def is_told(decision_id: int, whom: ToldWhom) -> bool:
    return Told.objects.valid().filter(decision_id=decision_id, whom=whom).exists()


def start_reason_for(patient_id: int) -> str:
    """Why a treatment would start now, as the record tells: the first one, intolerance of the last counted line,
    progression during or after it, else a planned sequence. Two queries."""
    lines = in_order(TreatmentLine.objects.valid().filter(patient_id=patient_id))
    numbers = numbers_of(lines)
    counted = [line for line in lines if line.pk in numbers and numbers[line.pk].therapy is not None]
    if not counted:
        return StartReason.FIRST
    last = counted[-1]
    if last.end_reason == EndReason.TOXICITY:
        return StartReason.INTOLERANCE
    status = DiseaseStatus.objects.valid().filter(patient_id=patient_id).order_by("-assessed_on", "-pk").first()
    progressed = (
        status is not None
        and status.category == ResponseCategory.PD
        and (last.started_on is None or status.assessed_on > last.started_on)
    )
    return StartReason.PROGRESSION if progressed or last.end_reason == EndReason.PROGRESSION else StartReason.PLANNED


def running_now(patient_id: int) -> tuple[str, ...]:
    """The treatments that run, by name, in their order. One query."""
    rows = TreatmentLine.objects.valid().filter(patient_id=patient_id, status__in=RUNNING_STATUSES)
    return tuple(dict.fromkeys(line.label for line in in_order(rows)))


def _row(
    row: Decision,
    recommended: Iterable[Recommendation],
    weighed: Iterable[Alternative],
    told: Iterable[Told],
    addenda: Iterable[DecisionAddendum],
) -> DecisionRow:
    meeting = row.item.meeting
    ordered = sorted(
        recommended,
        key=lambda each: (each.option == Option.WITH_PALLIATIVE, each.get_option_display().lower()),
    )
    return DecisionRow(
        id=row.pk,
        item_id=row.item_id,
        referral_id=row.item.referral_id,
        meeting_id=meeting.pk,
        board_name=meeting.board.name,
        held_on=decided_on(row),
        patient_id=row.patient_id,
        patient_name=row.patient.name,
        question=row.item.referral.question,
        outcome=Outcome(row.outcome),
        text=row.text,
        rationale=row.rationale,
        dissent=row.dissent,
        goals_seen=row.goals_seen,
        goals_conflict_note=row.goals_conflict_note,
        goal_check=GoalCheck.read(row.goal_check),
        is_inquorate=row.is_inquorate,
        missing_specialties=row.missing_specialties,
        status=DecisionStatus(row.status),
        recorded_by=str(row.recorded_by),
        recorded_at=row.recorded_at,
        signed_by=str(row.signed_by or ""),
        signed_at=row.signed_at,
        recommendations=tuple(
            RecommendationRow(
                id=each.pk,
                option=each.option,
                label=each.get_option_display(),
                detail=each.detail,
                intent=each.get_intent_display() if each.intent else "",
                status=RecommendationStatus(each.status),
                deviation=each.get_deviation_reason_display() if each.deviation_reason else "",
                note=each.deviation_note,
                line_id=each.line_id,
                line=each.line.label if each.line else "",
                line_status=each.line.get_status_display() if each.line else "",
                is_line_open=each.line is not None and each.line.status in OPEN_STATUSES,
                strength=each.get_strength_display() if each.strength else "",
                condition=each.condition,
                evidence=each.evidence,
                trial=str(each.trial or ""),
            )
            for each in ordered
        ),
        alternatives=tuple(
            AlternativeRow(each.option, each.get_option_display(), each.reason)
            for each in sorted(weighed, key=lambda each: each.get_option_display().lower())
        ),
        told=tuple(
            ToldRow(
                id=each.pk,
                whom=each.whom,
                label=each.get_whom_display(),
                on=each.told_on,
                how=each.get_how_display(),
                by=str(each.told_by),
                override_reason=each.override_reason,
            )
            for each in told
        ),
        addenda=tuple(AddendumRow(text=each.text, by=str(each.signed_by), at=each.signed_at) for each in addenda),
        gp=row.patient.general_practitioner,
        is_deceased=row.patient.is_deceased,
        is_vote=meeting.is_vote,
        item_status=ItemStatus(row.item.status),
    )
