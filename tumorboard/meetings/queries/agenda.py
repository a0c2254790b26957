"""One agenda: its cases in order, who is there, what the quorum misses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Case, Exists, F, OuterRef, When

from patients.goals.models import GoalsPromptReason
from patients.goals.rules import LIVE_PROMPTS, PromptReason
from patients.record.models import Diagnosis, Specimen
from patients.record.queries import grade_from
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import Modality
from tumorboard.boards.rules import Quorum, quorum_of
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries.quorum import (
    needs_of_case,
    patients_with_open_prompt,
    present_specialties,
    quorum_of_meeting,
)
from tumorboard.meetings.queries.seats import Seat, seats_of
from tumorboard.meetings.rules import OPEN_ITEMS, ItemStatus
from tumorboard.readiness.queries import Wanted, wanted_of
from tumorboard.referrals.queries import WaitingReferral, waiting
from tumorboard.suggestions.queries import SuggestionRow, suggested_for

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class AgendaRow:
    """One case on an agenda. `number` counts from 1 in the order of the agenda."""

    item_id: int
    number: int
    referral_id: int
    patient_id: int
    patient_name: str
    birth_date: date | None
    sex: str
    disease: str
    question_kind: str
    question_code: str
    question: str
    kind: str
    section: str
    urgency: str
    urgency_label: str
    presenter: str
    presenter_id: int | None
    since: datetime
    minutes: int
    status: ItemStatus
    defer_reason: str
    missing: tuple[str, ...]
    withdraw_reason: str
    after_cutoff_reason: str
    carried_over: str
    wanted: tuple[Wanted, ...]  # what it was deferred for
    is_deceased: bool
    in_hospice: bool
    is_differing: bool  # a decision goes another way than the goals: somebody is to talk again
    quorum: Quorum
    decision_id: int | None
    is_signed: bool

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_ITEMS

    @property
    def mark(self) -> str:
        """Color of the state; a word stands beside it."""
        return {"decided": "grn", "current": "amb", "deferred": "", "withdrawn": ""}.get(self.status, "acc")

    @property
    def status_label(self) -> str:
        if self.is_open and self.decision_id and not self.is_signed:
            return "Recorded, not signed"
        return self.status.label


@dataclass(frozen=True)
class Agenda:
    meeting: Meeting
    rows: tuple[AgendaRow, ...]
    waiting: tuple[WaitingReferral, ...]
    suggested: tuple[SuggestionRow, ...]
    seats: tuple[Seat, ...]
    quorum: Quorum
    forecast: Quorum  # with who is expected
    minutes: int
    length: int

    @property
    def over(self) -> int:
        """Minutes that do not fit; 0 when everything fits."""
        return max(self.minutes - self.length, 0)

    @property
    def patient_ids(self) -> list[int]:
        """Whose data the page shows."""
        return [
            *(row.patient_id for row in self.rows),
            *(row.patient_id for row in self.waiting),
            *(row.patient_id for row in self.suggested),
        ]

    @property
    def present(self) -> int:
        return sum(1 for seat in self.seats if seat.since is not None)

    @property
    def others(self) -> tuple[Seat, ...]:
        """Who belongs to the team, has no seat that day and is not there."""
        return tuple(
            seat for seat in self.seats if seat.since is None and not seat.is_standing and not seat.stands_in_for
        )

    @property
    def unsigned(self) -> tuple[AgendaRow, ...]:
        """What was recorded of a case that was deferred or withdrawn since is signed by nobody."""
        lapsed = {ItemStatus.DEFERRED, ItemStatus.WITHDRAWN}
        return tuple(row for row in self.rows if row.decision_id and not row.is_signed and row.status not in lapsed)


def agenda_of(meeting: Meeting, user: User, *, today: date | None = None) -> Agenda:
    """The whole agenda page on the local day `today` (None: the day of the meeting); a constant number of queries
    whatever its length."""
    present = present_specialties(meeting.pk)
    rows = agenda_rows(meeting, present)
    open_rows = [row for row in rows if row.status in OPEN_ITEMS or row.status is ItemStatus.DECIDED]
    seats, cases = seats_of(meeting), [row.quorum for row in open_rows]
    return Agenda(
        meeting=meeting,
        rows=rows,
        waiting=waiting(user, board_id=meeting.board_id),
        suggested=suggested_for(user, meeting.board_id, on=today or meeting.board.team.local_date(meeting.starts_at)),
        seats=seats,
        quorum=quorum_of_meeting(meeting, cases, present),
        forecast=quorum_of_meeting(meeting, cases, [seat.specialty for seat in seats if seat.is_expected]),
        minutes=sum(row.minutes for row in open_rows),
        length=meeting.length_minutes,
    )


def agenda_rows(meeting: Meeting, present: frozenset[str]) -> tuple[AgendaRow, ...]:
    hospice = (
        TreatmentLine.objects.valid().running().filter(patient_id=OuterRef("patient_id"), modality=Modality.HOSPICE)
    )
    differing = GoalsPromptReason.objects.filter(
        prompt__patient_id=OuterRef("patient_id"), prompt__status__in=LIVE_PROMPTS, reason=PromptReason.DECISION
    )
    items = list(
        AgendaItem.objects.valid()
        .filter(meeting=meeting)
        .select_related("patient", "referral__presenter")
        .annotate(
            decision_pk=Case(When(decision__error_at__isnull=True, then="decision__pk")),
            decision_state=F("decision__status"),
            in_hospice=Exists(hospice),
            is_differing=Exists(differing),
        )
        .in_order()
    )
    patient_ids = [item.patient_id for item in items]
    diseases = _diseases(patient_ids)
    prompted = patients_with_open_prompt(patient_ids)
    wanted = wanted_of([item.referral_id for item in items])
    return tuple(
        AgendaRow(
            item_id=item.pk,
            number=number,
            referral_id=item.referral_id,
            patient_id=item.patient_id,
            patient_name=item.patient.name,
            birth_date=item.patient.birth_date,
            sex=item.patient.get_sex_display(),
            disease=diseases.get(item.patient_id, ""),
            question_kind=item.referral.get_question_kind_display(),
            question_code=item.referral.question_kind,
            question=item.referral.question,
            kind=item.referral.get_kind_display(),
            section=item.section,
            urgency=item.referral.urgency,
            urgency_label=item.referral.get_urgency_display(),
            presenter=str(item.referral.presenter or ""),
            presenter_id=item.referral.presenter_id,
            since=item.referral.submitted_at or item.listed_at,
            minutes=item.minutes,
            status=ItemStatus(item.status),
            defer_reason=item.get_defer_reason_display() if item.defer_reason else "",
            missing=tuple(item.missing),
            withdraw_reason=item.referral.withdraw_reason if item.status == ItemStatus.WITHDRAWN else "",
            after_cutoff_reason=item.after_cutoff_reason,
            carried_over=(
                item.referral.get_defer_reason_display()
                if item.referral.defer_reason and item.status != ItemStatus.DEFERRED
                else ""
            ),
            wanted=wanted.get(item.referral_id, ()),
            is_deceased=item.patient.is_deceased,
            in_hospice=item.in_hospice,
            is_differing=item.is_differing,
            quorum=quorum_of(
                needs_of_case(
                    meeting.board,
                    item.referral.question_kind,
                    goals_prompt_open=item.patient_id in prompted,
                ),
                present,
            ),
            decision_id=item.decision_pk,
            is_signed=item.decision_state == "signed",
        )
        for number, item in enumerate(items, start=1)
    )


def _diseases(patient_ids: list[int]) -> dict[int, str]:
    """`Pancreas, NET G2` for each patient. Two queries."""
    sites = {
        row.patient_id: str(row) for row in Diagnosis.objects.valid().filter(patient_id__in=patient_ids, is_main=True)
    }
    specimens: dict[int, list[Specimen]] = {}
    for specimen in Specimen.objects.valid().filter(patient_id__in=patient_ids):
        specimens.setdefault(specimen.patient_id, []).append(specimen)
    return {
        patient_id: ", ".join(
            part
            for part in (sites.get(patient_id, ""), grade_from(specimens.get(patient_id, [])).highest.grade.label)
            if part
        )
        for patient_id in patient_ids
    }
