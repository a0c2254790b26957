"""The coordinator's worklist: one list, work without a present owner first, then what is late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from careteam.people.models import Absence, Deputy
from careteam.web.paging import Sort
from careteam.web.words import clock, day
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.queries.late import past
from patients.imaging.queries.patient import confirmed_on
from patients.imaging.queries.preparation import Preparation, preparations_of
from patients.imaging.rules import (
    DEFAULT_INTERVAL,
    LONGEST_LEAD,
    NOT_YET_DONE,
    LadderLimits,
    Lateness,
    ReminderStep,
    StopReason,
    StudyStatus,
    lateness,
)
from patients.record.models import Diagnosis, Specimen
from patients.record.queries import grade_from
from patients.record.rules import EnrollmentStatus, Grade
from patients.treatment.queries import therapy_lines

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_BY_RISK = Sort("risk", "Status", ("bucket", "due_on", "id"))
_OTHER_SORTS = (
    Sort("due", "Due", ("due_on", "id")),
    Sort("name", "Patient", ("patient__sort_key", "id")),
)
TABS = (
    ("act", "To act on"),
    ("order", "To order"),
    ("schedule", "To schedule"),
    ("report", "Awaiting report"),
    ("review", "To review"),
)
STOPPED = "stopped"
STOPPED_SORTS = (
    Sort("stopped", "Stopped", ("stopped_on", "id"), descending=True),
    Sort("name", "Patient", ("patient__sort_key", "id")),
)
_STATUS = {
    "act": NOT_YET_DONE,
    "order": {StudyStatus.PLANNED},
    "schedule": {StudyStatus.ORDERED},
    "report": {StudyStatus.PERFORMED},
    "review": {StudyStatus.REPORTED},
}
NOBODY, RED, AMBER, DUE, COMING = 0, 1, 2, 3, 4
GROUPS = {
    NOBODY: ("Nobody responsible", "on every coordinator’s list until someone takes them"),
    RED: ("Red", "the responsible clinician decides"),
    AMBER: ("Amber", "call today"),
    DUE: ("Due", ""),
    COMING: ("Coming", "within four weeks"),
}


def absent_people(team_ids: Iterable[int], today: date) -> Mapping[int, tuple[Absence, str]]:
    """People who are away today, with the name of the deputy who stands in (empty: nobody does)."""
    deputies: dict[int, str] = {}
    rows = Deputy.objects.on(today).filter(team_id__in=list(team_ids), deputy__is_active=True).select_related("deputy")
    for row in rows.order_by("pk"):
        deputies.setdefault(row.user_id, str(row.deputy))
    absences = Absence.objects.on(today).filter(user__memberships__team_id__in=list(team_ids)).distinct()
    return {absence.user_id: (absence, deputies.get(absence.user_id, "")) for absence in absences}


def unowned(absent: Mapping[int, tuple[Absence, str]]) -> Q:
    """Nobody owns it, or the owner is away without a deputy."""
    alone = [person for person, (_, deputy) in absent.items() if not deputy]
    return Q(owner__isnull=True) | Q(owner_id__in=alone)


def work(
    team_ids: Iterable[int],
    *,
    tab: str,
    today: date,
    zone: ZoneInfo,
    absent: Mapping[int, tuple[Absence, str]],
    limits: LadderLimits,
) -> QuerySet[Any]:
    """Studies of a tab, of patients in care, each with its `bucket` (the group it stands in). Narrow rows, so that
    sorting tens of thousands stays in memory; `rows_of` fetches the rest for the page.

    "To act on" holds what is due within the longest lead of the ladder, and everything overdue; the others hold their
    whole state. `sorts_of` says how they may be ordered.
    """
    rows: QuerySet[Any] = (
        ImagingStudy.objects.valid()
        .filter(
            team_id__in=list(team_ids),
            status__in=_STATUS.get(tab, NOT_YET_DONE),
            patient__enrollment_status=EnrollmentStatus.ACTIVE,
            patient__deceased_on__isnull=True,
            patient__merged_into__isnull=True,
        )
        .only("pk", "due_on", "patient_id")
    )
    if tab not in {"review", "report"}:
        rows = rows.filter(due_on__lte=today + timedelta(days=LONGEST_LEAD))
    cases = _cases(tab, today, zone, absent, limits)
    grouped: QuerySet[Any] = rows.annotate(
        bucket=Case(
            *(When(condition, then=Value(bucket)) for bucket, condition in cases[:-1]),
            default=Value(cases[-1][0]),
            output_field=IntegerField(),
        )
    )
    return grouped


def sorts_of(
    tab: str,
    *,
    today: date,
    zone: ZoneInfo,
    absent: Mapping[int, tuple[Absence, str]],
    limits: LadderLimits,
) -> tuple[Sort, ...]:
    """The orders of a tab, by risk first. By risk, each group is read on its own, along the index of due dates."""
    bands: list[tuple[int, Q]] = []
    before = Q()
    for bucket, condition in _cases(tab, today, zone, absent, limits):
        bands.append((bucket, before & condition))
        before &= ~condition
    return replace(_BY_RISK, bands=tuple(bands)), *_OTHER_SORTS


def _cases(
    tab: str, today: date, zone: ZoneInfo, absent: Mapping[int, tuple[Absence, str]], limits: LadderLimits
) -> list[tuple[int, Q]]:
    """The groups of a tab in their order, each for what no earlier one took; the last takes the rest."""
    if tab == "review":
        return [(RED, Q(review_due_on__lt=today)), (DUE, Q())]
    if tab == "report":
        return [(NOBODY, unowned(absent)), (DUE, Q())]
    return [(NOBODY, unowned(absent)), *_by_lateness(today, zone, limits), (COMING, Q())]


def _by_lateness(today: date, zone: ZoneInfo, limits: LadderLimits) -> list[tuple[int, Q]]:
    """The groups of outstanding studies: in SQL what `rules.lateness` is in Python (a test compares them)."""
    red = past(ReminderStep.RED, today=today, zone=zone, limits=limits)
    amber = past(ReminderStep.AMBER, today=today, zone=zone, limits=limits)
    return [(RED, red), (AMBER, amber), (DUE, Q(due_on__lte=today))]


@dataclass(frozen=True)
class Counts:
    """The figures of the head line and of the tabs."""

    act: int = 0
    order: int = 0
    schedule: int = 0
    report: int = 0
    review: int = 0
    nobody: int = 0
    red: int = 0
    amber: int = 0

    def of(self, tab: str) -> int:
        return int(getattr(self, tab, 0))

    @property
    def on_time(self) -> int:
        return self.act - self.red - self.amber


def counts(
    team_ids: Iterable[int],
    *,
    today: date,
    zone: ZoneInfo,
    absent: Mapping[int, tuple[Absence, str]],
    limits: LadderLimits,
) -> Counts:
    """Figures over everything the person may see (three queries)."""
    teams = list(team_ids)

    def rows(tab: str) -> QuerySet[Any]:
        return work(teams, tab=tab, today=today, zone=zone, absent=absent, limits=limits)

    nobody = unowned(absent)
    late = Case(
        *(When(condition, then=Value(bucket)) for bucket, condition in _by_lateness(today, zone, limits)),
        default=Value(COMING),
        output_field=IntegerField(),
    )
    found = (
        rows("act")
        .annotate(alone=Case(When(nobody, then=Value(1)), default=Value(0)), late=late)
        .aggregate(
            act=Count("pk"),
            order=Count("pk", filter=Q(status=StudyStatus.PLANNED)),
            schedule=Count("pk", filter=Q(status=StudyStatus.ORDERED)),
            nobody=Count("pk", filter=Q(alone=1)),
            red=Count("pk", filter=Q(late=RED)),
            amber=Count("pk", filter=Q(late=AMBER)),
        )
    )
    return Counts(report=rows("report").count(), review=rows("review").count(), **found)


@dataclass(frozen=True)
class WorkRow:
    """One row of the worklist."""

    study: ImagingStudy
    bucket: int
    late: Lateness | None
    person: str
    disease: str
    what: str
    why: str
    due_note: str
    owner: str
    absent: str
    is_unowned: bool
    action: str  # take, order, schedule, performed, chase, report, review
    preparation: Preparation | None = None  # of a booked slot

    @property
    def badge(self) -> tuple[str, str]:
        if self.study.status == StudyStatus.REPORTED:
            return ("red", "Review overdue") if self.bucket == RED else ("amb", "To review")
        if self.study.status == StudyStatus.PERFORMED:
            return ("acc", "Report due")
        return (self.late.kind, self.late.words) if self.late else ("acc", self.study.get_status_display())

    @property
    def group(self) -> tuple[str, str]:
        return GROUPS[self.bucket]


def rows_of(
    studies: Sequence[ImagingStudy],
    *,
    today: date,
    now: datetime,
    absent: Mapping[int, tuple[Absence, str]],
    limits: LadderLimits,
) -> list[WorkRow]:
    """The rows in words, in the order of `studies` (four queries, some more where slots are booked; the same number
    whatever the size of the page)."""
    whole = {
        row.pk: row
        for row in ImagingStudy.objects.filter(pk__in=[study.pk for study in studies]).select_related(
            "patient__team", "plan", "owner"
        )
    }
    buckets = {study.pk: getattr(study, "bucket", DUE) for study in studies}
    studies = [whole[study.pk] for study in studies]
    patients = [study.patient_id for study in studies]
    lines = therapy_lines(patients)
    sites = {row.patient_id: row for row in Diagnosis.objects.valid().filter(patient_id__in=patients, is_main=True)}
    specimens: dict[int, list[Specimen]] = defaultdict(list)
    for specimen in Specimen.objects.valid().filter(patient_id__in=patients):
        specimens[specimen.patient_id].append(specimen)
    booked = [study for study in studies if study.status == StudyStatus.SCHEDULED]
    preparations = preparations_of(booked, today=today)
    rows = [
        _row(
            study,
            today=today,
            now=now,
            absent=absent,
            limits=limits,
            disease=_disease(sites.get(study.patient_id), specimens[study.patient_id], lines[study.patient_id]),
            bucket=buckets[study.pk],
        )
        for study in studies
    ]
    return [replace(row, preparation=preparations.get(row.study.pk)) for row in rows]


def _disease(diagnosis: Diagnosis | None, specimens: list[Specimen], line: int) -> str:
    grade = grade_from(specimens).highest.grade
    site = diagnosis.get_primary_site_display() if diagnosis and diagnosis.primary_site else "Primary not stated"
    graded = "Unclassified" if grade == Grade.UNCLASSIFIED else grade.label
    return ", ".join([site, graded]) + (f" · line {line}" if line else "")


def _row(
    study: ImagingStudy,
    *,
    today: date,
    now: datetime,
    absent: Mapping[int, tuple[Absence, str]],
    limits: LadderLimits,
    disease: str,
    bucket: int,
) -> WorkRow:
    patient, plan = study.patient, study.plan
    late = None
    if study.due_on is not None and study.status in NOT_YET_DONE:
        late = lateness(
            due=study.due_on,
            today=today,
            interval_days=plan.interval_days if plan else DEFAULT_INTERVAL,
            confirmed=confirmed_on(study),
            limits=limits,
        )
    away = absent.get(study.owner_id or 0)
    is_unowned = study.owner_id is None or (away is not None and not away[1])
    age = patient.age(today)
    initial = {"female": "F", "male": "M"}.get(patient.sex, "")
    return WorkRow(
        study=study,
        bucket=bucket,
        late=late,
        person=" ".join(part for part in (str(age) if age is not None else "", initial) if part),
        disease=disease,
        what=_what(study, today, now),
        why=plan.why if plan else "extra study, outside the plan",
        due_note=_due_note(study, late, today),
        owner=str(study.owner) if study.owner else "",
        absent=_absence_words(away, today) if away else "",
        is_unowned=is_unowned,
        action=_action(study, is_unowned=is_unowned, now=now),
    )


def _what(study: ImagingStudy, today: date, now: datetime) -> str:
    if study.status == StudyStatus.PLANNED:
        return "not ordered"
    if study.status == StudyStatus.ORDERED:
        return f"ordered {day(study.ordered_at, today)}" if study.ordered_at else "ordered"
    if study.status == StudyStatus.SCHEDULED and study.scheduled_for is not None:
        words = f"{day(study.scheduled_for, today)}, {clock(study.scheduled_for)}"
        place = f", {study.place}" if study.place else ""
        return f"{words}{place}" if study.scheduled_for >= now else f"slot of {words} passed"
    if study.status == StudyStatus.PERFORMED:
        return f"performed {day(study.performed_on, today)}"
    if study.status == StudyStatus.REPORTED:
        return f"reported {day(study.reported_at, today)}"
    return study.get_status_display().lower()


def _due_note(study: ImagingStudy, late: Lateness | None, today: date) -> str:
    if late is not None and late.risk >= 2:
        return {3: "red", 2: "amber"}[late.risk]
    if study.status == StudyStatus.SCHEDULED:
        return "booked"
    if study.status == StudyStatus.REPORTED and study.review_due_on is not None:
        return f"review by {day(study.review_due_on, today)}"
    return ""


def _absence_words(away: tuple[Absence, str], today: date) -> str:
    absence, deputy = away
    until = f"to {day(absence.ends_on, today)}" if absence.ends_on else "until further notice"
    return f"{until}, {'deputy ' + deputy if deputy else 'no deputy'}"


def _action(study: ImagingStudy, *, is_unowned: bool, now: datetime) -> str:
    """The one button of the row."""
    if study.status == StudyStatus.REPORTED:
        return "review"
    if study.status == StudyStatus.PERFORMED:
        return "report"
    if is_unowned:
        return "take"
    if study.status == StudyStatus.PLANNED:
        return "order"
    if study.status == StudyStatus.ORDERED:
        return "schedule"
    passed = study.scheduled_for is not None and study.scheduled_for < now
    return "performed" if passed else "reschedule"


def stopped_plans(team_ids: Iterable[int]) -> QuerySet[Any]:
    """Where surveillance is off, with the logged reason: living patients without any running plan."""
    running = SurveillancePlan.objects.valid().filter(patient_id=OuterRef("patient_id"), stopped_on__isnull=True)
    later = SurveillancePlan.objects.valid().filter(patient_id=OuterRef("patient_id"), pk__gt=OuterRef("pk"))
    rows: QuerySet[Any] = (
        SurveillancePlan.objects.valid()
        .filter(
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
    return ImagingStudy.objects.valid().filter(
        team_id__in=list(team_ids),
        patient__enrollment_status=EnrollmentStatus.ACTIVE,
        patient__deceased_on__isnull=True,
        patient__merged_into__isnull=True,
        **conditions,
    )


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
