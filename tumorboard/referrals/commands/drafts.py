"""What one author has typed so far: kept for them alone, gone when the referral is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record.models import Patient
from tumorboard.referrals import policies
from tumorboard.referrals.models import ReferralDraft

if TYPE_CHECKING:
    from careteam.people.models import User

DRAFT_LIMIT = 100_000  # characters of all fields together


@transaction.atomic
def keep_draft(patient: Patient, content: Mapping[str, Any], *, by: User, now: datetime) -> ReferralDraft:
    """Keeps what was typed, valid or not; the last save counts. Raises ValidationError for more text than a referral
    could ever hold."""
    insist(policies.why_not_refer(patient, by))
    if sum(len(str(value)) for value in content.values()) > DRAFT_LIMIT:
        raise ValidationError("This is more text than a draft can hold. It was not saved.")
    Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    draft: ReferralDraft | None = ReferralDraft.objects.filter(patient=patient, author=by).first()
    if draft is not None and draft.content == content:
        return draft
    draft = draft or ReferralDraft(patient=patient, author=by)
    draft.content, draft.saved_at = dict(content), now
    draft.save()
    record("referrals.keep_draft", by=by, now=now, subject=draft, patient_ids=[patient.pk], team_id=patient.team_id)
    return draft


@transaction.atomic
def discard_draft(patient: Patient, *, by: User, now: datetime) -> bool:
    """Throws the author's own draft away; False when there was none."""
    deleted, _ = ReferralDraft.objects.filter(patient=patient, author=by).delete()
    if deleted:
        record("referrals.discard_draft", by=by, now=now, patient_ids=[patient.pk], team_id=patient.team_id)
    return bool(deleted)
