"""Who was told, and that nobody was after all."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.events.rules import EventKind
from patients.letters.queries import excluded_gp
from patients.record.commands import close_step, open_step
from patients.record.rules import StepKind
from tumorboard.decisions import policies
from tumorboard.decisions.commands.base import announce_row, audit, locked
from tumorboard.decisions.models import Decision, Told
from tumorboard.decisions.rules import (
    TELL_GP_WITHIN,
    TELL_PATIENT_WITHIN,
    ToldHow,
    ToldWhom,
    told_gp_key,
    told_key,
)
from tumorboard.referrals.commands import close as close_referral

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def tell(
    decision: Decision,
    whom: ToldWhom,
    *,
    how: ToldHow,
    on: date,
    by: User,
    now: datetime,
    override_reason: str = "",
) -> Told:
    """Logs that the patient, or the GP, was told. The patient first, or with a reason. When both know (or no GP is
    on record, or the GP must not be told), the referral is closed."""
    decision = locked(decision)
    patient = decision.patient
    insist(
        policies.why_not_tell(
            decision, whom, by, on=on, today=patient.team.local_date(now), override_reason=override_reason
        )
    )
    told = Told.objects.create(
        patient=patient,
        decision=decision,
        whom=whom,
        how=how,
        told_on=on,
        told_by=by,
        override_reason=override_reason.strip() if whom is ToldWhom.GP else "",
        created_by=by,
    )
    known = set(Told.objects.valid().filter(decision=decision).values_list("whom", flat=True))
    if ToldWhom.PATIENT in known:
        close_step(patient, source_key=told_key(decision.pk), because="Patient told", now=now)
    has_gp = bool(patient.general_practitioner.strip()) and not excluded_gp([patient])
    if known == set(ToldWhom.values) or (ToldWhom.PATIENT in known and not has_gp):
        close_step(patient, source_key=told_gp_key(decision.pk), because="GP told", now=now)
        close_referral(decision.item.referral, by=by, now=now)
    elif ToldWhom.PATIENT in known:
        open_step(
            patient,
            kind=StepKind.TOLD,
            source_key=told_gp_key(decision.pk),
            what="Tell the GP what the board decided",
            owner=decision.item.referral.presenter or by,
            due_on=on + TELL_GP_WITHIN,
            url=reverse("decision", args=[decision.pk]),
            now=now,
        )
    audit("decisions.tell", told, decision, by=by, now=now, reason=told.override_reason)
    announce_row(EventKind.TOLD, told, now=now, whom=str(whom), decision=decision.pk)
    return told


@transaction.atomic
def untell(told: Told, *, reason: str, by: User, now: datetime) -> Told:
    """Nobody was told after all: the row stays as entered in error, the duty to tell is open again."""
    row: Told = Told.objects.select_related("patient__team").lock(told.pk)
    decision = locked(row.decision)
    insist(policies.why_not_untell(row, by, reason=reason))
    row.error_at, row.error_by, row.error_reason = now, by, reason.strip()[:250]
    row.save_version("error_at", "error_by", "error_reason")
    key = told_key(decision.pk) if row.whom == ToldWhom.PATIENT else told_gp_key(decision.pk)
    what = "patient" if row.whom == ToldWhom.PATIENT else "GP"
    if not decision.patient.is_deceased:
        open_step(
            decision.patient,
            kind=StepKind.TOLD,
            source_key=key,
            what=f"Tell the {what} what the board decided",
            owner=decision.item.referral.presenter or by,
            due_on=decision.patient.team.local_date(now) + TELL_PATIENT_WITHIN,
            url=reverse("decision", args=[decision.pk]),
            now=now,
        )
    audit("decisions.untell", row, decision, by=by, now=now, reason=reason.strip())
    announce_row(EventKind.TOLD_WITHDRAWN, row, now=now, whom=row.whom, decision=decision.pk)
    return row
