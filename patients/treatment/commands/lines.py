"""The life of a treatment line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.record.models import DiseaseStatus, Patient
from patients.treatment import policies
from patients.treatment.commands.preparation import prepare
from patients.treatment.commands.steps import cancel_planned, lay_out, planned_doses, refresh_step
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import numbers_of
from patients.treatment.rules import (
    LINE_TRANSITIONS,
    SINGLE_DAY,
    DoseLevel,
    EndReason,
    LineDraft,
    LineRole,
    LineStatus,
    Modality,
    StartReason,
    best_of,
    draft_problems,
    levels_of,
    role_for,
    settled,
    usual_for,
    weigh,
)

if TYPE_CHECKING:
    from careteam.people.models import User

CORRECTABLE = (
    "modality",
    "agent",
    "role",
    "intent",
    "start_reason",
    "planned_on",
    "started_on",
    "ended_on",
    "end_reason",
    "dose",
    "interval_days",
    "planned_count",
    "site",
    "trial_number",
    "notes",
    "plan",
)


def _lock(line: TreatmentLine, version: int | None) -> TreatmentLine:
    locked: TreatmentLine = TreatmentLine.objects.select_related("patient__team").lock(line.pk, version=version)
    return locked


def _move(line: TreatmentLine, to: LineStatus, *fields: str) -> None:
    """The only place where a line's status changes. The policies have given their sentences already."""
    if to not in LINE_TRANSITIONS[LineStatus(line.status)]:
        raise ValueError(f"line {line.pk}: {line.status} → {to} is not in the table")
    line.status = to
    line.save_version("status", *fields)


def _audit(verb: str, line: TreatmentLine, *, by: User | None, now: datetime, reason: str = "", **details: Any) -> None:
    record(
        f"treatment.{verb}",
        by=by,
        now=now,
        subject=line,
        patient_ids=[line.patient_id],
        team_id=line.patient.team_id,
        reason=reason,
        details={"status": line.status, **details},
    )


def _tell(kind: EventKind, line: TreatmentLine, *, now: datetime, reason: str) -> None:
    numbers = numbers_of(TreatmentLine.objects.valid().filter(patient_id=line.patient_id))
    number = numbers.get(line.pk)
    announce(
        kind,
        now=now,
        team_id=line.patient.team_id,
        patient_id=line.patient_id,
        subject_id=line.pk,
        payload={
            "modality": line.modality,
            "agent": line.agent,
            "role": line.role,
            "therapy_line": number.therapy_so_far if number else 0,
            "reason": reason,
        },
    )


def _create(
    patient: Patient, draft: LineDraft, status: LineStatus, *, planned_on: date | None, by: User | None
) -> TreatmentLine:
    draft = settled(draft)
    line = TreatmentLine.objects.create(
        patient=patient,
        modality=draft.modality,
        agent=draft.agent.strip(),
        role=role_for(draft.modality, draft.role),
        intent=draft.intent,
        start_reason=draft.start_reason,
        dose=draft.dose.strip(),
        interval_days=draft.interval_days,
        planned_count=draft.planned_count,
        site=draft.site.strip(),
        trial_number=draft.trial_number.strip(),
        notes=draft.notes.strip(),
        plan=dict(draft.plan),
        status=status,
        planned_on=planned_on,
        created_by=by,
    )
    line.patient = patient
    return line


@transaction.atomic
def propose_line(
    patient: Patient, draft: LineDraft, *, by: User, now: datetime, planned_on: date | None = None
) -> TreatmentLine:
    """Writes down a treatment that somebody suggests. Announces `LINE_PROPOSED`."""
    insist([*policies.why_not_add(patient, by), *policies.why_not_draft(draft)])
    line = _create(patient, draft, LineStatus.PROPOSED, planned_on=planned_on, by=by)
    _audit("propose_line", line, by=by, now=now)
    _tell(EventKind.LINE_PROPOSED, line, now=now, reason=line.start_reason)
    refresh_step(line, now=now)
    return line


