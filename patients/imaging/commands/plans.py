"""Surveillance plans: started by a person, recomputed by what happens."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce_many
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import Membership
from careteam.people.rules import Role
from careteam.web.words import day
from patients.imaging import policies
from patients.imaging.commands.base import (
    again_key,
    audit,
    audit_plan,
    close_with,
    confirm_key,
    interval_key,
    lock,
    lock_patient,
    lock_plan,
    refresh_step,
    withdraw_reminders,
)
from patients.imaging.commands.lab_steps import ask_labs
from patients.imaging.commands.stakes import weigh
from patients.imaging.commands.stops import stop
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.queries.facts import (
    Known,
    answered_from,
    facts_of,
    intervals_of,
    known_of,
    resolution_for,
    resolution_of,
)
from patients.imaging.queries.protocol import touched_plans
from patients.imaging.rules import (
    LABS,
    AnchorKind,
    CloseReason,
    Resolution,
    StopReason,
    StudyStatus,
    SurveillanceFacts,
    clock_start,
    is_lab,
)
from patients.protocol.queries import numbers
from patients.record.commands import close_step, open_step
from patients.record.models import CareTeamMember, Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import Modality

if TYPE_CHECKING:
    from careteam.people.models import User


def hospice_runs(patient: Patient) -> bool:
    return TreatmentLine.objects.valid().running().filter(patient=patient, modality=Modality.HOSPICE).exists()


def _why_not_hospice(patient: Patient) -> list[str]:
    return ["Hospice care: surveillance imaging is off. End that line first."] if hospice_runs(patient) else []


@transaction.atomic
def start_plan(
    patient: Patient,
    *,
    modality: str,
    region: str = "",
    by: User,
    now: datetime,
    anchor_on: date | None = None,
    interval_days: int | None = None,
    override_reason: str = "",
    owner: User | None = None,
) -> SurveillancePlan:
    """Starts surveillance in this modality: resolves the situation, makes the next study due. A running plan of the
    same modality is replaced. `interval_days` is an individual interval, with its reason.

    Raises `ValidationError` when there is no date to count from: then `anchor_on` must be chosen.
    """
    patient = lock_patient(patient)
    insist(
        [
            *policies.why_not_plan(patient, by),
            *policies.why_not_modality(modality),
            *policies.why_not_interval(interval_days, override_reason),
            *_why_not_hospice(patient),
        ]
    )
    today = patient.team.local_date(now)
    found = _resolve(patient, modality, region, today, anchor_on)
    if found is None and is_lab(modality):
        raise ValidationError({"modality": "The record has no PRRT that these labs could follow."})
    if found is None:
        raise ValidationError(
            {"anchor_on": "No scan, treatment or diagnosis date to count from: choose the day the interval starts."}
        )
    before = SurveillancePlan.objects.valid().filter(patient=patient, modality=modality, stopped_on=None).first()
    if before is not None:
        stop(before, StopReason.REPLACED, on=today, ask_again_on=None, by=by, now=now)
    own = interval_days is not None and interval_days != found.interval_days
    plan = SurveillancePlan(
        patient=patient,
        modality=modality,
        region=region,
        confirmed_at=now,
        override_reason=override_reason.strip()[:250] if own else "",
        created_by=by,
    )
    _write(plan, found, own_interval=interval_days if own else None)
    plan.save()
    audit_plan("start_plan", plan, by=by, now=now, reason=plan.override_reason, why=plan.why)
    last = (
        ImagingStudy.objects.valid()
        .filter(plan=before, plan__isnull=False)
        .select_related("owner")
        .order_by("-pk")
        .first()
    )
    _ensure_study(plan, facts=None, by=by, now=now, owner=owner or (last.owner if last else None))
    close_step(patient, source_key=again_key(patient, modality), because="Plan started", now=now)
    if not is_lab(modality):  # whether scans go on is a question that labs do not answer
        close_step(patient, source_key=confirm_key(patient), because="Plan started", now=now)
    _ask_interval(plan, now=now)
    replan(patient, by=by, now=now)  # what answers a plan beside it may have changed
    ask_labs(patient, now=now)
    return plan


def _resolve(patient: Patient, modality: str, region: str, today: date, anchor_on: date | None) -> Resolution | None:
    facts = facts_of(patient, today=today, plan_modality=modality, plan_region=region)
    return resolution_for(patient.team_id, facts, anchor=anchor_on)


def _write(plan: SurveillancePlan, found: Resolution, *, own_interval: int | None) -> None:
    """Puts a resolution into the plan's fields; an individual interval stays."""
    confirmed = plan.is_signed and (plan.situation, plan.interval_days) == (found.code, found.interval_days)
    plan.situation, plan.anchor_on, plan.anchor_kind = found.code, found.anchor_on, found.anchor_kind
    plan.interval_days = own_interval if own_interval is not None else found.interval_days
    plan.is_signed = found.is_settled or own_interval is not None or confirmed
    plan.is_provisional = found.is_provisional
    plan.line_id = found.line_id
    why = found.why
    if own_interval is not None:
        why = f"{own_interval} days, set for this patient: {plan.override_reason}. By rule: {found.why}"
    plan.why = why[:300]


