"""The four lists as querysets, each scoped to what the reader may see and narrowed by the same filters."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import DateField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from careteam.access.queries import access_of
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.reconciler.models import ReconcilerFinding, ReconcilerRun
from careteam.workspace.patients import ids_without_step
from careteam.workspace.reconciling.checks import Problem, problems
from careteam.workspace.safety.queries.truth import stale_only
from careteam.workspace.safety.rules import CAP, Net, Where, Whose, treated_by
from patients.imaging.models import ContactAttempt, ImagingStudy
from patients.imaging.queries.worklist import overdue_reviews
from patients.imaging.rules import ContactOutcome, StudyStatus, add_working_days
from patients.protocol.queries import TeamNumber, numbers
from patients.record.models import CareTeamMember, Encounter, NextStep, Patient
from patients.record.rules.visits import NOT_COMING
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import (
    OPEN_STATUSES,
    RUNNING_STATUSES,
    SYSTEMIC_OR_PRRT,
    AdministrationStatus,
    LineRole,
    LineStatus,
)
from patients.triage.models import SymptomCall
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import DecisionStatus
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import ItemStatus, MeetingKind, MeetingStatus
from tumorboard.minutes.models import SignedMinutes

if TYPE_CHECKING:
    from careteam.people.models import User

FEW = 1000  # patients that are looked up by id
REACHED = (ContactOutcome.REACHED, ContactOutcome.BOOKED, ContactOutcome.DECLINED)
COUNT_SECONDS = 60
REMEMBERED = 1800
SMALL = 5000  # patients in care up to which every look is at all of them


@dataclass(frozen=True)
class Asked:
    """Who looks, for which teams, on which day, narrowed to what."""

    user: User
    teams: tuple[Team, ...]
    now: datetime
    whose: str = ""
    where: str = ""

    @property
    def team_ids(self) -> frozenset[int]:
        return frozenset(team.pk for team in self.teams)

    def today(self, team: Team) -> date:
        return team.local_date(self.now)


def asked_by(user: User, now: datetime, *, whose: str = "", where: str = "") -> Asked:
    """What the person asks of their own teams."""
    access = access_of(user)
    seen = access.teams_where(Permission.PATIENT_VIEW)
    return Asked(user, tuple(team for team in access.teams if team.pk in seen), now, whose, where)


def limit(known: dict[int, Any], team: Team, code: str) -> TeamNumber:
    """A number of the safety net for the team; each team's numbers are read once."""
    if team.pk not in known:
        known[team.pk] = numbers(team.pk)
    found: TeamNumber = known[team.pk][code]
    return found


def _narrowed(rows: QuerySet[Any], asked: Asked, path: str) -> QuerySet[Any]:
    """By responsible clinician and by where the patient is treated; `path` leads to the patient's id."""
    named = CareTeamMember.objects.valid().filter(
        patient_id=OuterRef(path), is_responsible=True, ended_on__isnull=True, person__is_active=True
    )
    if asked.whose == Whose.MINE:
        rows = rows.filter(Exists(named.filter(person=asked.user)))
    elif asked.whose == Whose.NOBODY:
        rows = rows.filter(~Exists(named))
    running = TreatmentLine.objects.valid().running().filter(patient_id=OuterRef(path))
    if asked.where == Where.NONE:
        rows = rows.filter(~Exists(running))
    elif asked.where:
        rows = rows.filter(Exists(running.filter(modality__in=treated_by(asked.where))))
    return rows


def is_large(team: Team) -> bool:
    """Whether looking at every row of the team takes longer than a page may."""
    return Patient.objects.in_care().filter(team=team).order_by()[: SMALL + 1].count() > SMALL


def _candidates(name: str, team: Team, look: Callable[[Team], list[int]], *, anew: bool = False) -> list[int]:
    """What `look` found in all of a large team, remembered for half an hour and looked up anew by a task every ten
    minutes. Whoever uses it asks again about each: nothing that was mended stays on a list."""
    key = f"safety:{name}:{team.pk}"
    known: list[int] | None = None if anew else cache.get(key)
    if known is None:
        known = look(team)
        cache.set(key, known, REMEMBERED)
    return known


