"""Meetings and their agendas, as frozen rows. The number of queries does not depend on the number of cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, Sum
from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.models import Membership, User
from careteam.people.rules import Permission, Specialty
from patients.goals.models import GoalsPrompt
from patients.goals.rules import PromptStatus
from patients.record.models import Diagnosis, Specimen
from patients.record.queries import grade_from
from tumorboard.boards.models import Board, BoardMember
from tumorboard.boards.rules import in_words
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting
from tumorboard.meetings.rules import (
    OPEN_ITEMS,
    CalendarEntry,
    ItemStatus,
    MeetingStatus,
    Quorum,
    quorum_of,
    required_specialties,
)
from tumorboard.referrals.models import Referral
from tumorboard.referrals.queries import WaitingReferral, waiting
from tumorboard.referrals.rules import ReferralStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser

FEED_BACK = timedelta(days=31)  # how far a calendar feed looks back


@dataclass(frozen=True)
class NextMeeting:
    """The next meeting of one board. `minutes` is what its cases take, `length` what the meeting has."""

    id: int
    board_id: int
    board_name: str
    starts_at: datetime
    ends_at: datetime
    cutoff_at: datetime
    on: date
    status: str
    status_label: str
    place: str
    cases: int
    mine: int
    minutes: int
    length: int
    waiting: int

    @property
    def is_running(self) -> bool:
        return self.status == MeetingStatus.RUNNING


@dataclass(frozen=True)
class BoardRow:
    """A board on the list of boards; `next` is None when nothing is planned."""

    id: int
    name: str
    rhythm: str
    local_time: str
    is_active: bool
    next: NextMeeting | None
    waiting: int
    may_configure: bool


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
    question: str
    kind: str
    urgency: str
    urgency_label: str
    presenter: str
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


@dataclass(frozen=True)
class Agenda:
    meeting: Meeting
    rows: tuple[AgendaRow, ...]
    waiting: tuple[WaitingReferral, ...]
    seats: tuple[Seat, ...]
    quorum: Quorum
    minutes: int
    length: int

    @property
    def over(self) -> int:
        """Minutes that do not fit; 0 when everything fits."""
        return max(self.minutes - self.length, 0)

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


def visible_meeting(user: User | AnonymousUser, meeting_id: int) -> Meeting:
    """The meeting with board, team, chair and scribe, if the person belongs to the team; else 404."""
    rows = Meeting.objects.visible_to(user).select_related("board__team", "chair", "scribe")
    meeting = rows.filter(pk=meeting_id).first()
    if meeting is None:
        raise Http404("No such meeting, or not yours to see.")
    return meeting


def visible_item(user: User | AnonymousUser, item_id: int) -> AgendaItem:
    """The agenda item with meeting, board, team, patient and referral, if the person belongs to the team; else 404."""
    rows = AgendaItem.objects.visible_to(user).select_related(
        "meeting__board__team", "meeting__chair", "meeting__scribe", "patient__team", "referral__presenter"
    )
    item: AgendaItem | None = rows.filter(pk=item_id).first()
    if item is None:
        raise Http404("No such case, or not yours to see.")
    return item


def next_meetings(user: User, now: datetime) -> tuple[NextMeeting, ...]:
    """The running or next meeting of each active board of the person's teams, soonest first. Three queries."""
    teams = access_of(user).teams_where(Permission.PATIENT_VIEW)
    coming = Meeting.objects.filter(
        Q(status=MeetingStatus.RUNNING) | Q(status__in=[MeetingStatus.PLANNED, MeetingStatus.FROZEN], ends_at__gt=now),
        board__team_id__in=teams,
        board__is_active=True,
    )
    ids = coming.order_by("board_id", "starts_at", "pk").distinct("board_id").values_list("pk", flat=True)
    open_item = Q(items__status__in=[ItemStatus.LISTED, ItemStatus.CURRENT, ItemStatus.DECIDED])
    rows: Iterable[Any] = (
        Meeting.objects.filter(pk__in=list(ids))
        .select_related("board__team")
        .annotate(
            cases=Count("items", filter=open_item),
            mine=Count("items", filter=open_item & Q(items__referral__presenter=user)),
            minutes=Sum("items__minutes", filter=open_item, default=0),
        )
        .order_by("starts_at", "pk")
    )
    queue = dict(
        Referral.objects.filter(status=ReferralStatus.SUBMITTED, board__team_id__in=teams)
        .values_list("board_id")
        .annotate(n=Count("pk"))
        .order_by("board_id")
    )
    return tuple(
        NextMeeting(
            id=row.pk,
            board_id=row.board_id,
            board_name=row.board.name,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            cutoff_at=row.cutoff_at,
            on=row.board.team.local_date(row.starts_at),
            status=row.status,
            status_label=row.get_status_display(),
            place=row.place or row.board.place,
            cases=row.cases,
            mine=row.mine,
            minutes=row.minutes,
            length=_minutes(row),
            waiting=queue.get(row.board_id, 0),
        )
        for row in rows
    )


