"""What each figure means in the tables. Said once: the number counts what the list shows.

A figure is a condition on one of three bases: cases (agenda items with their decision), recommendations and actions of
signed decisions. The day of a case is the local day of its meeting.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    F,
    FloatField,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Cast, Least, TruncDate

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.record.models import Diagnosis
from patients.record.rules import EnrollmentStatus
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionStatus
from tumorboard.boards.models import Board
from tumorboard.decisions.models import Recommendation, Told
from tumorboard.decisions.rules import DecisionStatus, RecommendationStatus, ToldWhom
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import ItemStatus
from tumorboard.referrals.rules import ReferralKind
from tumorboard.reports.rules import FigureKey, SpanKey

if TYPE_CHECKING:
    from careteam.access.queries import Access
    from careteam.people.models import User

_UTC = zoneinfo.ZoneInfo("UTC")


@dataclass(frozen=True)
class Scope:
    """Whose meetings from when to when (days of the reader's home team, both included); `board_id` None: all boards of
    the teams."""

    teams: frozenset[int]
    since: date
    until: date
    today: date
    board_id: int | None = None
    zone: tzinfo = _UTC

    @classmethod
    def of(cls, user: User, *, since: date, until: date, today: date, board_id: int | None = None) -> Scope:
        """What the person may count."""
        access: Access = access_of(user)
        zone = zoneinfo.ZoneInfo(access.home.time_zone) if access.home else _UTC
        return cls(access.teams_where(Permission.REPORT_VIEW), since, until, today, board_id, zone)

    def over(self, since: date, until: date) -> Scope:
        """The same boards in another period."""
        return replace(self, since=since, until=until)

    def meetings(self, path: str = "") -> Q:
        """Meetings of the scope, `path` being the way to them (`item__meeting__`)."""
        start = datetime.combine(self.since, time(), self.zone)
        end = datetime.combine(self.until + timedelta(days=1), time(), self.zone)
        found = Q(
            **{
                f"{path}board__team_id__in": self.teams,
                f"{path}starts_at__gte": start,
                f"{path}starts_at__lt": end,
            }
        )
        return found & Q(**{f"{path}board_id": self.board_id}) if self.board_id else found


def reported_boards(user: User) -> list[Board]:
    """Boards whose figures the person may see, by name."""
    teams = access_of(user).teams_where(Permission.REPORT_VIEW)
    return list(Board.objects.filter(team_id__in=teams).select_related("team").order_by("name", "pk"))


def meetings_in(scope: Scope) -> QuerySet[Meeting]:
    """Meetings at a table: nobody sits in an e-vote. Its case counts as any other."""
    return Meeting.objects.sessions().filter(scope.meetings()).order_by("-starts_at", "pk")


_SIGNED = Q(decision__status=DecisionStatus.SIGNED, decision__error_at__isnull=True)  # of a case, or of what follows


def _days(after: Any, before: Any) -> Func:
    """Whole days between two date expressions."""
    return Func(after, before, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())


def cases_in(scope: Scope) -> QuerySet[AgendaItem]:
    """Cases with what their figures ask: when discussed, told, begun; how long each step took."""
    recommended = Recommendation.objects.valid().filter(
        decision=OuterRef("decision__pk"), line__isnull=False, line__error_at__isnull=True
    )
    told = Told.objects.valid().filter(decision=OuterRef("decision__pk"), whom=ToldWhom.PATIENT)
    begun = (
        recommended.filter(line__started_on__gte=OuterRef("day"))
        .order_by()
        .values("decision")
        .annotate(first=Min("line__started_on"))
        .values("first")
    )
    rows: QuerySet[AgendaItem] = (
        AgendaItem.objects.valid()
        .filter(scope.meetings("meeting__"))
        .alias(
            # As `decisions.queries.decided_on`: a meeting may be held before its hour.
            day=Least(
                TruncDate("meeting__starts_at", tzinfo=scope.zone),
                TruncDate("decision__recorded_at", tzinfo=scope.zone),
            ),
            referred_on=TruncDate("referral__submitted_at", tzinfo=scope.zone),
            begun_before=Exists(recommended.filter(line__started_on__lt=OuterRef("day"))),
            told_on=Subquery(told.values("told_on")[:1], output_field=DateField()),
            started_on=Subquery(begun, output_field=DateField()),
        )
    )
    return rows


def recommendations_in(scope: Scope) -> QuerySet[Recommendation]:
    """Of signed decisions."""
    rows: QuerySet[Recommendation] = Recommendation.objects.valid().filter(_follows(scope))
    return rows


def actions_in(scope: Scope) -> QuerySet[Action]:
    """Of signed decisions."""
    rows: QuerySet[Action] = Action.objects.valid().filter(_follows(scope))
    return rows


def _follows(scope: Scope) -> Q:
    """What follows from a signed decision of a meeting of the scope."""
    return _SIGNED & scope.meetings("decision__item__meeting__")


K = FigureKey
R = RecommendationStatus
_CASES = Q(status=ItemStatus.DECIDED)
_MEASURED = Q(lacked_at_cutoff__isnull=False)
_ASSESSABLE = (R.IMPLEMENTED, R.PARTLY, R.NOT_IMPLEMENTED)
CASES: dict[FigureKey, Q] = {
    K.PRESENTED: Q(status__in=[ItemStatus.DECIDED, ItemStatus.DEFERRED]),
    K.CASES: _CASES,
    K.PROSPECTIVE: _CASES & ~Q(referral__kind=ReferralKind.INFORMATION) & Q(begun_before=False),
    K.DEFERRED: Q(status=ItemStatus.DEFERRED),
    K.LATE: _CASES & ~Q(after_cutoff_reason=""),
    K.MEASURED: _MEASURED,
    K.READY: _MEASURED & Q(lacked_at_cutoff=[]),
    K.LACKING: _MEASURED & ~Q(lacked_at_cutoff=[]),
    K.SIGNED: _SIGNED,
    K.QUORATE: _SIGNED & Q(decision__is_inquorate=False),
    K.GOALS_KNOWN: _SIGNED & Q(decision__goals_seen=True),
    K.DISSENT: _SIGNED & ~Q(decision__dissent=""),
    K.TOLD: _SIGNED & Q(told_on__isnull=False),
    K.STARTED: _SIGNED & Q(started_on__isnull=False),
}
RECOMMENDATIONS: dict[FigureKey, Q] = {
    K.RECOMMENDED: Q(),
    K.ASSESSABLE: Q(status__in=_ASSESSABLE),
    K.IMPLEMENTED: Q(status=R.IMPLEMENTED),
    K.PARTLY: Q(status=R.PARTLY),
    K.NOT_IMPLEMENTED: Q(status=R.NOT_IMPLEMENTED),
    K.DEVIATED: Q(status__in=[R.PARTLY, R.NOT_IMPLEMENTED]),
    K.UNSETTLED: Q(status=R.OPEN),
    K.SUPERSEDED: Q(status=R.SUPERSEDED),
}


def _actions(today: date) -> dict[FigureKey, Q]:
    opened = Q(status=ActionStatus.OPEN)
    return {
        K.ACTIONS: Q(),
        K.ACTIONS_DONE: Q(status=ActionStatus.DONE),
        K.ACTIONS_OPEN: opened,
        K.ACTIONS_OVERDUE: opened & Q(due_on__lt=today),
    }


def new_patients_in(scope: Scope) -> QuerySet[Diagnosis]:
    """Main diagnoses made in the period of the patients of the teams, or of the board's team; not of those who are
    still under review."""
    rows = Diagnosis.objects.valid().filter(
        is_main=True,
        diagnosed_on__gte=scope.since,
        diagnosed_on__lte=scope.until,
        patient__team_id__in=scope.teams,
        patient__merged_into__isnull=True,
    )
    if scope.board_id:
        rows = rows.filter(patient__team__boards=scope.board_id)
    found: QuerySet[Diagnosis] = rows.exclude(patient__enrollment_status=EnrollmentStatus.UNDER_REVIEW).alias(
        was_discussed=Exists(
            AgendaItem.objects.valid()
            .filter(scope.meetings("meeting__"), status=ItemStatus.DECIDED, patient=OuterRef("patient"))
            .order_by()
        )
    )
    return found


NEW_PATIENTS: dict[FigureKey, Q] = {K.NEW: Q(), K.NEW_DISCUSSED: Q(was_discussed=True)}

# Which column holds the coded reason of a figure.
WHY: dict[FigureKey, str] = {
    K.DEFERRED: "defer_reason",
    K.DEVIATED: "deviation_reason",
    K.LACKING: "lacked_at_cutoff__contains",
}


def bases(scope: Scope) -> tuple[tuple[QuerySet[Any], dict[FigureKey, Q]], ...]:
    """Each base with the figures that count its rows; new patients are counted apart, for a year."""
    return (
        (cases_in(scope), CASES),
        (recommendations_in(scope), RECOMMENDATIONS),
        (actions_in(scope), _actions(scope.today)),
        (new_patients_in(scope), NEW_PATIENTS),
    )


def listed(key: FigureKey, scope: Scope, *, why: str = "", rest: bool = False) -> QuerySet[Any]:
    """The rows that a figure counts; with `why` those of one coded reason; with `rest` those of its whole that it does
    not count."""
    rows, figures = next((rows, figures) for rows, figures in bases(scope) if key in figures)
    part = rows.filter(figures[key])
    if why:
        part = part.filter(**{WHY[key]: [why] if key is K.LACKING else why})
    if rest and key.whole is not None:
        return rows.filter(figures[key.whole]).exclude(pk__in=part.values("pk"))
    return part


def counts_of(figures: dict[FigureKey, Q]) -> dict[str, Count]:
    """Aggregates by the figures' values (dashes are no names)."""
    return {_name(key): Count("pk", filter=condition) for key, condition in figures.items() if condition} | {
        _name(key): Count("pk") for key, condition in figures.items() if not condition
    }


def read_counts(row: dict[str, Any], figures: dict[FigureKey, Q]) -> dict[FigureKey, int]:
    return {key: row[_name(key)] for key in figures}


def _name(key: FigureKey) -> str:
    return f"n_{key.replace('-', '_')}"


# --- how long it took -------------------------------------------------------------------------------------------------

S = SpanKey
_SPANS: dict[SpanKey, tuple[Q, Any]] = {
    S.MINUTES: (
        _CASES & Q(seconds_on__isnull=False),
        Cast("seconds_on", FloatField()) / 60.0,
    ),
    S.TO_DISCUSSION: (_SIGNED & Q(referred_on__isnull=False), _days(F("day"), F("referred_on"))),
    S.TO_TOLD: (_SIGNED & Q(told_on__isnull=False), _days(F("told_on"), F("day"))),
    S.TO_START: (
        _SIGNED & Q(told_on__isnull=False, started_on__isnull=False),
        _days(F("started_on"), F("told_on")),
    ),
    S.WHOLE: (
        _SIGNED & Q(referred_on__isnull=False, started_on__isnull=False),
        _days(F("started_on"), F("referred_on")),
    ),
}


def span_values(scope: Scope) -> list[tuple[date, dict[SpanKey, float]]]:
    """For each discussed case the day of its meeting and what could be measured; one query. Medians are found from
    these: in SQL each of them would ask the same subqueries again."""
    rows = cases_in(scope).filter(status=ItemStatus.DECIDED)
    values = {
        f"took_{span.name.lower()}": Case(When(condition, then=value), default=None, output_field=FloatField())
        for span, (condition, value) in _SPANS.items()
    }
    columns = rows.annotate(on=F("day"), **values).values_list("on", *values)
    return [
        (on, {span: value for span, value in zip(_SPANS, measured, strict=True) if value is not None})
        for on, *measured in columns
    ]


def span_rows(span: SpanKey, scope: Scope) -> QuerySet[AgendaItem]:
    """The cases that a span measures, each with its `took`, the longest first."""
    condition, value = _SPANS[span]
    rows = cases_in(scope).filter(status=ItemStatus.DECIDED).filter(condition)
    return rows.annotate(took=value).order_by("-took", "-meeting__starts_at", "pk")