@transaction.atomic
def plan_line(
    line: TreatmentLine, *, planned_on: date | None, by: User, now: datetime, version: int | None = None
) -> TreatmentLine:
    """Accepts a proposed line; `planned_on` is the day it is to start."""
    line = _lock(line, version)
    insist([*policies.why_not_add(line.patient, by), *policies.why_not_move(line, LineStatus.PLANNED)])
    line.planned_on = planned_on
    _move(line, LineStatus.PLANNED, "planned_on")
    _audit("plan_line", line, by=by, now=now)
    refresh_step(line, now=now)
    return line


@transaction.atomic
def start_line(
    line: TreatmentLine, *, on: date, by: User, now: datetime, version: int | None = None, despite: str = ""
) -> TreatmentLine:
    """Starts a planned line: lays out its first doses, announces `LINE_STARTED` (and `HOSPICE`, `BSC_CONFIRMED`).
    `despite` is why it starts before the patient was told what the board decided; it stays in the notes."""
    line = _lock(line, version)
    today = line.patient.team.local_date(now)
    insist(policies.why_not_start(line, by, on=on, today=today, despite=despite))
    line.started_on = on
    untold = despite.strip() if line.role == LineRole.ANTITUMOR and policies.tell_first(line.patient, on=on) else ""
    if untold:
        line.notes = "\n".join(part for part in (line.notes, f"Started before the patient was told: {untold}") if part)
    _move(line, LineStatus.ACTIVE, "started_on", "notes")
    lay_out(line, by=by, today=today)
    prepare(line, by=by, now=now)
    _audit("start_line", line, by=by, now=now, reason=untold, on=on.isoformat())
    _tell(EventKind.LINE_STARTED, line, now=now, reason=line.start_reason)
    if line.modality == Modality.HOSPICE:
        _tell(EventKind.HOSPICE, line, now=now, reason="")
    if line.modality == Modality.BEST_SUPPORTIVE_CARE and line.plan.get("symptom_led_imaging"):
        _tell(EventKind.BSC_CONFIRMED, line, now=now, reason="")
    refresh_step(line, now=now)
    return line


@transaction.atomic
def begin_line(
    patient: Patient,
    draft: LineDraft,
    *,
    on: date,
    by: User,
    now: datetime,
    ends: Mapping[int, str] | None = None,
    despite: str = "",
) -> TreatmentLine:
    """Plans a line for `on` and, when that day has come, starts it. Surgery and ablation are complete the same day.

    `ends` says for running lines (by id) what becomes of them: an `EndReason`, or "symptoms" (the somatostatin analog
    goes on for symptom control only). Lines that it does not name go on. `despite` as in `start_line`.
    """
    line = TreatmentLine(patient=patient, modality=draft.modality)
    insist([*policies.why_not_add(patient, by, line), *policies.why_not_draft(draft)])
    today = patient.team.local_date(now)
    line = _create(patient, draft, LineStatus.PLANNED, planned_on=on, by=by)
    _audit("begin_line", line, by=by, now=now, on=on.isoformat())
    if on > today:
        refresh_step(line, now=now)
        return line
    running = TreatmentLine.objects.valid().running().filter(patient=patient).exclude(pk=line.pk)
    for other in running.filter(pk__in=list(ends or {})).select_related("patient__team"):
        what = (ends or {})[other.pk]
        if what == "symptoms":
            keep_for_symptoms(other, on=on, by=by, now=now)
        else:
            end_line(other, on=max(on, other.started_on or on), reason=EndReason(what), by=by, now=now)
    line = start_line(line, on=on, by=by, now=now, despite=despite)
    if line.modality in SINGLE_DAY:
        line = end_line(line, on=on, reason=EndReason.COMPLETED, by=by, now=now)
    return line


@transaction.atomic
def keep_for_symptoms(line: TreatmentLine, *, on: date, by: User, now: datetime) -> TreatmentLine:
    """The antitumor use of a drug ends, the drug goes on for symptoms: a line of its own beside the numbered ones."""
    line = _lock(line, None)
    ahead = planned_doses(line)
    draft = LineDraft(
        modality=line.modality,
        agent=line.agent,
        role=LineRole.SYMPTOM_CONTROL,
        intent="symptom",
        start_reason=StartReason.SYMPTOM_CONTROL,
        dose=line.dose,
        interval_days=line.interval_days,
    )
    line = end_line(line, on=on, reason=EndReason.PROGRESSION, by=by, now=now, note="Goes on for symptom control")
    kept = start_line(_create(line.patient, draft, LineStatus.PLANNED, planned_on=on, by=by), on=on, by=by, now=now)
    # The rhythm of the injections stays what it was.
    for dose, before in zip(planned_doses(kept), ahead, strict=False):
        dose.planned_on = before.planned_on
        dose.save_version("planned_on")
    refresh_step(kept, now=now)
    _audit("keep_for_symptoms", kept, by=by, now=now, before=line.pk)
    return kept


