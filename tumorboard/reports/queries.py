"""Figures over a period, each with the patients behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.models import Decision, Recommendation, Told
from tumorboard.decisions.rules import DecisionStatus, RecommendationStatus, ToldWhom
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.rules import ItemStatus
from tumorboard.reports.rules import Concordance, FigureKey

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User

    Listed = QuerySet[AgendaItem] | QuerySet[Decision] | QuerySet[Action] | QuerySet[Recommendation]


@dataclass(frozen=True)
class Figure:
    key: FigureKey
    count: int
    of: int | None = None

    @property
    def label(self) -> str:
        return self.key.label

    @property
    def percent(self) -> float | None:
        return 100 * self.count / self.of if self.of else None


@dataclass(frozen=True)
class Figures:
    since: date
    until: date
    groups: tuple[tuple[str, tuple[Figure, ...]], ...]
    concordance: Concordance
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Behind:
    """One patient behind a figure."""

    patient_id: int
    name: str
    birth_date: date | None
    sex: str
    what: str
    on: date | None
    url_name: str
    url_id: int


def figures(user: User, *, since: date, until: date, today: date) -> Figures:
    """Counts over meetings from `since` to `until` (dates, both included) of the teams whose reports the person may
    see."""
    teams = access_of(user).teams_where(Permission.REPORT_VIEW)
    counts = {key: _behind(key, teams, since, until, today).count() for key in FigureKey}
    decided, signed = counts[FigureKey.DISCUSSED], counts[FigureKey.SIGNED]
    settled = _recommendations(teams, since, until)
    deviations: dict[str, int] = {}
    for row in settled.exclude(deviation_reason="").exclude(status=RecommendationStatus.SUPERSEDED):
        label = row.get_deviation_reason_display()
        deviations[label] = deviations.get(label, 0) + 1
    whole = {
        FigureKey.DEFERRED: decided + counts[FigureKey.DEFERRED],
        FigureKey.INQUORATE: signed,
        FigureKey.GOALS_KNOWN: signed,
        FigureKey.NOT_TOLD: signed,
    }

    def group(*keys: FigureKey) -> tuple[Figure, ...]:
        return tuple(Figure(key, counts[key], whole.get(key)) for key in keys)

    return Figures(
        since=since,
        until=until,
        groups=(
            ("Meetings", group(FigureKey.DISCUSSED, FigureKey.DEFERRED, FigureKey.SIGNED, FigureKey.INQUORATE)),
            ("Patients", group(FigureKey.GOALS_KNOWN, FigureKey.NOT_TOLD)),
            ("Actions", group(FigureKey.ACTIONS_OPEN, FigureKey.ACTIONS_OVERDUE, FigureKey.ACTIONS_DONE)),
            (
                "Recommendations",
                group(FigureKey.IMPLEMENTED, FigureKey.PARTLY, FigureKey.NOT_IMPLEMENTED, FigureKey.UNSETTLED),
            ),
        ),
        concordance=Concordance(
            full=counts[FigureKey.IMPLEMENTED],
            partial=counts[FigureKey.PARTLY],
            discordant=counts[FigureKey.NOT_IMPLEMENTED],
        ),
        reasons=tuple(sorted(deviations.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def patients_behind(
    user: User, key: FigureKey, *, since: date, until: date, today: date, limit: int = 500
) -> tuple[Behind, ...]:
    """The patients behind a figure, latest meeting first; only those whom the person may see by name."""
    access = access_of(user)
    teams = access.teams_where(Permission.REPORT_VIEW) & access.teams_where(Permission.PATIENT_VIEW)
    found = _behind(key, teams, since, until, today)
    return tuple(_row(row) for row in found[:limit])


def _row(row: AgendaItem | Decision | Action | Recommendation) -> Behind:
    if isinstance(row, AgendaItem):
        what, on, name, pk = row.referral.question, row.meeting.occurrence_on, "meeting", row.meeting_id
    elif isinstance(row, Decision):
        what, on, name, pk = row.text, row.item.meeting.occurrence_on, "decision", row.pk
    elif isinstance(row, Action):
        what, on, name, pk = row.what, row.due_on, "action-close", row.pk
    else:
        what, on, name, pk = str(row), row.decision.item.meeting.occurrence_on, "decision", row.decision_id
    patient = row.patient
    return Behind(patient.pk, patient.name, patient.birth_date, patient.get_sex_display(), what, on, name, pk)


def _items(teams: frozenset[int], since: date, until: date) -> QuerySet[AgendaItem]:
    return (
        AgendaItem.objects.valid()
        .filter(
            meeting__board__team_id__in=teams,
            meeting__occurrence_on__gte=since,
            meeting__occurrence_on__lte=until,
        )
        .select_related("patient", "meeting", "referral")
        .order_by("-meeting__starts_at", "position", "pk")
    )


def _decisions(teams: frozenset[int], since: date, until: date) -> QuerySet[Decision]:
    return (
        Decision.objects.valid()
        .filter(
            status=DecisionStatus.SIGNED,
            item__meeting__board__team_id__in=teams,
            item__meeting__occurrence_on__gte=since,
            item__meeting__occurrence_on__lte=until,
        )
        .select_related("patient", "item__meeting")
        .order_by("-item__meeting__starts_at", "pk")
    )


def _recommendations(teams: frozenset[int], since: date, until: date) -> QuerySet[Recommendation]:
    return (
        Recommendation.objects.valid()
        .filter(
            decision__status=DecisionStatus.SIGNED,
            decision__item__meeting__board__team_id__in=teams,
            decision__item__meeting__occurrence_on__gte=since,
            decision__item__meeting__occurrence_on__lte=until,
        )
        .select_related("patient", "decision__item__meeting")
        .order_by("-decision__item__meeting__starts_at", "pk")
    )


def _actions(teams: frozenset[int], since: date, until: date) -> QuerySet[Action]:
    return (
        Action.objects.valid()
        .filter(
            in_force(),
            patient__team_id__in=teams,
            decision__item__meeting__occurrence_on__gte=since,
            decision__item__meeting__occurrence_on__lte=until,
        )
        .select_related("patient", "decision__item__meeting")
        .order_by("due_on", "pk")
    )


def _behind(key: FigureKey, teams: frozenset[int], since: date, until: date, today: date) -> Listed:
    told = Told.objects.valid().filter(decision_id=OuterRef("pk"), whom=ToldWhom.PATIENT)
    items, decisions = _items(teams, since, until), _decisions(teams, since, until)
    actions, recommendations = _actions(teams, since, until), _recommendations(teams, since, until)
    made: dict[FigureKey, Callable[[], Listed]] = {
        FigureKey.DISCUSSED: lambda: items.filter(status=ItemStatus.DECIDED),
        FigureKey.DEFERRED: lambda: items.filter(status=ItemStatus.DEFERRED),
        FigureKey.SIGNED: lambda: decisions,
        FigureKey.INQUORATE: lambda: decisions.filter(is_inquorate=True),
        FigureKey.GOALS_KNOWN: lambda: decisions.filter(goals_seen=True),
        FigureKey.NOT_TOLD: lambda: decisions.filter(~Exists(told)),
        FigureKey.ACTIONS_OPEN: lambda: actions.filter(status=ActionStatus.OPEN),
        FigureKey.ACTIONS_OVERDUE: lambda: actions.filter(status=ActionStatus.OPEN, due_on__lt=today),
        FigureKey.ACTIONS_DONE: lambda: actions.filter(status=ActionStatus.DONE),
        FigureKey.IMPLEMENTED: lambda: recommendations.filter(status=RecommendationStatus.IMPLEMENTED),
        FigureKey.PARTLY: lambda: recommendations.filter(status=RecommendationStatus.PARTLY),
        FigureKey.NOT_IMPLEMENTED: lambda: recommendations.filter(status=RecommendationStatus.NOT_IMPLEMENTED),
        FigureKey.UNSETTLED: lambda: recommendations.filter(status=RecommendationStatus.OPEN),
    }
    return made[key]()
