"""Two open referrals of one person to one board become one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.commands import withdraw as take_back
from patients.record.commands import close_step
from tumorboard.referrals import policies
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import URGENCY_ORDER, ReferralStatus, joined_questions, step_key

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def absorb(keep: Referral, other: Referral, *, by: User, now: datetime) -> Referral:
    """`other` becomes part of `keep`: questions stand one below the other, the higher urgency counts, what is to be
    shown is shown, what `keep` left empty is filled. `other` stays in the record, withdrawn, and names `keep`. A place
    on an agenda is freed by `meetings.commands.merge`, which calls this."""
    rows = {
        row.pk: row
        for row in Referral.objects.select_for_update(of=("self",))
        .select_related("patient", "board__team")
        .filter(pk__in=[keep.pk, other.pk])
        .order_by("pk")
    }
    keep, other = rows[keep.pk], rows[other.pk]
    insist(policies.why_not_merge(keep, other, by))
    keep.question = joined_questions(keep.question, other.question)
    keep.urgency = min((keep.urgency, other.urgency), key=lambda urgency: URGENCY_ORDER[urgency])
    keep.hoped_for = keep.hoped_for or other.hoped_for
    keep.consent = keep.consent if keep.consent is not None else other.consent
    keep.external_referrer = keep.external_referrer or other.external_referrer
    keep.late_reason = keep.late_reason or other.late_reason
    keep.earlier_id = keep.earlier_id or other.earlier_id
    keep.save_version("question", "urgency", "hoped_for", "consent", "external_referrer", "late_reason", "earlier")
    known = set(keep.shown.values_list("study_id", "specimen_id"))
    for row in other.shown.all():
        if (row.study_id, row.specimen_id) not in known:
            row.referral = keep
            row.save_version("referral")
    other.status, other.merged_into = ReferralStatus.WITHDRAWN, keep
    other.withdrawn_at, other.withdraw_reason = now, f"One with referral {keep.pk}"
    other.save_version("status", "merged_into", "withdrawn_at", "withdraw_reason")
    close_step(other.patient, source_key=step_key(other.pk), because="Merged with another referral", now=now)
    take_back(keys=[f"referral:{other.pk}:urgent", f"referral:{other.pk}:late"], now=now)
    record(
        "referrals.absorb",
        by=by,
        now=now,
        subject=keep,
        patient_ids=sorted({keep.patient_id, other.patient_id}),
        team_id=keep.board.team_id,
        details={"other": other.pk},
    )
    return keep
