"""What is not as the plan demands, for a batch of patients in care: each check is one statement over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from careteam.people.models import Team
from careteam.reconciler.rules import Finding
from careteam.workspace.safety.queries.behind import open_without_step
from careteam.workspace.safety.queries.truth import rows_of, stale_steps
from patients.imaging.models import ImagingStudy, Reminder, SurveillancePlan
from patients.imaging.queries.facts import labs_missing_of
from patients.imaging.queries.patient import limits_of
from patients.imaging.queries.repeated import wrongly_repeated
from patients.imaging.rules import (
    DEFAULT_INTERVAL,
    LABS,
    LONGEST_LEAD,
    NOT_YET_DONE,
    LadderLimits,
    ReminderState,
    ReminderStep,
    StopReason,
    clock_start,
    highest_step,
    is_moot,
)
from patients.protocol.queries import numbers
from patients.record.models import NextStep, Patient
from patients.treatment.rules import RUNNING_STATUSES, Modality

# Why a patient in care may be without a plan: the reason of the last one that ended, or hospice care.
_LASTING = [*map(str, (StopReason.HOSPICE, StopReason.DECLINED, StopReason.SYMPTOM_LED))]

_NO_PLAN = """
SELECT p.id, 'plan:' || p.id
FROM patients_patient p
LEFT JOIN LATERAL (
    SELECT pl.stopped_on, pl.stop_reason FROM patients_surveillanceplan pl
    WHERE pl.patient_id = p.id AND pl.error_at IS NULL AND NOT pl.modality = ANY(%(labs)s)
    ORDER BY pl.stopped_on DESC NULLS FIRST, pl.id DESC LIMIT 1
) last ON true
WHERE p.id = ANY(%(patients)s)
  AND (last IS NULL OR last.stopped_on IS NOT NULL) AND NOT coalesce(last.stop_reason = ANY(%(lasting)s), false)
  AND NOT EXISTS (SELECT 1 FROM patients_treatmentline l
      WHERE l.patient_id = p.id AND l.error_at IS NULL AND l.modality = %(hospice)s AND l.status = ANY(%(running)s))
ORDER BY p.id
"""
_PLANS = """
SELECT pl.patient_id, CASE WHEN s.id IS NULL THEN 'surveillance:' || pl.id ELSE 'study:' || s.id END, s.id IS NULL
FROM patients_surveillanceplan pl
LEFT JOIN patients_imagingstudy s ON s.plan_id = pl.id AND s.error_at IS NULL AND s.status = ANY(%(outstanding)s)
WHERE pl.patient_id = ANY(%(patients)s) AND pl.stopped_on IS NULL AND pl.error_at IS NULL
  AND (s.id IS NULL OR s.due_on <> pl.anchor_on + pl.interval_days)
ORDER BY pl.patient_id, pl.id
"""
_MESSAGES = """
SELECT i.patient_id, i.key
FROM careteam_inboxitem i
CROSS JOIN LATERAL (
    SELECT split_part(i.key, ':', 1) AS kind,
           CASE WHEN split_part(i.key, ':', 2) ~ '^[0-9]{1,18}$' THEN split_part(i.key, ':', 2)::bigint END AS ref
) k
WHERE i.patient_id = ANY(%(patients)s) AND i.done_at IS NULL AND i.withdrawn_at IS NULL
  AND CASE k.kind
      WHEN 'reminder' THEN NOT EXISTS (SELECT 1 FROM patients_reminder r WHERE r.study_id = k.ref AND r.state = 'open'
          AND i.key = 'reminder:' || r.study_id || ':' || r.step || ':' || r.due_on)
      WHEN 'review' THEN NOT EXISTS (SELECT 1 FROM patients_imagingstudy s
          WHERE s.id = k.ref AND s.error_at IS NULL AND s.status = 'reported')
      WHEN 'action' THEN NOT EXISTS (SELECT 1 FROM tumorboard_action a
          WHERE a.id = k.ref AND a.error_at IS NULL AND a.status = 'open')
      ELSE false
  END
GROUP BY i.patient_id, i.key ORDER BY i.patient_id, i.key
"""


_LABS_KEY = Concat(Value("labs:"), Cast(OuterRef("pk"), CharField()))


@dataclass(frozen=True, order=True)
class Problem:
    """`subject` names the row: `study:17`, `plan:3` (of a patient), `surveillance:4` (a plan), a message's key."""

    patient_id: int
    kind: str
    subject: str