def _due(plan: SurveillancePlan) -> date:
    return plan.anchor_on + timedelta(days=plan.interval_days)


def coordinator_of(patient: Patient, by: User | None) -> User | None:
    """Who owns a new study: the patient's coordinator, else whoever plans, if that is a coordinator's role."""
    member: CareTeamMember | None = (
        CareTeamMember.objects.valid()
        .filter(patient=patient, role=Role.NURSE_COORDINATOR, ended_on=None, person__is_active=True)
        .select_related("person")
        .first()
    )
    if member is not None:
        return member.person
    coordinators = Membership.objects.current().filter(team_id=patient.team_id).with_role(Role.NURSE_COORDINATOR)
    return by if by is not None and coordinators.filter(user=by).exists() else None


def _ensure_study(
    plan: SurveillancePlan,
    *,
    facts: SurveillanceFacts | None,
    by: User | None,
    now: datetime,
    owner: User | None = None,
    window: int = 0,
) -> ImagingStudy:
    """Exactly one study of the plan is outstanding, due when the plan says. A study that was ordered already keeps its
    order when its date moves, unless another scan has answered it (within the window): then it is closed."""
    due = _due(plan)
    waiting: ImagingStudy | None = ImagingStudy.objects.valid().outstanding().filter(plan=plan).first()
    if waiting is not None and waiting.due_on == due:
        return waiting
    if waiting is not None and waiting.due_on is not None:
        study = lock(waiting)
        scan = facts.last_scan_on if facts is not None and plan.anchor_kind == AnchorKind.SCAN else None
        answered = scan is not None and scan == plan.anchor_on and scan >= waiting.due_on - timedelta(days=window)
        if study.status == StudyStatus.PLANNED or not answered:
            before, study.due_on = study.due_on, due
            study.save_version("due_on")
            withdraw_reminders([study.pk], now=now, keep_due=due)
            audit("move_due_date", study, by=by, now=now, before=str(before), after=due.isoformat())
            refresh_step(study, now=now)
            return study
        owner = owner or study.owner
        close_with(study, CloseReason.SUPERSEDED, by=by, now=now, verb="close_study")
    last = plan.studies.order_by("-pk").select_related("owner").first()
    study = ImagingStudy.objects.create(
        patient_id=plan.patient_id,
        team_id=plan.patient.team_id,
        plan=plan,
        modality=plan.modality,
        region=plan.region,
        status=StudyStatus.PLANNED,
        due_on=due,
        owner=owner or (last.owner if last else None) or coordinator_of(plan.patient, by),
        created_by=by,
    )
    study.patient, study.plan = plan.patient, plan
    audit("plan_study", study, by=by, now=now, due=due.isoformat())
    weigh(study.patient)
    refresh_step(study, now=now)
    return study