def _stale(team: Team) -> list[int]:
    return stale_only(team.pk, limit=FEW)


def stale_patients(teams: Iterable[Team]) -> list[int]:
    """Patients whose every open step names work that is over."""
    found: list[int] = []
    for team in teams:
        if is_large(team):
            known = _candidates("stale", team, _stale)
            found += stale_only(team.pk, patient_ids=known) if known else []
        else:
            found += _stale(team)
    return found


def look_anew(now: datetime) -> int:
    """Looks at every row of the large teams, for the pages of the next minutes. Returns how many teams."""
    large = [team for team in Team.objects.order_by("pk") if is_large(team)]
    for team in large:
        _candidates("stale", team, _stale, anew=True)
        _candidates("lines", team, partial(_lines_of, now=now), anew=True)
    return len(large)


def patients_without_step(asked: Asked) -> QuerySet[Patient]:
    """In care, and nothing comes next: no open step, or none whose work is still to be done."""
    patients = Patient.objects.visible_to(asked.user).filter(team_id__in=asked.team_ids).in_care()
    ids = ids_without_step(patients, FEW + 1)
    stale = stale_patients(asked.teams)
    if len(ids) <= FEW:
        chosen = patients.filter(pk__in=[*ids, *stale])
    else:
        has = NextStep.objects.filter(patient_id=OuterRef("pk"), closed_at__isnull=True)
        chosen = patients.filter(~Exists(has) | Q(pk__in=stale))
    return _narrowed(chosen, asked, "pk")


def late_reports(asked: Asked) -> QuerySet[ImagingStudy]:
    """Reports past their review limit, and reported ones that never got a limit."""
    base = ImagingStudy.objects.valid().visible_to(asked.user)
    late = Q(pk__in=[])
    for team in asked.teams:
        late |= Q(pk__in=overdue_reviews([team.pk], asked.today(team)).values("pk"))
    unlimited = Q(team_id__in=asked.team_ids, status=StudyStatus.REPORTED, review_due_on__isnull=True)
    unlimited &= Q(patient__in=Patient.objects.in_care())
    return _narrowed(base.filter(late | unlimited), asked, "patient_id")


def waiting_reports(asked: Asked) -> int:
    """Reports that wait for their review within the limit: no gap, but worth a look. Counted up to the cap."""
    rows = (
        ImagingStudy.objects.valid()
        .unreviewed()
        .visible_to(asked.user)
        .filter(team_id__in=asked.team_ids, patient__in=Patient.objects.in_care(), review_due_on__isnull=False)
    )
    late = late_reports(asked).values("pk")
    return counted(_narrowed(rows, asked, "patient_id").exclude(pk__in=late))


def newer_lines(today: date, days: int, path: str = "") -> QuerySet[TreatmentLine]:
    """Antitumor lines that run beside an older one for more than `days`: of the line of the outer query."""
    newer: QuerySet[TreatmentLine] = (
        TreatmentLine.objects.valid()
        .running()
        .filter(
            patient_id=OuterRef(f"{path}patient_id"),
            role=LineRole.ANTITUMOR,
            modality__in=SYSTEMIC_OR_PRRT,
            started_on__gt=OuterRef(f"{path}started_on"),
            started_on__lt=today - timedelta(days=days),
        )
    )
    return newer


