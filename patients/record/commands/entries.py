"""Facts of the record: add, correct, enter in error. One set of commands for every table of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.people.rules import Permission
from patients.record import policies
from patients.record.models import (
    Admission,
    CareTeamMember,
    ClinicalFlag,
    ClinicalRow,
    Diagnosis,
    DiseaseStatus,
    LiverAssessment,
    Measurement,
    Metastasis,
    Patient,
    PatientContact,
    PatientIdentifier,
    ReceptorImaging,
    Specimen,
    StaleEdit,
    SymptomAssessment,
)
from patients.record.rules import ECOG, WEIGHT, ResponseCategory, is_laboratory, search_key, sort_key

if TYPE_CHECKING:
    from careteam.people.models import User

CONTACT = "contact"  # a `RECORD_CHANGED` that is about who may be told what
RowT = TypeVar("RowT", bound=ClinicalRow)
# What plans, preparation and prompts rest on.
_DISEASE = (Diagnosis, Specimen, Metastasis, LiverAssessment, ReceptorImaging, ClinicalFlag)


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    return value if isinstance(value, str | int | bool | list | type(None)) else str(value)


def announce_entry(row: ClinicalRow, *, team_id: int, now: datetime) -> None:
    """What upper slices want to know about a new or corrected fact."""
    kind: EventKind | None = None
    payload: dict[str, Any] = {}
    if isinstance(row, Measurement) and row.code == ECOG:
        kind, payload = EventKind.ECOG, {"ecog": _plain(row.value)}
    elif isinstance(row, Measurement) and row.code == WEIGHT:
        kind = EventKind.WEIGHT
    elif isinstance(row, SymptomAssessment):
        kind = EventKind.SYMPTOMS
    elif isinstance(row, Admission) and row.unplanned:
        kind = EventKind.ADMISSION
    elif isinstance(row, DiseaseStatus):
        is_progression = row.category == ResponseCategory.PD
        kind = EventKind.PROGRESSION if is_progression else EventKind.RECORD_CHANGED
        payload = {"on": row.assessed_on.isoformat(), "category": row.category}
    elif isinstance(row, _DISEASE):
        kind = EventKind.RECORD_CHANGED
    elif isinstance(row, PatientContact):
        kind, payload = EventKind.RECORD_CHANGED, {"what": CONTACT}
    if kind is not None:
        announce(kind, now=now, team_id=team_id, patient_id=row.patient_id, subject_id=row.pk, payload=payload)


def announce_results(patient: Patient, results: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """One event for all results of the laboratory, as (code, category), that one act wrote, corrected or took back.
    Nobody waits for those of a patient who is not in care: what they mean is computed when care begins."""
    codes = sorted({code for code, category in results if is_laboratory(code, category)})
    if codes and patient.is_in_care:
        payload = {"codes": codes[:100]}
        announce(EventKind.RESULTS, now=now, team_id=patient.team_id, patient_id=patient.pk, payload=payload)


def _announce_result(patient: Patient, row: ClinicalRow, *, now: datetime) -> None:
    if isinstance(row, Measurement):
        announce_results(patient, [(row.code, row.category)], now=now)


def _make_room(row: ClinicalRow) -> None:
    """One main diagnosis, one responsible clinician: the former one stays in the record without the mark."""
    if isinstance(row, Diagnosis) and row.is_main:
        others = Diagnosis.objects.valid().filter(patient_id=row.patient_id, is_main=True).exclude(pk=row.pk)
        others.update(is_main=False)
    elif isinstance(row, CareTeamMember) and row.is_responsible:
        members = CareTeamMember.objects.valid().filter(patient_id=row.patient_id, is_responsible=True)
        members.exclude(pk=row.pk).update(is_responsible=False)


@transaction.atomic
def add_entry(
    patient: Patient,
    model: type[RowT],
    values: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    permission: Permission = Permission.PATIENT_EDIT,
) -> RowT:
    """Adds one fact to the record. A second main diagnosis replaces the first as main, which stays. `permission`:
    what upper slices ask of those who write in their tables."""
    insist(policies.why_not_edit(patient, by, permission))
    row = model(patient=patient, created_by=by, **values)
    _make_room(row)
    row.save(force_insert=True)
    record(
        f"record.add_{model._meta.model_name}",
        by=by,
        now=now,
        subject=row,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"values": {name: _plain(value) for name, value in values.items()}},
    )
    announce_entry(row, team_id=patient.team_id, now=now)
    _announce_result(patient, row, now=now)
    return row


@transaction.atomic
def change_entry(
    row: RowT,
    values: Mapping[str, Any],
    *,
    version: int,
    by: User,
    now: datetime,
    permission: Permission = Permission.PATIENT_EDIT,
) -> RowT:
    """Corrects one fact. Raises `StaleEdit` when it was changed after the form was opened; unchanged saves nothing."""
    current: RowT = type(row).objects.lock(row.pk, version=version)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    insist(policies.why_not_edit(patient, by, permission))
    if current.error_at is not None:
        raise ValidationError("This entry was marked as entered in error and can no longer be changed.")
    before = {name: getattr(current, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return current
    for name, value in changed.items():
        setattr(current, name, value)
    _make_room(current)
    current.save_version(*changed)
    record(
        f"record.change_{current._meta.model_name}",
        by=by,
        now=now,
        subject=current,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={
            "before": {name: _plain(before[name]) for name in changed},
            "after": {name: _plain(value) for name, value in changed.items()},
        },
    )
    announce_entry(current, team_id=patient.team_id, now=now)
    _announce_result(patient, current, now=now)
    return current


@transaction.atomic
def enter_in_error(
    row: RowT, *, reason: str, by: User, now: datetime, permission: Permission = Permission.PATIENT_EDIT
) -> RowT:
    """Marks a fact as entered in error; it stays in the history and disappears from every list."""
    current: RowT = type(row).objects.lock(row.pk)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    insist(policies.why_not_edit(patient, by, permission))
    if not reason.strip():
        raise ValidationError({"reason": "Say what was wrong."})
    if current.error_at is None:
        current.error_at, current.error_by, current.error_reason = now, by, reason.strip()
        current.save_version("error_at", "error_by", "error_reason")
        record(
            f"record.error_{current._meta.model_name}",
            by=by,
            now=now,
            subject=current,
            patient_ids=[patient.pk],
            team_id=patient.team_id,
            reason=reason.strip(),
        )
        _announce_result(patient, current, now=now)
        if isinstance(current, SymptomAssessment):
            announce(EventKind.SYMPTOMS, now=now, team_id=patient.team_id, patient_id=patient.pk, subject_id=current.pk)
        if isinstance(current, PatientContact):
            announce_entry(current, team_id=patient.team_id, now=now)
        if isinstance(current, _DISEASE):
            announce(EventKind.RECORD_CHANGED, now=now, team_id=patient.team_id, patient_id=patient.pk)
    return current


@transaction.atomic
def change_patient(patient: Patient, values: Mapping[str, Any], *, version: int, by: User, now: datetime) -> Patient:
    """Corrects who the patient is and how to reach them; keeps the sort and search keys right."""
    current = Patient.objects.select_for_update(of=("self",)).select_related("team").get(pk=patient.pk)
    if current.version != version:
        raise StaleEdit(current)
    insist(policies.why_not_edit(current, by))
    before = {name: getattr(current, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return current
    for name, value in changed.items():
        setattr(current, name, value)
    refresh_keys(current)
    current.version += 1
    current.save()
    record(
        "record.change_patient",
        by=by,
        now=now,
        subject=current,
        patient_ids=[current.pk],
        team_id=current.team_id,
        details={
            "before": {name: _plain(before[name]) for name in changed},
            "after": {name: _plain(value) for name, value in changed.items()},
        },
    )
    return current


def refresh_keys(patient: Patient) -> None:
    """Recomputes what lists sort and search by; the caller saves."""
    identifiers = list(PatientIdentifier.objects.filter(patient=patient).values_list("value", flat=True))
    birth: date | None = patient.birth_date
    patient.sort_key = sort_key(patient.family_name, patient.given_name)
    patient.search_key = search_key(patient.family_name, patient.given_name, identifiers or [patient.mrn], birth)
