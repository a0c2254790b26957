"""The coordinator's worklist: one list, work without a present owner first, then what is late by what is at stake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Greatest

from careteam.web.paging import Sort, Stream
from patients.imaging.models import ContactAttempt, ImagingStudy, SurveillancePlan
from patients.imaging.queries.late import past
from patients.imaging.queries.places import Place, at_place
from patients.imaging.queries.scope import Scope
from patients.imaging.rules import (
    LABS,
    LONGEST_LEAD,
    NOT_YET_DONE,
    PLAIN,
    ReminderStep,
    StopReason,
    StudyStatus,
    by_weight,
)
from patients.record.models import Diagnosis, in_care

_BY_RISK = Sort("risk", "Status", ("bucket", "-score", "due_on", "id"))
_NAME = Sort("name", "Patient", ("patient__sort_key", "id"))
_DUE = Sort("due", "Due", ("due_on", "id"))
_NEXT_TRY = Sort("try", "Contact", ("next_try_on", "id"))
TABS = (
    ("act", "To act on"),
    ("order", "To order"),
    ("schedule", "To schedule"),
    ("report", "Awaiting report"),
    ("review", "To review"),
    ("snoozed", "Snoozed"),
)
SNOOZED = "snoozed"
STOPPED = "stopped"
STOPPED_SORTS = (
    Sort("stopped", "Stopped", ("stopped_on", "id"), descending=True),
    _NAME,
)
_STATUS = {
    "act": NOT_YET_DONE,
    "order": {StudyStatus.PLANNED},
    "schedule": {StudyStatus.ORDERED},
    "report": {StudyStatus.PERFORMED},
    "review": {StudyStatus.REPORTED},
    "snoozed": NOT_YET_DONE,
}
_PLAIN_TABS = {"report", "review", SNOOZED}  # neither counted by days over nor hidden by a snooze
NOBODY, RED, AMBER, DUE, COMING = 0, 1, 2, 3, 4
COUNT_CAP = 1000


def work(scope: Scope, tab: str) -> QuerySet[Any]:
    """Studies of a tab, of patients in care, each with its `bucket` (the group it stands in) and its `score`
    (`rules.score`). Narrow rows, so that sorting tens of thousands stays in memory; `rows_of` fetches the rest for the
    page.

    "To act on" holds what is due within the longest lead of the ladder, and everything overdue, but what is snoozed
    and not red; the others hold their whole state. `sorts_of` says how they may be ordered.
    """
    rows: QuerySet[Any] = (
        ImagingStudy.objects.valid()
        .filter(
            in_care(),
            team_id__in=scope.team_ids,
            status__in=_STATUS.get(tab, NOT_YET_DONE),
        )
        .only("pk", "due_on", "patient_id")
    )
    if tab == SNOOZED:
        rows = rows.filter(snoozed_until__gt=scope.today).exclude(late(scope, RED))
    elif tab not in _PLAIN_TABS:
        awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=scope.today) | late(scope, RED)
        rows = rows.filter(awake, due_on__lte=scope.today + timedelta(days=LONGEST_LEAD))
    cases = _cases(scope, tab)
    grouped: QuerySet[Any] = rows.annotate(
        bucket=Case(
            *(When(condition, then=Value(bucket)) for bucket, condition in cases[:-1]),
            default=Value(cases[-1][0]),
            output_field=IntegerField(),
        )
    )
    return grouped if tab in _PLAIN_TABS else grouped.annotate(score=_score(scope))


def _score(scope: Scope) -> Any:
    """In SQL what `rules.score` is in Python (a test compares them)."""
    days = Func(
        Value(scope.today, output_field=DateField()),
        F("due_on"),
        template="(%(expressions)s)",
        arg_joiner=" - ",
        output_field=IntegerField(),
    )
    heavier = [
        When(stake__in=codes, then=Value(weight))
        for weight, codes in by_weight(scope.weights).items()
        if weight != PLAIN
    ]
    weight = Case(*heavier, default=Value(PLAIN), output_field=IntegerField())
    return Greatest(days, Value(0)) * weight


def sorts_of(scope: Scope, tab: str) -> tuple[Sort, ...]:
    """The orders of a tab, by risk first. By risk, each group is read on its own, along the indexes of due dates: one
    stream for each weight, merged."""
    bands: list[tuple[int, Q]] = []
    before = Q()
    for bucket, condition in _cases(scope, tab):
        bands.append((bucket, before & condition))
        before &= ~condition
    if tab == SNOOZED:
        return Sort("back", "Status", ("snoozed_until", "id")), _DUE, _NAME, _NEXT_TRY
    if tab in _PLAIN_TABS:
        along = "review_due_on" if tab == "review" else "due_on"
        return Sort("risk", "Status", ("bucket", along, "id"), bands=tuple(bands)), _DUE, _NAME
    return replace(_BY_RISK, bands=tuple(bands), streams=_streams(scope)), _DUE, _NAME, _NEXT_TRY


def _streams(scope: Scope) -> tuple[Stream, ...]:
    """The studies of one weight: among them the score falls as the due date rises."""
    return tuple(
        Stream(Q(stake__in=codes), rest=_rest(scope.today, weight))
        for weight, codes in by_weight(scope.weights).items()
    )


def _rest(today: date, weight: int) -> Any:
    def rest(score: Any, back: bool) -> Q:
        if back:  # at least this score: as many days over, rounded up (0: no limit)
            return Q(due_on__lte=today - timedelta(days=-(-score // weight))) if score else Q()
        return Q(due_on__gte=today - timedelta(days=score // weight))

    return rest


def _cases(scope: Scope, tab: str) -> list[tuple[int, Q]]:
    """The groups of a tab in their order, each for what no earlier one took; the last takes the rest."""
    if tab == "review":
        return [(RED, Q(review_due_on__lt=scope.today)), (DUE, Q())]
    if tab == "report":
        return [(NOBODY, scope.unowned()), (DUE, Q())]
    return [(NOBODY, scope.unowned()), *_by_lateness(scope), (COMING, Q())]


def _by_lateness(scope: Scope) -> list[tuple[int, Q]]:
    return [(RED, late(scope, RED)), (AMBER, late(scope, AMBER)), (DUE, Q(due_on__lte=scope.today))]


def narrowed(
    rows: QuerySet[Any], scope: Scope, chosen: Mapping[str, str], user_id: int, places: Mapping[str, Place]
) -> QuerySet[Any]:
    """The filters of the page on a tab's rows; unknown values filter nothing. `places` as `places_of` knows them."""
    owner, stake = chosen.get("owner", ""), chosen.get("stake", "")
    if chosen.get("kind"):
        rows = rows.filter(modality__in=LABS) if chosen["kind"] == "labs" else rows.exclude(modality__in=LABS)
    if chosen.get("modality"):
        rows = rows.filter(modality=chosen["modality"])
    if chosen.get("site"):
        main = Diagnosis.objects.valid().filter(patient_id=OuterRef("patient_id"), is_main=True)
        rows = rows.filter(Exists(main.filter(primary_site=chosen["site"])))
    if chosen.get("place"):
        rows = rows.filter(at_place(chosen["place"], places))
    if owner == "nobody":
        rows = rows.filter(scope.unowned())
    elif owner:
        rows = rows.filter(owner_id=user_id if owner == "mine" else int(owner))
    if stake:
        rows = rows.exclude(stake="") if stake == "any" else rows.filter(stake=stake)
    lateness = {
        "red": late(scope, RED),
        "late": late(scope, AMBER),
        "over": Q(due_on__lt=scope.today),
        "coming": Q(due_on__gt=scope.today),
    }.get(chosen.get("late", ""))
    if lateness is not None:
        rows = rows.filter(lateness)
    return _tried(rows, scope, chosen.get("tried", ""))


