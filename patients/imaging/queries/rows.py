"""The rows of the worklist in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from careteam.web.words import clock, day
from patients.imaging.models import ImagingStudy
from patients.imaging.queries.attempts import NO_ATTEMPTS, Attempts, attempts_of
from patients.imaging.queries.patient import confirmed_on
from patients.imaging.queries.preparation import Preparation, preparations_of
from patients.imaging.queries.scope import Scope
from patients.imaging.queries.worklist import AMBER, COMING, DUE, NOBODY, RED
from patients.imaging.rules import DEFAULT_INTERVAL, NOT_YET_DONE, Lateness, StudyStatus, in_words, lateness
from patients.record.models import Diagnosis, Specimen
from patients.record.queries import grade_from
from patients.record.rules import Grade
from patients.treatment.queries import therapy_lines

if TYPE_CHECKING:
    from careteam.people.models import Absence

_ORDER = "days over × what is at stake"
GROUPS = {
    NOBODY: ("Nobody responsible", f"on every coordinator’s list until someone takes them; by {_ORDER}"),
    RED: ("Red", f"the responsible clinician decides; by {_ORDER}"),
    AMBER: ("Amber", f"call today; by {_ORDER}"),
    DUE: ("Due", f"by {_ORDER}"),
    COMING: ("Coming", "within four weeks, by date"),
}


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
    action: str  # take, order, order-lab, schedule, performed, chase, report, review, seen
    stake: str = ""
    attempts: Attempts = NO_ATTEMPTS
    is_snoozed: bool = False
    preparation: Preparation | None = None  # of a booked slot

    @property
    def badge(self) -> tuple[str, str]:
        if self.study.status == StudyStatus.REPORTED:
            return ("red", "Review overdue") if self.bucket == RED else ("amb", "To review")
        if self.study.status == StudyStatus.PERFORMED:
            return ("acc", f"{self.study.words.report.capitalize()} due")
        if self.is_snoozed:
            return ("plain", f"Back {day(self.study.snoozed_until)}")
        return (self.late.kind, self.late.words) if self.late else ("acc", self.study.get_status_display())

    @property
    def group(self) -> tuple[str, str]:
        return GROUPS[self.bucket]


def rows_of(studies: Sequence[ImagingStudy], scope: Scope) -> list[WorkRow]:
    """The rows in words, in the order of `studies` (six queries, some more where slots are booked; the same number
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
    attempts = attempts_of(studies, scope)
    sites = {row.patient_id: row for row in Diagnosis.objects.valid().filter(patient_id__in=patients, is_main=True)}
    specimens: dict[int, list[Specimen]] = defaultdict(list)
    for specimen in Specimen.objects.valid().filter(patient_id__in=patients):
        specimens[specimen.patient_id].append(specimen)
    booked = [study for study in studies if study.status == StudyStatus.SCHEDULED]
    preparations = preparations_of(booked, today=scope.today)
    rows = [
        _row(
            study,
            scope,
            disease=_disease(sites.get(study.patient_id), specimens[study.patient_id], lines[study.patient_id]),
            bucket=buckets[study.pk],
            attempts=attempts[study.pk],
        )
        for study in studies
    ]
    return [replace(row, preparation=preparations.get(row.study.pk)) for row in rows]


def _disease(diagnosis: Diagnosis | None, specimens: list[Specimen], line: int) -> str:
    grade = grade_from(specimens).highest.grade
    site = diagnosis.get_primary_site_display() if diagnosis and diagnosis.primary_site else "Primary not stated"
    graded = "Unclassified" if grade == Grade.UNCLASSIFIED else grade.label
    return ", ".join([site, graded]) + (f" · line {line}" if line else "")


def _row(study: ImagingStudy, scope: Scope, *, disease: str, bucket: int, attempts: Attempts) -> WorkRow:
    patient, plan, today = study.patient, study.plan, scope.today
    late = None
    if study.due_on is not None and study.status in NOT_YET_DONE:
        late = lateness(
            due=study.due_on,
            today=today,
            interval_days=plan.interval_days if plan else DEFAULT_INTERVAL,
            confirmed=confirmed_on(study),
            limits=scope.limits,
        )
    away, is_unowned = scope.absent.get(study.owner_id or 0), scope.is_alone(study.owner_id)
    age = patient.age(today)
    initial = {"female": "F", "male": "M"}.get(patient.sex, "")
    return WorkRow(
        study=study,
        bucket=bucket,
        late=late,
        person=" ".join(part for part in (str(age) if age is not None else "", initial) if part),
        disease=disease,
        what=_what(study, today, scope.now),
        why=plan.why if plan else "extra study, outside the plan",
        due_note=_due_note(study, late, today),
        owner=str(study.owner) if study.owner else "",
        absent=_absence_words(away, today) if away else "",
        is_unowned=is_unowned,
        action=_action(study, is_unowned=is_unowned, now=scope.now),
        stake=in_words(late.days_over, study.stake, scope.weights) if late else "",
        attempts=attempts,
        is_snoozed=is_snoozed(study, late, today),
    )


def is_snoozed(study: ImagingStudy, late: Lateness | None, today: date) -> bool:
    """Waits out of the active list: the snooze runs and the study is not red."""
    return late is not None and late.risk < 3 and study.snoozed_until is not None and study.snoozed_until > today


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
        return f"{study.words.made} {day(study.performed_on, today)}"
    if study.status == StudyStatus.REPORTED:
        if study.is_lab:
            return f"{study.conclusion or 'result'} of {day(study.performed_on, today)}"
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
        return "seen" if study.is_quiet else "review"
    if study.status == StudyStatus.PERFORMED:
        return "report"
    if is_unowned:
        return "take"
    if study.status == StudyStatus.PLANNED:
        return "order-lab" if study.is_lab else "order"
    if study.status == StudyStatus.ORDERED:
        return "performed" if study.is_lab else "schedule"
    passed = study.scheduled_for is not None and study.scheduled_for < now
    return "performed" if passed else "reschedule"