@transaction.atomic
def hold_line(
    line: TreatmentLine, *, reason: str, by: User, now: datetime, version: int | None = None
) -> TreatmentLine:
    """Pauses a running line; its planned doses stay, dated as they were."""
    line = _lock(line, version)
    insist(policies.why_not_hold(line, by, reason=reason))
    _move(line, LineStatus.ON_HOLD)
    _audit("hold_line", line, by=by, now=now, reason=reason)
    refresh_step(line, now=now)
    return line


@transaction.atomic
def resume_line(line: TreatmentLine, *, by: User, now: datetime, version: int | None = None) -> TreatmentLine:
    line = _lock(line, version)
    insist(policies.why_not_resume(line, by))
    _move(line, LineStatus.ACTIVE)
    _audit("resume_line", line, by=by, now=now)
    refresh_step(line, now=now)
    return line


@transaction.atomic
def end_line(
    line: TreatmentLine,
    *,
    on: date,
    reason: EndReason,
    by: User | None,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> TreatmentLine:
    """Ends an open line: completed, or stopped for a coded reason; cancels what was still planned. Announces
    `LINE_ENDED`. `by=None` is the system (a death)."""
    line = _lock(line, version)
    insist(policies.why_not_end(line, by, on=on, reason=reason, today=line.patient.team.local_date(now)))
    line.ended_on, line.end_reason, line.end_note = on, reason, note.strip()
    to = LineStatus.COMPLETED if reason == EndReason.COMPLETED else LineStatus.STOPPED
    _move(line, to, "ended_on", "end_reason", "end_note")
    cancelled = cancel_planned(line, reason=f"Line ended: {reason.label.lower()}", now=now)
    prepare(line, by=by, now=now)
    _audit("end_line", line, by=by, now=now, reason=str(reason), cancelled=cancelled)
    _tell(EventKind.LINE_ENDED, line, now=now, reason=str(reason))
    refresh_step(line, now=now)
    return line


@transaction.atomic
def enter_in_error(
    line: TreatmentLine, *, reason: str, by: User, now: datetime, version: int | None = None
) -> TreatmentLine:
    """Marks the line as entered in error; nothing is deleted. Announces `RECORD_CHANGED`, so that numbers and dates
    that rested on it are computed again, and `LINE_WITHDRAWN`, so that what it answered is open again."""
    line = _lock(line, version)
    insist(policies.why_not_error(line, by, reason=reason))
    cancelled = cancel_planned(line, reason="Line entered in error", now=now)
    prepare(line, by=by, now=now)
    line.error_at, line.error_by, line.error_reason = now, by, reason.strip()
    _move(line, LineStatus.ERROR, "error_at", "error_by", "error_reason")
    _audit("enter_in_error", line, by=by, now=now, reason=reason, cancelled=cancelled)
    _tell(EventKind.RECORD_CHANGED, line, now=now, reason="line entered in error")
    _tell(EventKind.LINE_WITHDRAWN, line, now=now, reason=reason)
    refresh_step(line, now=now)
    return line


@transaction.atomic
def correct_line(
    line: TreatmentLine, changes: Mapping[str, Any], *, by: User, now: datetime, version: int, reason: str = ""
) -> TreatmentLine:
    """Corrects named fields (of `CORRECTABLE`) of a line. Raises `StaleEdit` when somebody saved meanwhile.

    A correction also settles an import: somebody has looked at the line. Announces `RECORD_CHANGED`.
    """
    line = _lock(line, version)
    unknown = set(changes) - set(CORRECTABLE)
    if unknown:
        raise ValueError(f"not correctable: {', '.join(sorted(unknown))}")
    before = {name: getattr(line, name) for name in changes}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    insist(policies.why_not_correct(line, by))
    for name, value in changed.items():
        setattr(line, name, value)
    line.role = role_for(line.modality, line.role)
    started = line.started_on if line.status != LineStatus.PLANNED else None
    insist(
        policies.why_not_dates(
            line.patient, started_on=started, ended_on=line.ended_on, today=line.patient.team.local_date(now)
        )
    )
    if started is not None and {"started_on", "ended_on", "agent"} & set(changed):
        insist(policies.why_not_overlap(line, started_on=started, ended_on=line.ended_on))
    problems = draft_problems(line.draft)
    insist([said for name, said in problems.items() if name in changed or ("plan" in changed and "plan_" in name)])
    line.needs_review = False
    line.save_version(*changed, "role", "needs_review")
    _audit(
        "correct_line",
        line,
        by=by,
        now=now,
        reason=reason,
        changed={name: [str(before[name] or ""), str(value or "")] for name, value in changed.items()},
    )
    if "plan" in changed:
        prepare(line, by=by, now=now)
    if changed:
        _tell(EventKind.RECORD_CHANGED, line, now=now, reason="line corrected")
    refresh_step(line, now=now)
    return line


@transaction.atomic
def change_dose(
    line: TreatmentLine,
    *,
    dose: str,
    on: date,
    reason: str,
    by: User,
    now: datetime,
    note: str = "",
    confirmed: bool = False,
    version: int | None = None,
) -> TreatmentLine:
    """Gives a running line another dose from a day on, with a coded reason; every level it had stays readable."""
    line = _lock(line, version)
    problems = policies.why_not_change_dose(
        line, by, dose=dose, on=on, reason=reason, confirmed=confirmed, today=line.patient.team.local_date(now)
    )
    insist([said for sentences in problems.values() for said in sentences])
    levels = levels_of(line.plan) or (DoseLevel(line.dose or line.answers.dose_words(), line.started_on),)
    text = weigh(dose, usual_for(line.modality, line.agent)).text
    level = DoseLevel(text, on, reason, note.strip())
    line.plan = {**line.plan, "levels": [row.written() for row in (*levels, level)]}
    before, line.dose = line.dose, text
    line.save_version("dose", "plan")
    _audit("change_dose", line, by=by, now=now, reason=reason, before=before, after=text, on=on.isoformat())
    refresh_step(line, now=now)
    return line


@transaction.atomic
def confirm_import(line: TreatmentLine, *, by: User, now: datetime, version: int | None = None) -> TreatmentLine:
    """Somebody has looked at an imported line and found it right; twice changes nothing."""
    line = _lock(line, version)
    insist(policies.why_not_confirm(line, by))
    if line.needs_review:
        line.needs_review = False
        line.save_version("needs_review")
        _audit("confirm_import", line, by=by, now=now)
        refresh_step(line, now=now)
    return line


@transaction.atomic
def note_response(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Writes best and last response of each antitumor line that began from the record's disease status; returns how
    many lines changed. Called by whoever adds a `DiseaseStatus` or takes one back: a line all of whose statuses were
    entered in error has none, one that never had any keeps what was imported."""
    statuses = list(
        DiseaseStatus.objects.filter(patient=patient)
        .order_by("assessed_on", "pk")
        .values_list("assessed_on", "category", "error_at")
    )
    changed = []
    lines = TreatmentLine.objects.valid().filter(patient=patient, role=LineRole.ANTITUMOR, started_on__isnull=False)
    for line in lines.select_for_update():
        start, end = line.started_on or date.max, line.ended_on or date.max
        within = [(category, error) for on, category, error in statuses if start < on <= end]
        if not within:
            continue
        valid = [category for category, error in within if error is None]
        best, last = best_of(valid), valid[-1] if valid else ""
        if (line.best_response, line.last_response) != (best, last):
            line.best_response, line.last_response = best, last
            line.save_version("best_response", "last_response")
            changed.append(line.pk)
    if changed:
        record(
            "treatment.note_response",
            by=by,
            now=now,
            subject=patient,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            details={"lines": changed},
        )
    return len(changed)
