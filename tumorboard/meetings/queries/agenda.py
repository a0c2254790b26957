"""One agenda: its cases in order, who is there, what the quorum misses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import F

from careteam.people.models import Membership
from careteam.people.rules import Specialty
from patients.goals.models import GoalsPrompt
from patients.goals.rules import PromptStatus
from patients.record.models import Diagnosis, Specimen
from patients.record.queries import grade_from
from tumorboard.boards.models import BoardMember
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting
from tumorboard.meetings.rules import OPEN_ITEMS, ItemStatus, Quorum, quorum_of, required_specialties
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
    after_cutoff_reason: str
    carried_over: str
    is_deceased: bool
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
class Seat:
    """One person on the attendance list; `since` is None for who is not (or no longer) there."""

    user_id: int
    name: str
    specialty: str
    specialty_label: str
    since: datetime | None
    is_standing: bool
    mode_label: str = ""


@dataclass(frozen=True)
class Agenda:
    meeting: Meeting
    rows: tuple[AgendaRow, ...]
    waiting: tuple[WaitingReferral, ...]
    suggested: tuple[SuggestionRow, ...]
    seats: tuple[Seat, ...]
    quorum: Quorum
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
        """Who belongs to the team, is no standing member and not there."""
        return tuple(seat for seat in self.seats if seat.since is None and not seat.is_standing)

    @property
    def unsigned(self) -> tuple[AgendaRow, ...]:
        return tuple(row for row in self.rows if row.decision_id and not row.is_signed)


def agenda_of(meeting: Meeting, user: User, *, today: date | None = None) -> Agenda:
    """The whole agenda page on the local day `today` (None: the day of the meeting); ten queries whatever its
    length."""
    present = present_specialties(meeting.pk)
    rows = agenda_rows(meeting, present)
    open_rows = [row for row in rows if row.status in OPEN_ITEMS or row.status is ItemStatus.DECIDED]
    needed = {specialty for row in open_rows for specialty in row.quorum.required}
    needed |= set(required_specialties(meeting.board.quorum))
    return Agenda(
        meeting=meeting,
        rows=rows,
        waiting=waiting(user, board_id=meeting.board_id),
        suggested=suggested_for(user, meeting.board_id, on=today or meeting.board.team.local_date(meeting.starts_at)),
        seats=seats_of(meeting),
        quorum=quorum_of(sorted(needed, key=lambda specialty: specialty.label), present),
        minutes=sum(row.minutes for row in open_rows),
        length=meeting.length_minutes,
    )


def agenda_rows(meeting: Meeting, present: frozenset[str]) -> tuple[AgendaRow, ...]:
    items = list(
        AgendaItem.objects.valid()
        .filter(meeting=meeting)
        .select_related("patient", "referral__presenter")
        .annotate(decision_pk=F("decision__pk"), decision_state=F("decision__status"))
        .in_order()
    )
    patient_ids = [item.patient_id for item in items]
    diseases = _diseases(patient_ids)
    prompted = patients_with_open_prompt(patient_ids)
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
            after_cutoff_reason=item.after_cutoff_reason,
            carried_over=(
                item.referral.get_defer_reason_display()
                if item.referral.defer_reason and item.status != ItemStatus.DEFERRED
                else ""
            ),
            is_deceased=item.patient.is_deceased,
            quorum=quorum_of(
                required_specialties(
                    meeting.board.quorum,
                    question_kind=item.referral.question_kind,
                    goals_prompt_open=item.patient_id in prompted,
                ),
                present,
            ),
            decision_id=item.decision_pk,
            is_signed=item.decision_state == "signed",
        )
        for number, item in enumerate(items, start=1)
    )


def quorum_for(item: AgendaItem) -> Quorum:
    """The quorum for this case with who is in the room now."""
    required = required_specialties(
        item.meeting.board.quorum,
        question_kind=item.referral.question_kind,
        goals_prompt_open=bool(patients_with_open_prompt([item.patient_id])),
    )
    return quorum_of(required, present_specialties(item.meeting_id))


def present_specialties(meeting_id: int) -> frozenset[str]:
    rows = Attendance.objects.filter(meeting_id=meeting_id, left_at__isnull=True).exclude(specialty="")
    return frozenset(rows.values_list("specialty", flat=True))


def seats_of(meeting: Meeting) -> tuple[Seat, ...]:
    """Standing members, the rest of the team, and whoever came: present first, then by name. Three queries."""
    came = {row.user_id: row for row in Attendance.objects.filter(meeting=meeting).select_related("user")}
    people: dict[int, tuple[str, str, bool]] = {}
    for membership in Membership.objects.current().filter(team_id=meeting.board.team_id).select_related("user"):
        people[membership.user_id] = (str(membership.user), membership.specialty, False)
    for member in BoardMember.objects.filter(board_id=meeting.board_id, user__is_active=True).select_related("user"):
        people[member.user_id] = (str(member.user), member.specialty, True)
    for user_id, row in came.items():
        name, specialty, standing = people.get(user_id, (str(row.user), row.specialty, False))
        people[user_id] = (name, row.specialty or specialty, standing)
    seats = [
        Seat(
            user_id=user_id,
            name=name,
            specialty=specialty,
            specialty_label=Specialty(specialty).label if specialty in Specialty.values else "",
            since=came[user_id].joined_at if user_id in came and came[user_id].left_at is None else None,
            is_standing=standing,
            mode_label=came[user_id].get_mode_display() if user_id in came else "",
        )
        for user_id, (name, specialty, standing) in people.items()
    ]
    return tuple(sorted(seats, key=lambda seat: (seat.since is None, not seat.is_standing, seat.name, seat.user_id)))


def specialty_at(meeting: Meeting, person: User) -> str:
    """What the person stands for in this meeting: as a standing member, else by membership of the team."""
    member = BoardMember.objects.filter(board_id=meeting.board_id, user=person).first()
    if member is not None:
        return member.specialty
    membership = Membership.objects.current().filter(team_id=meeting.board.team_id, user=person).first()
    return membership.specialty if membership else ""


def patients_with_open_prompt(patient_ids: list[int]) -> frozenset[int]:
    rows = GoalsPrompt.objects.valid().filter(status=PromptStatus.OPEN, patient_id__in=patient_ids)
    return frozenset(rows.values_list("patient_id", flat=True))


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
