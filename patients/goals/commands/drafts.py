"""Drafts: saved while typing, per author, never seen by anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.goals import policies
from patients.goals.models import GoalsDraft
from patients.goals.rules import DRAFT_LIMIT
from patients.goals.rules.said import TEXTS
from patients.record.models import Patient, StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User


def _size(content: Mapping[str, Any]) -> int:
    return sum(len(part) for value in content.values() for part in (value if isinstance(value, list) else [str(value)]))


@transaction.atomic
def save_draft(
    patient: Patient,
    content: Mapping[str, Any],
    *,
    tab: UUID,
    version: int,
    by: User,
    now: datetime,
    overwrite: bool = False,
) -> GoalsDraft | None:
    """Keeps what was typed, valid or not. `version` is that of the opened page (0: there was no draft), `tab` its
    token: the page that saved last may save again, any other page needs the newest version.

    None when nothing was typed and nothing kept. Raises `StaleEdit` (with the newer draft; nothing was changed)
    unless `overwrite`, and `ValidationError` for more than a megabyte.
    """
    insist(policies.why_not_document(patient, by))
    if _size(content) > DRAFT_LIMIT:
        raise ValidationError("This is more text than a draft can hold (1,000,000 characters). It was not saved.")
    Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    draft: GoalsDraft | None = GoalsDraft.objects.select_for_update().filter(patient=patient, author=by).first()
    if draft is None:
        if not any(content.values()):
            return None
        draft = GoalsDraft(patient=patient, author=by, version=0)
    elif not overwrite and draft.tab != tab and draft.version != version:
        raise StaleEdit(draft)
    elif draft.content == content and draft.tab == tab:
        return draft
    draft.content, draft.tab, draft.saved_at = dict(content), tab, now
    draft.version += 1
    draft.save()
    record(
        "goals.save_draft",
        by=by,
        now=now,
        subject=draft,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"version": draft.version},
    )
    return draft


def _joined(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both drafts as one: what is empty is filled, choices are put together, differing texts stand below each other."""
    joined = dict(kept)
    for name, value in other.items():
        mine = joined.get(name)
        if not mine:
            joined[name] = value
        elif isinstance(mine, list) and isinstance(value, list):
            joined[name] = list(dict.fromkeys([*mine, *value]))
        elif name in TEXTS and value and value != mine:
            joined[name] = f"{mine}\n\n{value}"
    return joined


@transaction.atomic
def follow_merged_draft(patient: Patient, *, by: User, now: datetime) -> GoalsDraft | None:
    """A record was merged into this one while its author was writing: the draft comes along, joined with one that
    exists here. None when there was nothing to bring."""
    own = GoalsDraft.objects.select_for_update(of=("self",)).filter(author=by)
    gone = list(own.filter(patient__merged_into=patient).order_by("pk"))
    if not gone:
        return None
    insist(policies.why_not_document(patient, by))
    here: GoalsDraft | None = own.filter(patient=patient).first()
    kept = here or gone.pop(0)
    kept.patient = patient
    for draft in gone:
        kept.content = _joined(kept.content, draft.content)
        draft.delete()
    kept.version, kept.saved_at = kept.version + 1, now
    kept.save()
    record(
        "goals.follow_merged_draft",
        by=by,
        now=now,
        subject=kept,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"version": kept.version},
    )
    return kept


@transaction.atomic
def discard_draft(patient: Patient, *, by: User, now: datetime) -> bool:
    """Throws the author's own draft away; False when there was none."""
    insist(policies.why_not_document(patient, by))
    deleted, _ = GoalsDraft.objects.filter(patient=patient, author=by).delete()
    if deleted:
        record("goals.discard_draft", by=by, now=now, patient_ids=[patient.pk], team_id=patient.team_id)
    return bool(deleted)
