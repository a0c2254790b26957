"""The step into hospice: prepared by several people, finished by one who may start it; hospice may be left alive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.notifications.commands import notify
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.goals.queries import goals_of
from patients.goals.rules import CodeStatus
from patients.palliative import policies
from patients.palliative.models import HospiceTransition
from patients.palliative.queries import running_antitumor, running_hospice, symptom_drugs, transition_of
from patients.palliative.rules import HOSPICE_TRANSITIONS, HospiceStatus, LineChoice
from patients.record.commands import close_step, open_step, record_about, set_step
from patients.record.models import CareTeamMember, Patient
from patients.record.rules import StepKind
from patients.treatment import commands as treatment
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import EndReason, LineDraft, LineRole, LineStatus, Modality

if TYPE_CHECKING:
    from careteam.people.models import User

# What a person may fill in while the step is prepared.
FILLED_IN = (
    "comfort_goal",
    "prognosis_confirmed",
    "prognosis_by",
    "prognosis_on",
    "family_told",
    "nobody_to_tell",
    "equipment",
    "medication",
    "night_name",
    "night_phone",
    "place",
    "service",
    "starts_on",
    "code_reviewed_on",
    "code_words",
    "choices",
)
_STARTED = HospiceStatus.STARTED
_SETTING = {"home": "home", "hospice": "inpatient", "hospital": "inpatient", "nursing_home": "nursing"}


def step_key(row: HospiceTransition) -> str:
    return f"hospice:{row.pk}"


def _move(row: HospiceTransition, to: HospiceStatus, *fields: str) -> None:
    if to not in HOSPICE_TRANSITIONS[HospiceStatus(row.status)]:
        insist([f"The step into hospice is over: {row.get_status_display().lower()}."])
    row.status = to
    row.save_version("status", *fields)


def _next(row: HospiceTransition, patient: Patient, *, now: datetime) -> None:
    """Due on the first day of hospice care; of a change meanwhile, on the day it was begun."""
    opened = patient.team.local_date(row.opened_at)
    open_step(
        patient,
        kind=StepKind.CARE,
        source_key=step_key(row),
        what="Hospice: finish the transition",
        now=now,
        owner_role=Role.PALLIATIVE,
        due_on=max(row.starts_on, opened) if row.starts_on else patient.team.local_date(now),
        url=reverse("hospice", args=[patient.pk]),
    )


def _start(patient: Patient, before: HospiceTransition | None, now: datetime) -> dict[str, Any]:
    if before is not None and before.status == HospiceStatus.STARTED:
        return {name: getattr(before, name) for name in FILLED_IN}
    goals = goals_of(patient.pk, patient.team.local_date(now))
    said = goals.code_status if goals.code_status != CodeStatus.NOT_DISCUSSED else ""
    return {
        "place": goals.place_of_care if goals.place_of_care in _SETTING else "",
        "medication": "\n".join(symptom_drugs(patient.pk)),
        "code_words": goals.code_status_words if said else "",
    }


@transaction.atomic
def prepare_hospice(patient: Patient, *, by: User, now: datetime) -> HospiceTransition:
    """Opens the step, filled in with what the record knows, or with what was agreed while hospice care runs (somebody
    else is called at night, the bed came); the one that is open already when there is one."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    insist(policies.why_not_prepare_hospice(patient, by))
    before = transition_of(patient.pk)
    if before is not None and before.status == HospiceStatus.PREPARING:
        return before
    row = HospiceTransition.objects.create(
        patient=patient, opened_at=now, created_by=by, **_start(patient, before, now)
    )
    _next(row, patient, now=now)
    record_about(row, "palliative.prepare_hospice", by=by, now=now)
    return row