def lines_without_end(asked: Asked) -> QuerySet[TreatmentLine]:
    """Running lines that nobody looks after, antitumor lines that a newer one was started beside, planned lines whose
    start has passed."""
    known: dict[int, Any] = {}
    found = Q(pk__in=[])
    for team in asked.teams:
        of_team = Q(patient__team_id=team.pk) & _line_gaps(asked.today(team), team, known)
        if is_large(team):
            some = _candidates("lines", team, partial(_lines_of, now=asked.now))
            of_team &= Q(pk__in=some) if len(some) <= FEW else Q()
        found |= of_team
    lines = (
        TreatmentLine.objects.valid()
        .visible_to(asked.user)
        .filter(found, patient__in=Patient.objects.in_care(), status__in=OPEN_STATUSES)
    )
    lines = lines.annotate(since=Coalesce("started_on", "planned_on", output_field=DateField()))
    return _narrowed(lines, asked, "patient_id")


def _lines_of(team: Team, *, now: datetime) -> list[int]:
    """Lines of the team with a gap, up to one more than a few."""
    gaps = _line_gaps(team.local_date(now), team, {})
    lines = TreatmentLine.objects.valid().filter(
        gaps, patient__team_id=team.pk, patient__in=Patient.objects.in_care(), status__in=OPEN_STATUSES
    )
    return list(lines.order_by().values_list("pk", flat=True)[: FEW + 1])


def _line_gaps(today: date, team: Team, known: dict[int, Any]) -> Q:
    silent = today - timedelta(days=limit(known, team, "safety.line_silent").days)
    missed = today - timedelta(days=limit(known, team, "safety.line_start").days)
    beside = newer_lines(today, limit(known, team, "safety.line_overlap").days)
    planned = Q(status__in=[LineStatus.PLANNED, LineStatus.PROPOSED], planned_on__lt=missed)
    overlap = Q(role=LineRole.ANTITUMOR, modality__in=SYSTEMIC_OR_PRRT) & Q(Exists(beside))
    alone = Q(started_on__lt=silent) & ~Q(_doses_since(silent)) & ~_contacts_since(silent, team)
    return planned | Q(status__in=RUNNING_STATUSES) & (overlap | alone)


def _doses_since(on: date) -> Exists:
    """A dose of the line given, or planned, on the day or later."""
    doses = Administration.objects.valid().filter(line_id=OuterRef("pk"))
    given = Q(given_on__gte=on) | Q(status=AdministrationStatus.PLANNED, planned_on__gte=on)
    return Exists(doses.filter(given))


def _contacts_since(on: date, team: Team) -> Q:
    """Somebody saw or spoke to the patient on the day or later: a visit, a call, a scan, a contact attempt that
    reached them; or a visit is booked."""
    at = datetime.combine(on, time(), tzinfo=zoneinfo.ZoneInfo(team.time_zone))
    of = {"patient_id": OuterRef("patient_id"), "error_at__isnull": True}
    visits = Encounter.objects.filter(**of, starts_at__gte=at).exclude(status__in=NOT_COMING)
    calls = SymptomCall.objects.filter(**of, called_at__gte=at)
    tries = ContactAttempt.objects.filter(**of, at__gte=at, outcome__in=REACHED)
    scans = ImagingStudy.objects.filter(**of, performed_on__gte=on)
    return Q(Exists(visits)) | Q(Exists(calls)) | Q(Exists(tries)) | Q(Exists(scans))


def last_working_day(today: date, days: int) -> date:
    """The last day from which more than `days` working days have passed today."""
    on = today
    while add_working_days(on, days) >= today:
        on -= timedelta(days=1)
    return on


