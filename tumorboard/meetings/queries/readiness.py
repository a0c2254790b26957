"""Readiness of the cases of a meeting, of one referral, of everything that is open: joined with the meeting's dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import Http404

from careteam.access.queries import access_of
from careteam.people.models import Team
from careteam.people.rules import Permission
from patients.protocol.queries import number
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import MeetingStatus
from tumorboard.readiness.policies import ASKED_WHILE
from tumorboard.readiness.queries import CaseReadiness, Deadline, readiness_of
from tumorboard.readiness.rules import due_date
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User

NEEDED_WITHIN = timedelta(days=14)  # what is missing, where no later meeting is planned; the form shows it
_AHEAD = (MeetingStatus.PLANNED, MeetingStatus.FROZEN, MeetingStatus.RUNNING)


@dataclass(frozen=True)
class MeetingReadiness:
    """The open cases of a meeting: those with most reds first."""

    cases: tuple[CaseReadiness, ...]

    @property
    def ready(self) -> int:
        return sum(case.is_ready for case in self.cases)

    @property
    def words(self) -> str:
        """`7 of 9 cases ready`."""
        return f"{self.ready} of {len(self.cases)} {'case' if len(self.cases) == 1 else 'cases'} ready"

    def of(self, referral_id: int) -> CaseReadiness | None:
        return next((case for case in self.cases if case.referral.pk == referral_id), None)


def visible_referral(user: User, referral_id: int) -> Referral:
    """The referral with what its readiness needs, if the person belongs to the board's team; else 404."""
    teams = access_of(user).teams_where(Permission.PATIENT_VIEW)
    referral = _with_all(Referral.objects.valid().filter(board__team_id__in=teams)).filter(pk=referral_id).first()
    if referral is None:
        raise Http404("No such referral, or not yours to see.")
    return referral


def _with_all(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    return rows.select_related("patient__team", "board__team", "submitted_by", "presenter")


def _deadline(meeting: Meeting, team: Team) -> Deadline:
    return Deadline(team.local_date(meeting.starts_at), team.local_date(meeting.cutoff_at))


def meeting_readiness(meeting: Meeting, today: date) -> MeetingReadiness:
    """Its open cases, as the record stands now; of a meeting that is over, none. The meeting: with board and team."""
    if meeting.status not in _AHEAD:
        return MeetingReadiness(())
    ids = AgendaItem.objects.valid().open().filter(meeting=meeting).values("referral_id")
    team = meeting.board.team
    cases = [(referral, _deadline(meeting, team)) for referral in _with_all(Referral.objects.filter(pk__in=ids))]
    found = readiness_of(cases, team_id=team.pk, today=today)
    return MeetingReadiness(tuple(sorted(found.values(), key=lambda case: case.order)))


def deadlines_of(referrals: list[Referral], now: datetime) -> dict[int, Deadline]:
    """By referral: the meeting on whose agenda it stands, else the next one of its board whose cut-off lies ahead, else
    today without a cut-off. Two queries."""
    listed = {
        item.referral_id: item.meeting
        for item in AgendaItem.objects.valid()
        .open()
        .filter(referral__in=[referral.pk for referral in referrals])
        .select_related("meeting")
    }
    coming = Meeting.objects.filter(
        board_id__in={referral.board_id for referral in referrals}, status=MeetingStatus.PLANNED, cutoff_at__gte=now
    )
    following = {
        meeting.board_id: meeting for meeting in coming.order_by("board_id", "starts_at", "pk").distinct("board_id")
    }
    found = {}
    for referral in referrals:
        team = referral.board.team
        meeting = listed.get(referral.pk) or following.get(referral.board_id)
        found[referral.pk] = _deadline(meeting, team) if meeting else Deadline(team.local_date(now), None)
    return found


def cases_readiness(referrals: list[Referral], now: datetime) -> dict[int, CaseReadiness]:
    """By id, of referrals of one team (as `visible_referral` gives them)."""
    if not referrals:
        return {}
    team, deadlines = referrals[0].board.team, deadlines_of(referrals, now)
    cases = [(referral, deadlines[referral.pk]) for referral in referrals]
    return readiness_of(cases, team_id=team.pk, today=team.local_date(now))


@dataclass(frozen=True)
class ForDeferral:
    """What a case lacks today, and by when it is needed for the meeting after this one."""

    readiness: CaseReadiness
    due_on: date


def readiness_for_deferral(item: AgendaItem, now: datetime) -> ForDeferral:
    """Of a case on an agenda (with meeting, board and team). Where no later meeting is planned: two weeks from now."""
    team = item.meeting.board.team
    today = team.local_date(now)
    referral = _with_all(Referral.objects.filter(pk=item.referral_id)).get()
    deadline = _deadline(item.meeting, team)
    readiness = readiness_of([(referral, deadline)], team_id=team.pk, today=today)[referral.pk]
    following = Meeting.objects.filter(
        board_id=item.meeting.board_id, status=MeetingStatus.PLANNED, cutoff_at__gte=now
    ).exclude(pk=item.meeting_id)
    first = following.order_by("starts_at", "pk").first()
    if first is None:
        return ForDeferral(readiness, today + NEEDED_WITHIN)
    due_on = due_date(
        cutoff_on=team.local_date(first.cutoff_at),
        meeting_on=team.local_date(first.starts_at),
        lead_days=number(team.pk, "ready.lead").days,
        today=today,
    )
    return ForDeferral(readiness, due_on)


def readiness_of_patient(patient_id: int, now: datetime) -> MeetingReadiness:
    """Of the patient's referrals that wait or are listed, whatever their meetings."""
    rows = _with_all(Referral.objects.valid().filter(patient_id=patient_id, status__in=ASKED_WHILE))
    return MeetingReadiness(tuple(cases_readiness(list(rows), now).values()))


def open_cases(team: Team, now: datetime) -> list[list[tuple[Referral, Deadline]]]:
    """Every case that waits or is listed at a board of the team, those of one meeting together."""
    rows = _with_all(Referral.objects.valid().filter(board__team=team, status__in=ASKED_WHILE))
    referrals = list(rows.order_by("pk"))
    deadlines = deadlines_of(referrals, now)
    groups: dict[Deadline, list[tuple[Referral, Deadline]]] = {}
    for referral in referrals:
        groups.setdefault(deadlines[referral.pk], []).append((referral, deadlines[referral.pk]))
    return list(groups.values())
