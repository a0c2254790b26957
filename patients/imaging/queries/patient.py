"""One patient's surveillance: the running plans, the studies, the ladder of one study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.http import Http404

from careteam.audit.commands import note_read
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import (
    DEFAULT_INTERVAL,
    NOT_YET_DONE,
    LadderLimits,
    Lateness,
    StudyStatus,
    lateness,
    red_on,
)
from patients.protocol.queries import TeamNumber, numbers
from patients.record.models import ExternalCenter, Patient

if TYPE_CHECKING:
    from django.http import HttpRequest


def limits_of(known: Mapping[str, TeamNumber]) -> LadderLimits:
    """The team's ladder."""
    steps = ("order", "schedule", "amber", "letter", "red", "board")
    return LadderLimits(**{step: known[f"ladder.{step}"].days for step in steps})


def readable_study(request: HttpRequest, study_id: int) -> ImagingStudy:
    """The study, if this person may see its patient (else 404), and the read is noted."""
    rows = ImagingStudy.objects.valid().visible_to(request.user)
    study: ImagingStudy | None = (
        rows.select_related("patient__team", "plan", "owner", "reviewed_by", "created_by").filter(pk=study_id).first()
    )
    if study is None:
        raise Http404("No such study, or not yours to see.")
    note_read(request, [study.patient_id], team_id=study.team_id)
    return study


def center_of(study: ImagingStudy) -> ExternalCenter | None:
    """Who is asked for the images of an outside scan, if the center is known."""
    if not study.center:
        return None
    return ExternalCenter.objects.filter(team_id=study.team_id, name=study.center).first()


@dataclass(frozen=True)
class StudyRow:
    """A study with what its date means today."""

    study: ImagingStudy
    late: Lateness | None

    @property
    def badge(self) -> tuple[str, str]:
        """(kind, word) of the state."""
        study = self.study
        if study.status == StudyStatus.REPORTED:
            return ("amb", "To review")
        if self.late is not None:
            return (self.late.kind, self.late.words)
        if study.status == StudyStatus.CLOSED:
            return ("bar", study.get_close_reason_display())
        return (
            "grn" if study.status in {StudyStatus.REVIEWED, StudyStatus.ACTED_ON} else "acc",
            study.get_status_display(),
        )

    @property
    def response_kind(self) -> str:
        return {"CR": "cr", "PR": "pr", "SD": "sd", "PD": "pd", "NN": "sd"}.get(self.study.response, "ne")


def confirmed_on(study: ImagingStudy) -> date:
    """From which day on somebody stands for the study: the plan's confirmation, without a plan the day it was entered
    (or imported). The ladder's clock starts no earlier."""
    return study.patient.team.local_date(study.plan.confirmed_at if study.plan else study.created_at)


def red_day(study: ImagingStudy) -> date | None:
    """The day it turns red, by the team's ladder; None without a due date."""
    if study.due_on is None:
        return None
    return red_on(
        study.due_on,
        interval_days=study.plan.interval_days if study.plan else DEFAULT_INTERVAL,
        confirmed=confirmed_on(study),
        limits=limits_of(numbers(study.team_id)),
    )


def _late(study: ImagingStudy, today: date, limits: LadderLimits) -> Lateness | None:
    if study.status not in NOT_YET_DONE or study.due_on is None:
        return None
    plan = study.plan
    return lateness(
        due=study.due_on,
        today=today,
        interval_days=plan.interval_days if plan else DEFAULT_INTERVAL,
        confirmed=confirmed_on(study),
        limits=limits,
    )


@dataclass(frozen=True)
class PatientImaging:
    """The imaging panel: running plans with their next study, latest stop, studies newest first."""

    plans: tuple[tuple[SurveillancePlan, StudyRow | None, date | None], ...]
    stopped: SurveillancePlan | None
    outstanding: tuple[StudyRow, ...]
    done: tuple[StudyRow, ...]
    total: int

    @property
    def is_on(self) -> bool:
        return bool(self.plans)


def imaging_of(patient: Patient, *, today: date, limit: int = 8) -> PatientImaging:
    """What the panel shows (four queries)."""
    known = numbers(patient.team_id)
    limits, window = limits_of(known), known["imaging.window"].days
    plans = list(SurveillancePlan.objects.valid().filter(patient=patient).select_related("line").order_by("-pk"))
    studies = list(
        ImagingStudy.objects.valid()
        .filter(patient=patient)
        .select_related("patient__team", "plan", "reviewed_by", "owner")
        .order_by("-performed_on", "-pk")
    )
    rows = [StudyRow(study, _late(study, today, limits)) for study in studies]
    waiting = sorted(
        (row for row in rows if row.study.status in NOT_YET_DONE),
        key=lambda row: (row.study.due_on or date.max, row.study.pk),
    )
    running = []
    for plan in plans:
        if plan.stopped_on is None:
            upcoming = next((row for row in waiting if row.study.plan_id == plan.pk), None)
            due = upcoming.study.due_on if upcoming else None
            running.append((plan, upcoming, due - timedelta(days=window) if due else None))
    done = [row for row in rows if row.study.status not in NOT_YET_DONE and row.study.status != StudyStatus.CLOSED]
    return PatientImaging(
        plans=tuple(running),
        stopped=next((plan for plan in plans if plan.stopped_on is not None), None) if not running else None,
        outstanding=tuple(waiting),
        done=tuple(done[:limit]),
        total=len(done),
    )


def next_due(patient_id: int) -> date | None:
    """The due date of the patient's next outstanding study."""
    due: date | None = (
        ImagingStudy.objects.valid()
        .outstanding()
        .filter(patient_id=patient_id)
        .order_by("due_on", "pk")
        .values_list("due_on", flat=True)
        .first()
    )
    return due