@transaction.atomic
def replan(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Recomputes every running plan of the patient from the record as it is now; returns how many changed.

    Safe to run at any time: without a change nothing is written. The ladder's clock starts anew when a date moves,
    except where the study was late already and stays late.
    """
    patient = lock_patient(patient)
    if not patient.is_in_care:
        return 0
    today = patient.team.local_date(now)
    team_numbers = numbers(patient.team_id)
    known, window = intervals_of(team_numbers), team_numbers["imaging.window"].days
    changed = 0
    rows = list(SurveillancePlan.objects.valid().filter(patient=patient, stopped_on=None).order_by("pk"))
    if not rows:
        return 0
    says = known_of([patient.pk])[patient.pk]
    for row in rows:
        plan: SurveillancePlan = SurveillancePlan.objects.select_related("patient__team").lock(row.pk)
        facts = says.of(today=today, plan_modality=plan.modality, plan_region=plan.region)
        found = resolution_of(plan, facts, known)
        if found is None or _awaits_its_report(plan, facts, says, window):
            continue
        before = (plan.situation, plan.interval_days, plan.anchor_on, plan.why, plan.is_signed, plan.is_provisional)
        was_due, was_clock = _due(plan), clock_start(_due(plan), patient.team.local_date(plan.confirmed_at))
        _write(plan, found, own_interval=plan.interval_days if plan.override_reason else None)
        if before != (
            plan.situation,
            plan.interval_days,
            plan.anchor_on,
            plan.why,
            plan.is_signed,
            plan.is_provisional,
        ):
            late_and_stays = was_clock <= today and _due(plan) <= was_clock
            if _due(plan) != was_due and not late_and_stays:
                plan.confirmed_at = now
            plan.save_version()
            audit_plan(
                "replan", plan, by=by, now=now, why=plan.why, before=was_due.isoformat(), after=_due(plan).isoformat()
            )
            _ask_interval(plan, now=now)
            changed += 1
        _ensure_study(plan, facts=facts, by=by, now=now, window=window)
    weigh(patient)
    return changed


def _awaits_its_report(plan: SurveillancePlan, facts: SurveillanceFacts, says: Known, window: int) -> bool:
    """A result is here that the plan's outstanding study waits for: `receive_results` reports it first, or its date
    would move on and nobody would read it."""
    last = facts.last_scan_on
    if not plan.is_lab or last is None or any(kind == plan.modality and on >= last for kind, _, on in says.scans):
        return False
    waiting = ImagingStudy.objects.valid().outstanding().filter(plan=plan).first()
    return waiting is not None and last >= answered_from(waiting, plan.patient.team, window)


@transaction.atomic
def mark_stale(team_id: int, codes: list[str], *, by: User | None, now: datetime) -> int:
    """After numbers were signed: one event for each patient with a plan that may rest on them. The ticks work them off,
    a bounded number each time; returns how many patients."""
    ids = touched_plans(team_id, codes).order_by("patient_id").values_list("patient_id", flat=True).distinct()
    patients = list(ids)
    announce_many(
        Event(kind=str(EventKind.PLAN_STALE), at=now, team_id=team_id, patient_id=patient_id) for patient_id in patients
    )
    record("imaging.mark_stale", by=by, now=now, team_id=team_id, details={"codes": codes, "patients": len(patients)})
    return len(patients)


def skip_study(study: ImagingStudy, *, by: User | None, now: datetime) -> None:
    """After a study of a running plan was closed without a scan: the next one is due one interval after the later of
    its due date and today. The plan holds that as a chosen anchor, which the next scan replaces."""
    plan: SurveillancePlan = SurveillancePlan.objects.select_related("patient__team").lock(study.plan_id or 0)
    today = plan.patient.team.local_date(now)
    plan.anchor_on, plan.anchor_kind = max(study.due_on or today, today), AnchorKind.MANUAL
    closed = study.get_close_reason_display().lower()
    plan.why = f"{plan.interval_days} days after {day(plan.anchor_on)}; the scan before was closed: {closed}"[:300]
    plan.confirmed_at = now
    plan.save_version("anchor_on", "anchor_kind", "why", "confirmed_at")
    audit_plan("skip_study", plan, by=by, now=now, reason=study.close_reason, due=_due(plan).isoformat())
    _ensure_study(plan, facts=None, by=by, now=now, owner=study.owner)


def _ask_interval(plan: SurveillancePlan, *, now: datetime) -> None:
    """An unsigned interval proposes its date and asks the responsible clinician to confirm it (`model.md` 7)."""
    if plan.is_signed:
        close_step(plan.patient, source_key=interval_key(plan), because="Interval confirmed", now=now)
        return
    open_step(
        plan.patient,
        kind=StepKind.STUDY,
        source_key=interval_key(plan),
        what=f"Confirm interval: {plan.interval_days} days, {plan.situation}, local and unsigned",
        now=now,
        owner=responsible_clinician(plan.patient_id),
        owner_role=Role.ONCOLOGIST,
        url=reverse("imaging-panel", args=[plan.patient_id]),
    )


@transaction.atomic
def confirm_interval(plan: SurveillancePlan, *, by: User, now: datetime) -> SurveillancePlan:
    """A clinician stands for the interval that nobody has signed for the team; twice changes nothing."""
    plan = lock_plan(plan)
    insist(policies.why_not_plan(plan.patient, by))
    if not plan.is_signed:
        plan.is_signed = True
        plan.save_version("is_signed")
        audit_plan("confirm_interval", plan, by=by, now=now)
        _ask_interval(plan, now=now)
    return plan


@transaction.atomic
def ask_to_confirm(patient: Patient, *, by: User | None, now: datetime) -> bool:
    """In care, but without surveillance: a person decides whether and how it starts; nothing starts by itself.
    True when the question is open now."""
    patient = lock_patient(patient)
    if not patient.is_in_care:
        return False
    plans = SurveillancePlan.objects.valid().filter(patient=patient, stopped_on=None)
    if plans.exclude(modality__in=LABS).exists():
        for study in (
            ImagingStudy.objects.valid()
            .outstanding()
            .filter(patient=patient)
            .select_related("patient__team", "plan", "owner")
        ):
            refresh_step(study, now=now)
        replan(patient, by=by, now=now)
        ask_labs(patient, now=now)
        return False
    before = SurveillancePlan.objects.valid().filter(patient=patient).exclude(modality__in=LABS).exists()
    open_step(
        patient,
        kind=StepKind.STUDY,
        source_key=confirm_key(patient),
        what="Confirm surveillance imaging again" if before else "Start a surveillance plan, or say why none",
        now=now,
        owner_role=Role.NURSE_COORDINATOR,
        url=reverse("plan-start", args=[patient.pk]),
    )
    record(
        "imaging.ask_to_confirm",
        by=by,
        now=now,
        subject=patient,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
    )
    return True
