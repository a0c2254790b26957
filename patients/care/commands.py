"""The only writers of the care around the treatment, and of the next steps that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.people.rules import Permission, Role
from patients.care import policies
from patients.care.models import CareRow, PsychosocialCare, SecondOpinion
from patients.care.queries import TABLES, dietitian_knows, live_pathway, loss_of, rows_of
from patients.care.rules import CARE_KINDS, CRISIS, DRAINAGE, NUTRITION, OPINION, PSYCHOSOCIAL, Pathway
from patients.protocol.queries import number
from patients.record import commands as entries
from patients.record.models import ClinicalRow, NextStep, Patient
from patients.record.rules import FlagKind, FlagState, StepKind

if TYPE_CHECKING:
    from careteam.people.models import User

DOCUMENT = Permission.CARE_DOCUMENT


def source_key(key: str, row_id: int = 0) -> str:
    """The key of a part's row in the table of next steps: one per part; second opinions have one each."""
    return f"care:{key}:{row_id}" if row_id else f"care:{key}"


def _page(patient: Patient, key: str) -> str:
    return f"/patients/{patient.pk}/care/#{key}"


def _step(
    patient: Patient,
    key: str,
    due_on: date,
    *,
    now: datetime,
    what: str = "",
    owner: User | None = None,
    role: Role | None = None,
    row_id: int = 0,
) -> None:
    kind = CARE_KINDS[key]
    entries.open_step(
        patient,
        kind=StepKind.CARE,
        source_key=source_key(key, row_id),
        what=what or kind.step,
        now=now,
        owner=owner,
        owner_role=role or kind.owner,
        due_on=due_on,
        url=_page(patient, key),
    )


def _close(patient: Patient, key: str, *, now: datetime, because: str = "Done", row_id: int = 0) -> None:
    entries.close_step(patient, source_key=source_key(key, row_id), because=because, now=now)


def _follow_pathway(patient: Patient, row: PsychosocialCare | None, *, now: datetime) -> None:
    """Offer it (nurses), see the patient (psycho-oncology), ask again on the day that was agreed."""
    if row is None:
        _close(patient, PSYCHOSOCIAL, now=now)
        return
    soon = row.noted_on + timedelta(days=number(patient.team_id, "care.psychosocial").days)
    due = row.follow_up_on or soon
    if row.state == Pathway.TO_OFFER:
        score = f": distress {row.distress} of 10" if row.distress is not None else ""
        what = f"Offer psycho-oncology{score}"
        _step(patient, PSYCHOSOCIAL, due, now=now, what=what, owner=row.owner, role=Role.NURSE_COORDINATOR)
    elif row.state == Pathway.ACCEPTED:
        _step(patient, PSYCHOSOCIAL, due, now=now, owner=row.owner)
    elif row.follow_up_on is not None:
        what = "Psycho-oncology: offer again" if row.state == Pathway.DECLINED else "Psycho-oncology: next visit"
        _step(patient, PSYCHOSOCIAL, row.follow_up_on, now=now, what=what, owner=row.owner)
    else:
        _close(patient, PSYCHOSOCIAL, now=now, because=row.get_state_display())


def _follow_drainage(patient: Patient, rows: list[Any], *, now: datetime) -> None:
    """The next drainage is the earliest that the last one of each side announces."""
    last = {row.kind: row for row in reversed(rows)}
    coming = sorted((row.follow_up_on, str(row.get_kind_display())) for row in last.values() if row.follow_up_on)
    if coming:
        _step(patient, DRAINAGE, coming[0][0], now=now, what=f"Drainage due: {coming[0][1].lower()}")
    else:
        _close(patient, DRAINAGE, now=now)


def _follow_opinion(patient: Patient, row: SecondOpinion, *, now: datetime) -> None:
    """Until the reply is there, somebody asks for it on the day it was expected."""
    if row.error_at is None and row.received_on is None and row.follow_up_on is not None:
        what = f"Second opinion: reply of {row.center}"
        _step(patient, OPINION, row.follow_up_on, now=now, what=what, row_id=row.pk)
    else:
        because = "Reply received" if row.error_at is None else "Entered in error"
        _close(patient, OPINION, now=now, because=because, row_id=row.pk)


def _follow(patient: Patient, key: str, *, now: datetime, row: ClinicalRow | None = None) -> None:
    """Opens, moves or closes the next step of a part from what is valid now. Nothing is asked for the dead."""
    if patient.is_deceased:
        return
    if isinstance(row, SecondOpinion):
        _follow_opinion(patient, row, now=now)
        return
    if key == PSYCHOSOCIAL:
        _follow_pathway(patient, live_pathway(patient.pk), now=now)
        return
    rows = rows_of(key, patient.pk)
    if key == DRAINAGE:
        _follow_drainage(patient, rows, now=now)
        return
    due = (rows[0].review_on if key == CRISIS else rows[0].follow_up_on) if rows else None
    if due is not None and not (key == CRISIS and rows[0].state != FlagState.PRESENT):
        _step(patient, key, due, now=now)
    else:
        _close(patient, key, now=now)


