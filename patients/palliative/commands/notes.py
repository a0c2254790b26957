"""Notes of the disciplines and the strain of those who care. The trail says that a note was written, never what."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from patients.palliative import policies
from patients.palliative.models import CaregiverStrain, CareNote
from patients.record.commands import record_about
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def add_note(
    patient: Patient,
    *,
    discipline: str,
    text: str,
    by: User,
    now: datetime,
    said_by: str = "",
    is_confidential: bool = False,
    supplements: CareNote | None = None,
) -> CareNote:
    """Adds a note, or a supplement to one; a supplement is as confidential as the note."""
    insist(policies.why_not_note(patient, by, discipline=discipline))
    if not text.strip():
        raise ValidationError({"text": "Write what the others should know."})
    if supplements is not None:
        supplements = CareNote.objects.lock(supplements.pk)
        insist(policies.why_not_supplement(supplements, patient, by))
        is_confidential = is_confidential or supplements.is_confidential
    note = CareNote.objects.create(
        patient=patient,
        discipline=discipline,
        author=by,
        written_at=now,
        said_by=said_by.strip(),
        text=text.strip(),
        is_confidential=is_confidential,
        supplements=supplements,
        created_by=by,
    )
    details = {"discipline": discipline, "confidential": is_confidential}
    record_about(note, "palliative.note", by=by, now=now, details=details)
    return note


@transaction.atomic
def note_in_error(note: CareNote, *, reason: str, by: User, now: datetime, version: int | None = None) -> CareNote:
    """Marks a note as entered in error. The reason of a confidential one stays with the note, out of the trail."""
    locked: CareNote = CareNote.objects.select_related("patient__team").lock(note.pk, version=version)
    insist(policies.why_not_note_error(locked, locked.patient, by, reason=reason))
    locked.error_at, locked.error_by, locked.error_reason = now, by, reason.strip()
    locked.save_version("error_at", "error_by", "error_reason")
    said = "Kept with the confidential note" if locked.is_confidential else reason.strip()
    record_about(locked, "palliative.note_in_error", by=by, now=now, reason=said)
    return locked


@transaction.atomic
def add_strain(
    patient: Patient, *, who: str, score: int, asked_on: date, by: User, now: datetime, note: str = ""
) -> CaregiverStrain:
    """The answer of somebody who cares, 0 to 10."""
    insist(policies.why_not_strain(patient, by, asked_on=asked_on, today=patient.team.local_date(now)))
    row = CaregiverStrain.objects.create(
        patient=patient, who=who.strip(), score=score, asked_on=asked_on, note=note.strip(), created_by=by
    )
    record_about(row, "palliative.strain", by=by, now=now, details={"score": score})
    return row
