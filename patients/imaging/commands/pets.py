"""A PET that an event asks for: suggested once per event to whoever may order, closed when it is planned or done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.rules import Role
from patients.imaging import policies
from patients.imaging.commands.base import lock_patient
from patients.imaging.models import PetSuggestion
from patients.imaging.queries.facts import intervals_of
from patients.imaging.queries.pets import is_not_asked, open_pets, pet_facts
from patients.imaging.rules import PetAnswer, PetReason, StudyModality, pets_for
from patients.protocol.queries import numbers
from patients.protocol.rules import working_days_after
from patients.record.commands import close_step, open_step
from patients.record.models import Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User

PETS = (StudyModality.SSTR_PET, StudyModality.FDG_PET)


def pet_key(modality: str) -> str:
    """The key of the suggestion's row in the table of next steps: one per kind of PET."""
    return f"pet:{modality}"


@transaction.atomic
def suggest_pets(patient: Patient, *, by: User | None, now: datetime) -> int:
    """Suggests every PET that the record asks for and that was not suggested for the same event before; closes what was
    planned, done or is asked for no longer. Returns how many were new. Safe to run at any time.

    What a PET shortly before answers is kept as answered by it, for a clinician to see and overrule; it is asked again
    when that PET turns out not to be one.

    A reason that rests on a number nobody has signed suggests nothing (`model.md` 7). Nothing is ordered.
    """
    patient = lock_patient(patient)
    known = numbers(patient.team_id)
    reasons: tuple[PetReason, ...] = ()
    coming: frozenset[str] = frozenset()
    if patient.is_in_care and not is_not_asked(patient):
        facts = pet_facts(patient, today=patient.team.local_date(now))
        reasons, coming = pets_for(facts, intervals_of(known)), facts.coming
    wanted = {(reason.modality, reason.event): reason for reason in reasons if reason.is_settled}
    there = {
        (row.modality, row.event): row
        for row in PetSuggestion.objects.filter(patient=patient).select_related("patient")
    }
    for key, row in there.items():
        reason = wanted.get(key)
        counts = reason.counts if reason and row.overruled_at is None else ""
        if reason is None and not row.answer and row.error_at is None:
            answer = PetAnswer.ORDERED if row.modality in coming else PetAnswer.SETTLED
            _answer(row, answer, by=by, now=now)
        elif counts and not row.answer:
            _answer(row, PetAnswer.COUNTS, by=None, now=now, reason=counts)
        elif reason is not None and row.answer == PetAnswer.COUNTS and not counts:
            _open_again(row, by=by, now=now)
    fresh = [reason for key, reason in wanted.items() if key not in there]
    for reason in fresh:
        row = PetSuggestion.objects.create(
            patient=patient,
            modality=reason.modality,
            event=reason.event,
            situation=reason.code,
            why=reason.why[:300],
            created_by=by,
        )
        _audit("suggest_pet", row, patient, by=by, now=now)
        if reason.counts:
            _answer(row, PetAnswer.COUNTS, by=None, now=now, reason=reason.counts)
    _refresh_steps(patient, days=known["triage.scan"].days, now=now)
    return sum(not reason.counts for reason in fresh)


@transaction.atomic
def overrule_pet(row: PetSuggestion, *, by: User, now: datetime) -> PetSuggestion:
    """The PET shortly before does not count: a new one is asked for, and stays asked for until it is answered."""
    patient = lock_patient(row.patient)
    insist(policies.why_not_plan(patient, by))
    row = PetSuggestion.objects.valid().select_related("patient").lock(row.pk)
    insist([] if row.answer == PetAnswer.COUNTS else ["Nothing counts here any more. Look again."])
    row.overruled_at, row.overruled_by = now, by
    row.save_version("overruled_at", "overruled_by")
    _open_again(row, by=by, now=now)
    _refresh_steps(patient, days=numbers(patient.team_id)["triage.scan"].days, now=now)
    return row


def _open_again(row: PetSuggestion, *, by: User | None, now: datetime) -> None:
    row.answer, row.reason, row.answered_at, row.answered_by = "", "", None, None
    row.save_version("answer", "reason", "answered_at", "answered_by")
    _audit("reopen_pet", row, row.patient, by=by, now=now)


@transaction.atomic
def decline_pet(patient: Patient, modality: str, *, reason: str, by: User, now: datetime) -> int:
    """Not needed, because …: answers everything that asks for this kind of PET now. Returns how many."""
    patient = lock_patient(patient)
    insist(policies.why_not_plan(patient, by))
    if not reason.strip():
        raise ValidationError({"reason": "Say why it is not needed."})
    waiting = list(open_pets(patient.pk).filter(modality=modality).select_for_update())
    for row in waiting:
        _answer(row, PetAnswer.NOT_NEEDED, reason=reason.strip()[:250], by=by, now=now)
    close_step(patient, source_key=pet_key(modality), because="Not needed", now=now)
    return len(waiting)


def _answer(row: PetSuggestion, answer: PetAnswer, *, by: User | None, now: datetime, reason: str = "") -> None:
    row.answer, row.reason, row.answered_at, row.answered_by = answer, reason, now, by
    row.save_version("answer", "reason", "answered_at", "answered_by")
    _audit("answer_pet", row, row.patient, by=by, now=now, reason=reason)


def _audit(
    verb: str, row: PetSuggestion, patient: Patient, *, by: User | None, now: datetime, reason: str = ""
) -> None:
    record(
        f"imaging.{verb}",
        by=by,
        now=now,
        subject=row,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={"modality": row.modality, "event": row.event, "answer": row.answer},
    )


def _refresh_steps(patient: Patient, *, days: int, now: datetime) -> None:
    waiting = [row for row in open_pets(patient.pk) if row.is_task]
    for modality in PETS:
        rows = [row for row in waiting if row.modality == modality]
        if not rows:
            close_step(patient, source_key=pet_key(modality), because="Planned, done, or asked for no longer", now=now)
            continue
        open_step(
            patient,
            kind=StepKind.STUDY,
            source_key=pet_key(modality),
            what=f"{modality.label} suggested, {rows[0].situation}: {rows[0].why}. Order it, or say why not",
            now=now,
            owner=responsible_clinician(patient.pk),
            owner_role=Role.ONCOLOGIST,
            due_on=working_days_after(patient.team.local_date(rows[0].created_at), days),
            url=reverse("pet-suggestion", args=[patient.pk, modality]),
        )