@transaction.atomic
def save_hospice(
    row: HospiceTransition, values: Mapping[str, Any], *, by: User, now: datetime, version: int | None = None
) -> HospiceTransition:
    """Keeps what was filled in so far (fields of `FILLED_IN`), complete or not. Raises `StaleEdit` when somebody saved
    meanwhile."""
    unknown = set(values) - set(FILLED_IN)
    if unknown:
        raise ValueError(f"not part of the step into hospice: {', '.join(sorted(unknown))}")
    locked: HospiceTransition = HospiceTransition.objects.select_related("patient__team").lock(row.pk, version=version)
    insist(policies.why_not_change_hospice(locked, locked.patient, by))
    changed = [name for name, value in values.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, values[name])
    locked.save_version(*changed)
    _next(locked, locked.patient, now=now)
    record_about(locked, "palliative.save_hospice", by=by, now=now, details={"changed": changed})
    return locked


def _what_becomes_of(row: HospiceTransition, patient: Patient, *, on: date, by: User, now: datetime) -> None:
    """Carries out what was said of each running line; what goes on is not touched."""
    for line in running_antitumor(patient.pk):
        choice = row.choices.get(str(line.pk))
        day = max(on, line.started_on or on)
        if choice == LineChoice.STOP:
            note = "Stopped when hospice care began"
            treatment.end_line(line, on=day, reason=EndReason.CLINICIAN_CHOICE, by=by, now=now, note=note)
        elif choice == LineChoice.SYMPTOMS:
            treatment.keep_for_symptoms(line, on=day, by=by, now=now)


def _tell_coordinator(row: HospiceTransition, patient: Patient, *, by: User, now: datetime) -> None:
    coordinators = people_with_role(patient.team, Role.NURSE_COORDINATOR)
    notify(
        coordinators,
        key=f"{step_key(row)}:begun",
        kind="hospice",
        title="Hospice care began: surveillance imaging is off",
        url=reverse("hospice", args=[patient.pk]),
        now=now,
        patient_id=patient.pk,
    )
    own = CareTeamMember.objects.valid().filter(patient=patient, role=Role.NURSE_COORDINATOR, ended_on__isnull=True)
    named = [member.person for member in own.select_related("person") if member.person_id]
    owner = next((person for person in [*named, *coordinators] if person and person.is_active), None)
    if owner is not None:
        what = "Hospice began: deliveries, visits and calls arranged?"
        set_step(patient, what=what, owner=owner, due_on=patient.team.local_date(now), by=by, now=now)


@transaction.atomic
def finish_hospice(row: HospiceTransition, *, by: User, now: datetime, version: int | None = None) -> HospiceTransition:
    """Starts hospice care: the line (whose event stops surveillance imaging), what was said of each running line, the
    coordinator's next step. A hospice line that runs already is taken over; where its step was finished before, this
    changes what was agreed, and nothing begins."""
    locked: HospiceTransition = HospiceTransition.objects.select_related("patient__team").lock(row.pk, version=version)
    patient = locked.patient
    insist(policies.why_not_finish_hospice(locked, patient, by, today=patient.team.local_date(now)))
    on = locked.starts_on
    if on is None:  # the policy has refused it
        raise ValueError("a hospice transition without a start")
    line = running_hospice(patient.pk)
    is_change = line is not None and HospiceTransition.objects.valid().filter(line=line, status=_STARTED).exists()
    if line is None:
        setting = _SETTING.get(locked.place, "")
        draft = LineDraft(
            modality=Modality.HOSPICE,
            role=LineRole.SUPPORTIVE,
            intent="symptom",
            site=locked.service,
            plan={"setting": setting, "drugs_go_on": True} if setting else {"drugs_go_on": True},
        )
        line = treatment.begin_line(patient, draft, on=on, by=by, now=now)
    _what_becomes_of(locked, patient, on=patient.team.local_date(now) if is_change else on, by=by, now=now)
    locked.line, locked.finished_at, locked.finished_by = line, now, by
    _move(locked, HospiceStatus.STARTED, "line", "finished_at", "finished_by")
    because = "Changed" if is_change else "Hospice care began"
    close_step(patient, source_key=step_key(locked), because=because, now=now)
    if not is_change:
        _tell_coordinator(locked, patient, by=by, now=now)
    record_about(
        locked,
        "palliative.finish_hospice",
        by=by,
        now=now,
        reason=locked.comfort_goal,
        details={"line": line.pk, "choices": locked.choices, "on": on.isoformat()},
    )
    return locked