def problems(team: Team, patient_ids: Sequence[int], now: datetime) -> list[Problem]:
    """What is wrong with these patients of the team (in care), by patient."""
    return sorted(_found(team, patient_ids, now))


def _found(team: Team, ids: Sequence[int], now: datetime) -> Iterator[Problem]:
    if not ids:
        return
    asked: dict[str, Any] = {
        "patients": list(ids),
        "lasting": _LASTING,
        "labs": [*map(str, LABS)],
        "hospice": str(Modality.HOSPICE),
        "running": [*map(str, RUNNING_STATUSES)],
        "outstanding": [*map(str, NOT_YET_DONE)],
    }
    for patient_id, subject in rows_of(_NO_PLAN, asked):
        yield Problem(patient_id, Finding.NO_PLAN, subject)
    for patient_id, subject, is_missing in rows_of(_PLANS, asked):
        yield Problem(patient_id, Finding.NO_STUDY if is_missing else Finding.WRONG_DUE, subject)
    for patient_id in unasked_labs(ids, team.local_date(now)):
        yield Problem(patient_id, Finding.NO_LABS, f"labs:{patient_id}")
    for study, _ in wrongly_repeated(ids):
        yield Problem(study.patient_id, Finding.REPEATS, f"study:{study.pk}")
    for patient_id, behind in open_without_step(ids).items():
        for key in behind.row_keys():
            yield Problem(patient_id, Finding.NO_STEP, key)
    for step in stale_steps(team.pk, patient_ids=ids):
        yield Problem(step.patient_id, Finding.STALE_STEP, step.source_key)
    for patient_id, key in lost_reminders(team, ids, now):
        yield Problem(patient_id, Finding.NO_REMINDER, key)
    for patient_id, key in rows_of(_MESSAGES, asked):
        yield Problem(patient_id, Finding.ORPHAN_MESSAGE, key)


def unasked_labs(patient_ids: Collection[int], today: date) -> list[int]:
    """Patients whose scans are looked after, whose record asks for labs, and about whom nobody has been asked."""
    asked = NextStep.objects.filter(patient_id=OuterRef("pk"), closed_at=None, source_key=_LABS_KEY)
    running = SurveillancePlan.objects.valid().filter(patient_id=OuterRef("pk"), stopped_on=None)
    rows = Patient.objects.filter(Exists(running.exclude(modality__in=LABS)), ~Exists(asked), pk__in=patient_ids)
    return sorted(labs_missing_of(rows.values_list("pk", flat=True), today=today))


def lost_reminders(team: Team, patient_ids: Collection[int], now: datetime) -> list[tuple[int, str]]:
    """(patient, key) of reminders that should stand open: the highest step that a scan has reached today was neither
    raised nor done, or was taken back and holds again. Two queries."""
    known, today = numbers(team.pk), team.local_date(now)
    limits = limits_of(known)
    horizon = today + timedelta(days=max(LONGEST_LEAD, -limits.order))
    running = Q(plan__isnull=True) | Q(plan__stopped_on__isnull=True, plan__error_at__isnull=True)
    open_ones = Reminder.objects.filter(study_id=OuterRef("pk"), state=ReminderState.OPEN)
    studies = ImagingStudy.objects.valid().outstanding().filter(~Exists(open_ones), running, due_on__lte=horizon)
    reached = {}
    for study in studies.filter(patient_id__in=patient_ids).select_related("plan").order_by("pk"):
        step = _reached(study, team, limits, today, now)
        if step is not None:
            reached[study.pk] = (study, step)
    done = Reminder.objects.filter(study_id__in=reached).exclude(state=ReminderState.WITHDRAWN)
    known_keys = {row.key for row in done}
    keys = (
        (study.patient_id, f"reminder:{study.pk}:{step}:{study.due_on.isoformat()}") for study, step in reached.values()
    )
    return [(patient_id, key) for patient_id, key in keys if key not in known_keys]


def _reached(study: Any, team: Team, limits: LadderLimits, today: date, now: datetime) -> ReminderStep | None:
    plan = study.plan
    confirmed = team.local_date(plan.confirmed_at if plan is not None else study.created_at)
    step = highest_step(
        due=clock_start(study.due_on, confirmed),
        today=today,
        interval_days=plan.interval_days if plan is not None else DEFAULT_INTERVAL,
        limits=limits,
    )
    if step is None or is_moot(step, status=study.status, scheduled_for=study.scheduled_for, now=now):
        return None
    return step