def _tried(rows: QuerySet[Any], scope: Scope, which: str) -> QuerySet[Any]:
    attempts = ContactAttempt.objects.valid().filter(study_id=OuterRef("pk"))
    if which == "due":
        return rows.filter(next_try_on__lte=scope.today)
    if which == "none":
        return rows.filter(~Exists(attempts))
    if which == "letter":
        return rows.filter(unanswered__gte=scope.letter_after)
    return rows


def late(scope: Scope, bucket: int) -> Q:
    """Beyond amber (red included) or red."""
    step = ReminderStep.RED if bucket == RED else ReminderStep.AMBER
    return past(step, today=scope.today, zone=scope.zone, limits=scope.limits, shortest=scope.shortest)


@dataclass(frozen=True)
class Counts:
    """The figures of the head line and of the tabs. Above `COUNT_CAP` nobody counts: there it says "1,000+"."""

    act: int = 0
    order: int = 0
    schedule: int = 0
    report: int = 0
    review: int = 0
    snoozed: int = 0
    nobody: int = 0
    red: int = 0
    amber: int = 0

    def of(self, tab: str) -> str:
        """The figure in words."""
        found = int(getattr(self, tab, 0))
        return f"{COUNT_CAP:,}+" if found > COUNT_CAP else str(found)

    @property
    def head(self) -> str:
        """What stands beside the heading."""
        parts = [(self.of("act"), "open"), (self.of("nobody"), "without an owner")]
        parts += [(self.of("red"), "red"), (self.of("amber"), "amber")]
        if self.act <= COUNT_CAP:
            parts.append((str(self.act - self.red - self.amber), "on time"))
        return " · ".join(f"{figure} {word}" for figure, word in parts)


