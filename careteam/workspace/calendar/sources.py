"""What stands in a feed: slots, doses, meetings, actions, conversations, each without a word about a patient. Patients
who are not in care do not occur, nor those of a team that the person does not work in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.calendars.models import CalendarFeed
from careteam.calendars.rules import AHEAD, BACK, Entry, FeedKind
from careteam.people.models import User
from careteam.people.rules import Permission
from careteam.workspace.coming.rules import ONE_OF, kind_of
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import StudyStatus
from patients.record.models import CareTeamMember, NextStep, Patient
from patients.record.rules import StepKind
from patients.treatment.models import Administration
from patients.treatment.rules import AdministrationStatus, LineStatus
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.boards.models import Board, BoardMember
from tumorboard.meetings.models import Meeting
from tumorboard.meetings.queries import entry_of
from tumorboard.meetings.rules import ItemStatus

SLOT = timedelta(minutes=30)  # a slot is booked by its beginning
DAY = timedelta(days=1)
_ON_AGENDA = Q(items__status__in=[ItemStatus.LISTED, ItemStatus.CURRENT, ItemStatus.DECIDED])


@dataclass(frozen=True)
class Window:
    """Whose feed, over which time, in which of the person's teams."""

    user: User
    team_ids: frozenset[int]
    now: datetime

    @property
    def since(self) -> datetime:
        return self.now - BACK

    @property
    def until(self) -> datetime:
        return self.now + AHEAD

    @property
    def days(self) -> tuple[date, date]:
        return self.since.date(), self.until.date()


def entries_of(feed: CalendarFeed, now: datetime) -> Iterable[Entry]:
    """Everything that the feed has to say now."""
    teams = access_of(feed.user).teams_where(Permission.PATIENT_VIEW)
    if feed.kind == FeedKind.PERSON:
        window = Window(feed.user, teams, now)
        return chain.from_iterable(source(window) for source in _MINE)
    window = Window(feed.user, teams & {feed.team_id or 0}, now)
    if feed.kind == FeedKind.BOARD:
        return _meetings(Meeting.objects.sessions().filter(board_id=feed.board_id or 0), window)
    return chain(_slots(_booked(window)), _meetings(Meeting.objects.sessions(), window))


def _booked(window: Window) -> QuerySet[Any]:
    """Slots; those of scans that were done since stay as they were said."""
    rows: QuerySet[Any] = ImagingStudy.objects.valid().filter(
        status=StudyStatus.SCHEDULED,
        team_id__in=window.team_ids,
        scheduled_for__range=(window.since, window.until),
        patient__in=Patient.objects.in_care(),
    )
    return rows.select_related("team")


def _slots(studies: QuerySet[Any]) -> Iterator[Entry]:
    for study in studies.order_by("scheduled_for", "pk"):
        yield Entry(
            key=f"study-{study.pk}",
            title=f"{study.get_modality_display()} slot",
            starts=study.scheduled_for.astimezone(UTC),
            ends=study.scheduled_for.astimezone(UTC) + SLOT,
            zone=study.team.time_zone,
            path=reverse("study-page", args=[study.pk]),
        )


def _my_slots(window: Window) -> Iterator[Entry]:
    return _slots(_booked(window).filter(owner=window.user))


def _meetings(meetings: QuerySet[Any], window: Window) -> Iterator[Entry]:
    """Meetings with how many cases; canceled ones say so."""
    rows: QuerySet[Any] = (
        meetings.filter(board__team_id__in=window.team_ids, ends_at__gt=window.since, starts_at__lt=window.until)
        .select_related("board__team")
        .annotate(cases=Count("items", filter=_ON_AGENDA))
    )
    for meeting in rows.order_by("starts_at", "pk"):
        yield entry_of(meeting, meeting.cases)


def _my_meetings(window: Window) -> Iterator[Entry]:
    """Of boards where the person is a standing member, or chairs or writes that day."""
    boards = BoardMember.objects.filter(user=window.user).values("board_id")
    mine = Q(board_id__in=boards) | Q(chair=window.user) | Q(scribe=window.user)
    return _meetings(Meeting.objects.sessions().filter(mine), window)


def _my_doses(window: Window) -> Iterator[Entry]:
    """Days on which a patient whose responsible clinician the person is has a dose or procedure."""
    mine = CareTeamMember.objects.valid().filter(person=window.user, is_responsible=True, ended_on__isnull=True)
    doses: QuerySet[Any] = (
        Administration.objects.valid()
        .filter(
            status=AdministrationStatus.PLANNED,
            planned_on__range=window.days,
            line__status=LineStatus.ACTIVE,
            patient_id__in=mine.values("patient_id"),
            patient__team_id__in=window.team_ids,
            patient__in=Patient.objects.in_care(),
        )
        .select_related("line", "patient__team")
    )
    for dose in doses.order_by("planned_on", "pk"):
        what = ONE_OF[kind_of(dose.line.modality)]
        yield _day(
            f"dose-{dose.pk}",
            what,
            dose.planned_on,
            dose.patient.team.time_zone,
            reverse("line-page", args=[dose.patient_id, dose.line_id]),
        )


def _my_actions(window: Window) -> Iterator[Entry]:
    actions: QuerySet[Any] = (
        Action.objects.valid()
        .open()
        .filter(
            in_force(),
            owner=window.user,
            due_on__range=window.days,
            patient__team_id__in=window.team_ids,
            patient__in=Patient.objects.in_care(),
        )
        .select_related("patient__team")
    )
    for action in actions.order_by("due_on", "pk"):
        path = reverse("action-close", args=[action.pk])
        yield _day(f"action-{action.pk}", "Board action due", action.due_on, action.patient.team.time_zone, path)


def _my_conversations(window: Window) -> Iterator[Entry]:
    """Goals conversations that are asked of the person, on the day until which."""
    steps = NextStep.objects.filter(
        kind=StepKind.GOALS,
        owner=window.user,
        closed_at__isnull=True,
        due_on__range=window.days,
        team_id__in=window.team_ids,
        patient__in=Patient.objects.in_care(),
    ).select_related("team")
    for step in steps.order_by("due_on", "pk"):
        if step.due_on is not None:
            path = reverse("goals-new", args=[step.patient_id])
            yield _day(f"goals-{step.pk}", "Goals conversation", step.due_on, step.team.time_zone, path)


def _day(key: str, title: str, on: date, zone: str, path: str) -> Entry:
    return Entry(key=key, title=title, starts=on, ends=on + DAY, zone=zone, path=path)


_MINE: tuple[Callable[[Window], Iterator[Entry]], ...] = (
    _my_slots,
    _my_doses,
    _my_meetings,
    _my_actions,
    _my_conversations,
)


def choices_of(user: User) -> list[tuple[str, str]]:
    """The calendars a person can have a link to: their own, those of their teams, those of their boards. The value is
    kind and id."""
    access = access_of(user)
    seen = access.teams_where(Permission.PATIENT_VIEW)
    teams = [(f"team-{team.pk}", f"{team.name}: slots and meetings") for team in access.teams if team.pk in seen]
    boards = Board.objects.visible_to(user).filter(is_active=True).order_by("name", "pk")
    return [
        ("person-0", "Mine: slots, doses, meetings, actions, conversations"),
        *teams,
        *((f"board-{board.pk}", f"{board.name}: meetings") for board in boards),
    ]
