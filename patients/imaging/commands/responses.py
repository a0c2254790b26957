"""The response of a study becomes a fact of the record, and is taken back again. One place for every way to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.imaging import policies
from patients.imaging.commands.base import audit, lock, refresh_step, set_decision_clock, step_key
from patients.imaging.commands.plans import replan
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import CROSS_SECTIONAL
from patients.record.models import DiseaseStatus
from patients.record.rules import ResponseCategory, StatusMethod
from patients.treatment.commands import note_response

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def confirm_response(study: ImagingStudy, *, response: str, by: User, now: datetime, note: str = "") -> ImagingStudy:
    """A reader confirms the response of a study that was made; no report or review is needed for it, and none is
    replaced by it. A former response of the same study is entered in error."""
    study = lock(study)
    insist(policies.why_not_confirm_response(study, by, response))
    if study.response != response:
        study.response = response
        set_decision_clock(study, now=now)
        study.save_version("response", "decision_due_on")
    write_status(study, response, by=by, now=now, note=note)
    audit("confirm_response", study, by=by, now=now, response=response)
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return study


@transaction.atomic
def take_back_response(study: ImagingStudy, *, reason: str, by: User, now: datetime) -> ImagingStudy:
    """The response of the study was wrong: it leaves the study, and its status in the record is entered in error."""
    study = lock(study)
    insist([*policies.why_not_confirm_response(study, by, ""), *([] if reason.strip() else ["Say what was wrong."])])
    study.response = ""
    set_decision_clock(study, now=now)
    study.save_version("response", "decision_due_on")
    drop_statuses(study, reason=reason, by=by, now=now)
    audit("take_back_response", study, by=by, now=now, reason=reason)
    refresh_step(study, now=now)
    replan(study.patient, by=by, now=now)
    return study


def write_status(study: ImagingStudy, response: str, *, by: User, now: datetime, note: str = "") -> None:
    """The study's response as `DiseaseStatus`, once: the same response again changes nothing, another one replaces it.
    Announces `PROGRESSION` when it is news. The study is locked by the caller and was performed."""
    rows = _statuses(study)
    if study.performed_on is None or any(row.category == response for row in rows):
        return
    _enter_in_error(study, rows, reason=f"Read again: {response}", by=by, now=now)
    DiseaseStatus.objects.create(
        patient_id=study.patient_id,
        assessed_on=study.performed_on,
        category=response,
        method=StatusMethod.RECIST if study.modality in CROSS_SECTIONAL else StatusMethod.CLINICAL,
        study_key=step_key(study),
        note=note.strip(),
        assessed_by=by,
        created_by=by,
    )
    note_response(study.patient, by=by, now=now)
    if response == ResponseCategory.PD:
        facts = {"study": study.pk, "response": response, "on": str(study.performed_on)}
        _announce(EventKind.PROGRESSION, study, now=now, payload=facts)


def drop_statuses(study: ImagingStudy, *, reason: str, by: User | None, now: datetime) -> None:
    """Enters in error what the study says about the disease. The study is locked by the caller."""
    _enter_in_error(study, _statuses(study), reason=reason.strip(), by=by, now=now)
    note_response(study.patient, by=by, now=now)


def has_status(study: ImagingStudy) -> bool:
    """Whether the record says something about the disease that rests on this study."""
    return bool(_statuses(study))


def _statuses(study: ImagingStudy) -> list[DiseaseStatus]:
    rows = DiseaseStatus.objects.valid().filter(patient_id=study.patient_id, study_key=step_key(study))
    return list(rows.select_for_update(of=("self",)))


def _enter_in_error(
    study: ImagingStudy, rows: Iterable[DiseaseStatus], *, reason: str, by: User | None, now: datetime
) -> None:
    for row in rows:
        row.error_at, row.error_by, row.error_reason = now, by, reason
        row.save_version("error_at", "error_by", "error_reason")
        kind = EventKind.RECORD_CHANGED
        if row.category == ResponseCategory.PD:
            kind = EventKind.PROGRESSION_WITHDRAWN
        _announce(kind, study, now=now, payload={"status": row.pk, "study": study.pk})


def _announce(kind: EventKind, study: ImagingStudy, *, now: datetime, payload: dict[str, object]) -> None:
    announce(kind, now=now, team_id=study.team_id, patient_id=study.patient_id, subject_id=study.pk, payload=payload)
