"""Boards and meetings as lists: what comes next, what was, the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.web.paging import Sort
from tumorboard.boards.models import Board
from tumorboard.boards.rules import in_words
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import ItemStatus, MeetingStatus, Section
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import ReferralStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


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
    coming = Meeting.objects.sessions().filter(
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
            minutes=Sum("items__minutes", filter=open_item & ~Q(items__section=Section.STANDBY), default=0),
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
            length=row.length_minutes,
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
    return list(
        Meeting.objects.sessions().filter(board_id=board_id, ends_at__gt=since).order_by("starts_at", "pk")[:limit]
    )


def listing_targets(user: User, now: datetime) -> dict[int, Meeting]:
    """By board: the next planned meeting whose cut-off has not passed. One query."""
    rows = (
        Meeting.objects.visible_to(user)
        .filter(status=MeetingStatus.PLANNED, cutoff_at__gte=now)
        .order_by("board_id", "starts_at", "pk")
        .distinct("board_id")
    )
    return {row.board_id: row for row in rows}


def next_open_meeting(board_id: int, now: datetime, *, but: int = 0) -> Meeting | None:
    """The next meeting of the board, other than `but`, whose cut-off has not passed and whose agenda is not frozen."""
    rows = Meeting.objects.filter(board_id=board_id, status=MeetingStatus.PLANNED, cutoff_at__gte=now)
    return rows.exclude(pk=but).select_related("board__team").order_by("starts_at", "pk").first()


PAST_SORTS = (Sort("held", "Date", ("starts_at", "id"), descending=True),)


def past_meetings(user: User, now: datetime) -> QuerySet[Meeting]:
    """Meetings that were held, or whose time has passed; canceled ones and e-votes left out. `decided` counts
    their cases."""
    over = Q(status=MeetingStatus.HELD) | Q(ends_at__lt=now)
    rows = Meeting.objects.visible_to(user).sessions().filter(over, starts_at__lt=now)
    rows = rows.exclude(status=MeetingStatus.CANCELLED)
    return rows.select_related("board__team").annotate(
        decided=Count("items", filter=Q(items__status=ItemStatus.DECIDED))
    )