@transaction.atomic
def cancel_hospice(
    row: HospiceTransition, *, reason: str, by: User | None, now: datetime, version: int | None = None
) -> HospiceTransition:
    """The step is not taken; `by=None` is the system (a death, leaving care)."""
    locked: HospiceTransition = HospiceTransition.objects.select_related("patient__team").lock(row.pk, version=version)
    if by is not None:
        insist(policies.why_not_cancel_hospice(locked, locked.patient, by, reason=reason))
    locked.end_reason, locked.ended_on = reason.strip(), locked.patient.team.local_date(now)
    _move(locked, HospiceStatus.CANCELLED, "end_reason", "ended_on")
    close_step(locked.patient, source_key=step_key(locked), because="Cancelled", now=now)
    record_about(locked, "palliative.cancel_hospice", by=by, now=now, reason=reason)
    return locked


@transaction.atomic
def leave_hospice(patient: Patient, *, on: date, end: EndReason, reason: str, by: User, now: datetime) -> TreatmentLine:
    """Hospice care ends while the patient lives: the line ends with its reason, and surveillance asks whether its plan
    holds again (`imaging.consumers`)."""
    insist(policies.why_not_leave_hospice(patient, by, reason=reason))
    line = running_hospice(patient.pk)
    if line is None:  # the policy has refused it
        raise ValueError("no hospice care runs")
    ended = treatment.end_line(line, on=on, reason=end, by=by, now=now, note=reason)
    follow_lines(patient.pk, by=by, now=now)
    return ended


@transaction.atomic
def follow_lines(patient_id: int, *, by: User | None, now: datetime) -> int:
    """Steps whose hospice line ended or was entered in error are over, with the line's reason. Returns how many."""
    rows = HospiceTransition.objects.valid().filter(patient_id=patient_id, status=HospiceStatus.STARTED)
    ended = 0
    for row in rows.select_related("line", "patient__team").select_for_update(of=("self",)):
        line = row.line
        if line is None or line.status in {LineStatus.ACTIVE, LineStatus.ON_HOLD}:
            continue
        words = "Entered in error" if line.status == LineStatus.ERROR else line.get_end_reason_display()
        row.end_reason = f"{words}: {line.end_note}" if line.end_note else (words or "Ended")
        row.ended_on = line.ended_on or row.patient.team.local_date(now)
        _move(row, HospiceStatus.ENDED, "end_reason", "ended_on")
        record_about(row, "palliative.end_hospice", by=by, now=now, reason=row.end_reason)
        ended += 1
    return ended


@transaction.atomic
def follow_revived_lines(patient_id: int, *, by: User | None, now: datetime) -> int:
    """The death that ended hospice care was recorded by mistake: the step whose line runs again goes on. How many."""
    rows = HospiceTransition.objects.valid().filter(
        patient_id=patient_id, status=HospiceStatus.ENDED, line__status__in=[LineStatus.ACTIVE, LineStatus.ON_HOLD]
    )
    back = list(rows.select_related("patient__team").select_for_update(of=("self",)))
    for row in back:
        row.end_reason, row.ended_on = "", None
        _move(row, HospiceStatus.STARTED, "end_reason", "ended_on")
        record_about(row, "palliative.follow_revived_lines", by=by, now=now)
    return len(back)


@transaction.atomic
def drop_preparation(patient_id: int, *, reason: str, by: User | None, now: datetime) -> int:
    """What was being prepared for somebody who died or left care is cancelled. Returns how many."""
    rows = list(HospiceTransition.objects.valid().filter(patient_id=patient_id, status=HospiceStatus.PREPARING))
    for row in rows:
        cancel_hospice(row, reason=reason, by=by, now=now)
    return len(rows)