def counts(scope: Scope) -> Counts:
    """Figures over everything the person may see: one query each, none of which counts further than the cap."""
    act = work(scope, "act")
    red = late(scope, RED)
    asked = {tab: work(scope, tab) for tab in ("order", "schedule", "report", "review", SNOOZED)}
    asked |= {
        "act": act,
        "nobody": act.filter(scope.unowned()),
        "red": act.filter(red),
        "amber": act.filter(late(scope, AMBER)).exclude(red),
    }
    return Counts(**{name: rows.order_by().values("pk")[: COUNT_CAP + 1].count() for name, rows in asked.items()})


def stopped_plans(team_ids: Iterable[int]) -> QuerySet[Any]:
    """Where surveillance is off, with the logged reason: living patients without any running plan."""
    scans = SurveillancePlan.objects.valid().exclude(modality__in=LABS)
    running = scans.filter(patient_id=OuterRef("patient_id"), stopped_on__isnull=True)
    later = scans.filter(patient_id=OuterRef("patient_id"), pk__gt=OuterRef("pk"))
    rows: QuerySet[Any] = (
        scans.filter(
            ~Exists(running),
            ~Exists(later),
            patient__team_id__in=list(team_ids),
            patient__deceased_on__isnull=True,
            patient__merged_into__isnull=True,
            stopped_on__isnull=False,
        )
        .exclude(stop_reason=StopReason.DECEASED)
        .select_related("patient")
    )
    return rows


def _of_patients_in_care(team_ids: Iterable[int], **conditions: Any) -> QuerySet[Any]:
    return ImagingStudy.objects.valid().filter(in_care(), team_id__in=list(team_ids), **conditions)


def overdue_reviews(team_ids: Iterable[int], today: date) -> QuerySet[Any]:
    """Reports of patients in care that nobody has reviewed in time."""
    return _of_patients_in_care(team_ids, status=StudyStatus.REPORTED, review_due_on__lt=today)


def overdue_reports(team_ids: Iterable[int], today: date) -> QuerySet[Any]:
    """Scans of patients in care whose report did not come in time."""
    return _of_patients_in_care(team_ids, status=StudyStatus.PERFORMED, report_due_on__lt=today)


def overdue_decisions(team_ids: Iterable[int], today: date) -> QuerySet[Any]:
    """Progressions of patients in care that were reviewed, and nothing was decided in time."""
    return _of_patients_in_care(team_ids, status=StudyStatus.REVIEWED, decision_due_on__lt=today)


def awaited_images(team_ids: Iterable[int], asked_before: date) -> QuerySet[Any]:
    """Scans of patients in care whose images were asked for before the day and are not here."""
    return _of_patients_in_care(
        team_ids, images_requested_on__lt=asked_before, images_received_on__isnull=True
    ).exclude(status=StudyStatus.CLOSED)