def boards_overview(user: User, now: datetime) -> tuple[BoardRow, ...]:
    """Boards of the person's teams with their next meeting, active ones first."""
    access = access_of(user)
    coming = {meeting.board_id: meeting for meeting in next_meetings(user, now)}
    boards = Board.objects.visible_to(user).order_by("-is_active", "name", "pk")
    queue: Iterable[Any] = boards.annotate(n=Count("referrals", filter=Q(referrals__status=ReferralStatus.SUBMITTED)))
    return tuple(
        BoardRow(
            id=board.pk,
            name=board.name,
            rhythm=in_words(board.rrule),
            local_time=f"{board.local_time:%H:%M}",
            is_active=board.is_active,
            next=coming.get(board.pk),
            waiting=board.n,
            may_configure=access.may(Permission.BOARD_CONFIGURE, board.team_id),
        )
        for board in queue
    )


def meetings_of(board_id: int, *, since: datetime, limit: int = 8) -> list[Meeting]:
    """Meetings of a board that end after `since`, soonest first."""
    return list(Meeting.objects.filter(board_id=board_id, ends_at__gt=since).order_by("starts_at", "pk")[:limit])


def listing_targets(user: User, now: datetime) -> dict[int, Meeting]:
    """By board: the next planned meeting whose cut-off has not passed. One query."""
    rows = (
        Meeting.objects.visible_to(user)
        .filter(status=MeetingStatus.PLANNED, cutoff_at__gte=now)
        .order_by("board_id", "starts_at", "pk")
        .distinct("board_id")
    )
    return {row.board_id: row for row in rows}


def past_meetings(user: User, now: datetime, *, limit: int = 12) -> list[Meeting]:
    """Meetings that were held, or whose time has passed, latest first; cancelled ones left out."""
    return list(
        Meeting.objects.visible_to(user)
        .filter(starts_at__lt=now)
        .filter(Q(status=MeetingStatus.HELD) | Q(ends_at__lt=now))
        .exclude(status=MeetingStatus.CANCELLED)
        .select_related("board")
        .annotate(decided=Count("items", filter=Q(items__status=ItemStatus.DECIDED)))
        .order_by("-starts_at", "-pk")[:limit]
    )


def agenda_of(meeting: Meeting, user: User) -> Agenda:
    """The whole agenda page; nine queries whatever its length."""
    present = present_specialties(meeting.pk)
    rows = agenda_rows(meeting, present)
    open_rows = [row for row in rows if row.status in OPEN_ITEMS or row.status is ItemStatus.DECIDED]
    needed = {specialty for row in open_rows for specialty in row.quorum.required}
    needed |= set(required_specialties(meeting.board.quorum))
    return Agenda(
        meeting=meeting,
        rows=rows,
        waiting=waiting(user, board_id=meeting.board_id),
        seats=seats_of(meeting),
        quorum=quorum_of(sorted(needed, key=lambda specialty: specialty.label), present),
        minutes=sum(row.minutes for row in open_rows),
        length=_minutes(meeting),
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
            question=item.referral.question,
            kind=item.referral.get_kind_display(),
            urgency=item.referral.urgency,
            urgency_label=item.referral.get_urgency_display(),
            presenter=str(item.referral.presenter or ""),
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


def calendar_entries(board: Board, *, site: str, now: datetime) -> list[CalendarEntry]:
    """Meetings of the board from a month ago on, cancelled ones marked."""
    rows = Meeting.objects.filter(board=board, ends_at__gt=now - FEED_BACK).order_by("starts_at", "pk")
    return [
        CalendarEntry(
            uid=f"meeting-{row.pk}@{site}",
            title=board.name,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            place=row.place or board.place,
            link=board.link,
            sequence=row.version - 1,
            is_cancelled=row.status == MeetingStatus.CANCELLED,
        )
        for row in rows
    ]


def _minutes(meeting: Meeting) -> int:
    return round((meeting.ends_at - meeting.starts_at).total_seconds() / 60)


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