def _check(patient: Patient, key: str, values: Mapping[str, Any], row: ClinicalRow | None) -> None:
    reasons = policies.why_not_center(patient, values.get("center"))
    if isinstance(row, PsychosocialCare):
        reasons += policies.why_not_move(row, str(values.get("state", row.state)))
    elif key == PSYCHOSOCIAL and values.get("state") != Pathway.ENDED:
        reasons += policies.why_not_start_pathway(patient)
    insist(reasons)


@transaction.atomic
def add(patient: Patient, key: str, values: Mapping[str, Any], *, by: User, now: datetime) -> ClinicalRow:
    """Adds one row to a part of the care; its next step follows."""
    Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    insist(policies.why_not_document(patient, by))
    _check(patient, key, values, None)
    given = {**values, "kind": FlagKind.CRISIS_PLAN} if key == CRISIS else values
    row = entries.add_entry(patient, TABLES[key], given, by=by, now=now, permission=DOCUMENT)
    _follow(patient, key, now=now, row=row)
    return row


@transaction.atomic
def change(
    row: ClinicalRow, key: str, values: Mapping[str, Any], *, version: int, by: User, now: datetime
) -> ClinicalRow:
    """Corrects or carries on one row. Raises `StaleEdit` when it changed after the form was opened."""
    patient = Patient.objects.select_related("team").get(pk=row.patient_id)
    insist(policies.why_not_document(patient, by))
    _check(patient, key, values, TABLES[key].objects.lock(row.pk, version=version))
    current = entries.change_entry(row, values, version=version, by=by, now=now, permission=DOCUMENT)
    _follow(patient, key, now=now, row=current)
    return current


@transaction.atomic
def withdraw(row: ClinicalRow, key: str, *, reason: str, by: User, now: datetime) -> ClinicalRow:
    """Entered in error: the row leaves every list, and its next step follows what is left."""
    current = entries.enter_in_error(row, reason=reason, by=by, now=now, permission=DOCUMENT)
    _follow(Patient.objects.select_related("team").get(pk=row.patient_id), key, now=now, row=current)
    return current


# --- by events -------------------------------------------------------------------------------------------------------


def _system(
    action: str, patient: Patient, *, now: datetime, subject: CareRow | None, details: Mapping[str, Any]
) -> None:
    record(
        action,
        by=None,
        now=now,
        subject=subject,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        kind=Kind.SYSTEM,
        details=details,
    )


@transaction.atomic
def ask_dietitian(patient_id: int, *, now: datetime) -> bool:
    """Weight loss at the team's limit asks for a dietitian, unless one knows already. True when a step was opened;
    nothing for patients who are not in active care, or while the limit is local and unsigned."""
    patient = Patient.objects.in_care().select_related("team").filter(pk=patient_id).first()
    limit = number(patient.team_id, "care.weight_loss") if patient else None
    loss = loss_of(patient) if patient else None
    if patient is None or limit is None or loss is None or not limit.is_settled or loss.percent < limit.value:
        return False
    today = patient.team.local_date(now)
    if dietitian_knows(patient, today):
        return False
    due = today + timedelta(days=number(patient.team_id, "care.dietitian").days)
    open_already = NextStep.objects.filter(patient=patient, source_key=source_key(NUTRITION), closed_at__isnull=True)
    if open_already.filter(due_on__lte=due).exists():
        return False
    what = f"Weight loss {loss.percent:f} % in {loss.months} months: screen nutrition"
    _step(patient, NUTRITION, due, now=now, what=what)
    details = {"percent": str(loss.percent), "since": loss.since.isoformat()}
    _system("care.ask_dietitian", patient, now=now, subject=None, details=details)
    return True


@transaction.atomic
def offer_psychosocial(patient_id: int, *, distress: int, on: date, now: datetime) -> PsychosocialCare | None:
    """Distress at the team's limit starts the psychosocial pathway, or joins the one that is live. Nothing below the
    limit, for patients outside active care, or before a date agreed after a no."""
    patients = Patient.objects.in_care().select_related("team").select_for_update(of=("self",), no_key=True)
    patient = patients.filter(pk=patient_id).first()
    if patient is None:
        return None
    limit = number(patient.team_id, "symptoms.distress")
    if not limit.is_settled or distress < limit.value:
        return None
    row = live_pathway(patient.pk)
    if row is not None:
        return None if row.state != Pathway.DECLINED else _offer_again(patient, row, distress, on, now=now)
    row = PsychosocialCare.objects.create(patient=patient, noted_on=on, distress=distress)
    _follow_pathway(patient, row, now=now)
    _system("care.offer_psychosocial", patient, now=now, subject=row, details={"distress": distress})
    return row


def _offer_again(
    patient: Patient, row: PsychosocialCare, distress: int, on: date, *, now: datetime
) -> PsychosocialCare | None:
    """After a no: a higher score than then asks again, an unchanged one does not ("never nag")."""
    if row.distress is not None and distress <= row.distress:
        return None
    row.distress, row.follow_up_on = distress, max(on, row.noted_on)
    row.save_version("distress", "follow_up_on")
    _follow_pathway(patient, row, now=now)
    _system("care.offer_psychosocial", patient, now=now, subject=row, details={"distress": distress, "again": True})
    return row