def meetings_without_minutes(asked: Asked) -> QuerySet[Meeting]:
    """Over for longer than the limit, and a case is undecided, a decision unsigned, nobody closed the meeting, or
    nobody signed its minutes. The last is asked of a board from the first meeting on whose minutes were signed here: a
    board that keeps its minutes elsewhere is left alone, and so is an e-vote, which its decision documents."""
    known: dict[int, Any] = {}
    over = Q(pk__in=[])
    for team in asked.teams:
        on = last_working_day(asked.today(team), limit(known, team, "safety.minutes").days)
        end = datetime.combine(on + timedelta(days=1), time(), tzinfo=zoneinfo.ZoneInfo(team.time_zone))
        over |= Q(board__team_id=team.pk, ends_at__lt=end.astimezone(UTC))
    items = AgendaItem.objects.valid().filter(meeting_id=OuterRef("pk"))
    signed = Decision.objects.valid().filter(item_id=OuterRef("pk"), status=DecisionStatus.SIGNED)
    unsigned = items.filter(~Exists(signed), status=ItemStatus.DECIDED)
    minuted = SignedMinutes.objects.filter(meeting__board_id=OuterRef("board_id"))
    before = Exists(minuted.filter(meeting__starts_at__lt=OuterRef("starts_at")))
    own = SignedMinutes.objects.filter(meeting_id=OuterRef("pk"))
    unminuted = Q(before, ~Exists(own), status=MeetingStatus.HELD, kind=MeetingKind.SESSION)
    gap = Q(Exists(items.open())) | Q(Exists(unsigned)) | Q(status=MeetingStatus.RUNNING) | unminuted
    meetings: QuerySet[Meeting] = (
        Meeting.objects.visible_to(asked.user).exclude(status=MeetingStatus.CANCELLED).filter(over, gap)
    )
    if asked.whose == Whose.MINE:
        return meetings.filter(chair=asked.user)
    return meetings.filter(chair__isnull=True) if asked.whose == Whose.NOBODY else meetings


def last_runs(teams: Iterable[Team]) -> list[ReconcilerRun]:
    """The latest finished run of each team."""
    done = ReconcilerRun.objects.filter(team__in=list(teams), finished_at__isnull=False)
    return list(done.order_by("team_id", "-started_at", "-pk").distinct("team_id").select_related("team"))


def night_findings(asked: Asked) -> QuerySet[ReconcilerFinding]:
    """What the latest run left for a person and is still so: each finding is looked at again, up to the cap."""
    runs = last_runs(asked.teams)
    seen = Patient.objects.visible_to(asked.user).in_care()
    left = ReconcilerFinding.objects.filter(for_person=True, patient__in=seen)
    still: list[int] = []
    for run in runs:
        rows = list(left.filter(run=run).order_by("pk")[: CAP + 1])
        now_wrong = set(problems(run.team, sorted({row.patient_id for row in rows}), asked.now)) if rows else set()
        still += [row.pk for row in rows if Problem(row.patient_id, row.kind, row.subject) in now_wrong]
    return _narrowed(left.filter(pk__in=still), asked, "patient_id")


def history(teams: Iterable[Team], limit: int = 10) -> list[ReconcilerRun]:
    """The latest runs, newest first."""
    runs = ReconcilerRun.objects.filter(team__in=list(teams), finished_at__isnull=False).select_related("team")
    return list(runs.order_by("-started_at", "-pk")[:limit])


QUERIES: dict[str, Callable[[Asked], QuerySet[Any]]] = {
    Net.STEPS: patients_without_step,
    Net.REPORTS: late_reports,
    Net.LINES: lines_without_end,
    Net.MEETINGS: meetings_without_minutes,
    Net.NIGHT: night_findings,
}


def counted(rows: QuerySet[Any]) -> int:
    """How many, up to one more than the cap."""
    return rows.order_by()[: CAP + 1].count()


def remembered_counts(asked: Asked) -> dict[str, int]:
    """`counts` as they were at most a minute ago: for what only mentions them."""
    whose = f"{asked.whose}:{asked.user.pk}" if asked.whose == Whose.MINE else asked.whose
    teams = "-".join(str(pk) for pk in sorted(asked.team_ids))
    key = f"safety:counts:{teams}:{whose}:{asked.where}"
    known: dict[str, int] | None = cache.get(key)
    if known is None:
        known = counts(asked)
        cache.set(key, known, COUNT_SECONDS)
    return known


def counts(asked: Asked) -> dict[str, int]:
    return {str(net): counted(QUERIES[net](asked)) for net in Net}
