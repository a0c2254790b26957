"""Referrals to the palliative team and their answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify, withdraw
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from patients.goals.commands.ending import end
from patients.goals.commands.prompts import ask_anew
from patients.goals.models import GoalsPrompt
from patients.goals.rules import LIVE_PROMPTS, CloseReason, PromptStatus
from patients.palliative import policies
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PALLIATIVE_REFERRAL_TRANSITIONS, PalliativeReferralStatus
from patients.record.commands import close_step, open_step
from patients.record.models import Patient
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User

OPEN_REFERRALS = (PalliativeReferralStatus.REQUESTED, PalliativeReferralStatus.ACCEPTED)


def _key(referral: PalliativeReferral) -> str:
    return f"palliative:{referral.pk}"


@transaction.atomic
def refer(patient: Patient, *, question: str, answers_prompt: bool, by: User, now: datetime) -> PalliativeReferral:
    """Asks the palliative team to see the patient; answers the live prompt with "referred" when `answers_prompt`."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    already = PalliativeReferral.objects.filter(patient=patient, status__in=OPEN_REFERRALS).first()
    insist(policies.why_not_refer(patient, by, already, question=question))
    referral = PalliativeReferral.objects.create(
        patient=patient, question=question.strip(), requested_by=by, requested_at=now, created_by=by
    )
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    if prompt is not None and answers_prompt:
        end(prompt, PromptStatus.CLOSED, reason=CloseReason.REFERRED, note="", now=now)
    url = reverse("palliative-answer", args=[referral.pk])
    open_step(
        patient,
        kind=StepKind.VISIT,
        source_key=_key(referral),
        what="Palliative team: answer the referral",
        now=now,
        owner_role=Role.PALLIATIVE,
        due_on=patient.team.local_date(now),
        url=url,
    )
    notify(
        people_with_role(patient.team, Role.PALLIATIVE),
        key=_key(referral),
        kind="palliative",
        title="New referral to the palliative team",
        url=url,
        now=now,
        patient_id=patient.pk,
    )
    record(
        "goals.refer",
        by=by,
        now=now,
        subject=referral,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"answered_prompt": prompt.pk if prompt is not None and answers_prompt else None},
    )
    _announce(referral, patient, now=now)
    return referral


def _announce(referral: PalliativeReferral, patient: Patient, *, now: datetime) -> None:
    announce(EventKind.PALLIATIVE, now=now, team_id=patient.team_id, patient_id=patient.pk, subject_id=referral.pk)


def _move(referral: PalliativeReferral, to: PalliativeReferralStatus, *fields: str) -> None:
    if to not in PALLIATIVE_REFERRAL_TRANSITIONS[PalliativeReferralStatus(referral.status)]:
        insist([f"The referral is {referral.get_status_display().lower()} already."])
    referral.status = to
    referral.save_version("status", *fields)


@transaction.atomic
def answer_referral(
    referral: PalliativeReferral,
    status: PalliativeReferralStatus,
    *,
    by: User,
    now: datetime,
    answer: str = "",
    visit_on: date | None = None,
    version: int | None = None,
) -> PalliativeReferral:
    """Accepts with the date of the visit, declines with the reason, or notes that the patient was seen. Tells who
    asked; a prompt that a declined referral had answered is asked anew. Raises `StaleEdit` when somebody answered after
    the form was opened."""
    current: PalliativeReferral = PalliativeReferral.objects.lock(referral.pk, version=version)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    today = patient.team.local_date(now)
    insist(
        policies.why_not_answer_referral(current, patient, by, status, answer=answer, visit_on=visit_on, today=today)
    )
    current.answer = answer.strip() or current.answer
    current.visit_on = visit_on or current.visit_on
    current.answered_at = now
    _move(current, status, "answer", "visit_on", "answered_at")
    key = _key(current)
    withdraw(keys=[key], now=now)
    if status == PalliativeReferralStatus.ACCEPTED:
        open_step(
            patient,
            kind=StepKind.VISIT,
            source_key=key,
            what="First visit of the palliative team",
            now=now,
            owner=by,
            due_on=visit_on,
            url=reverse("palliative-answer", args=[current.pk]),
        )
    else:
        close_step(patient, source_key=key, because=current.get_status_display(), now=now)
    if status == PalliativeReferralStatus.DECLINED:
        ask_anew(patient.pk, reason=CloseReason.REFERRED, closed_at=current.requested_at, by=by, now=now)
    if current.requested_by_id != by.pk and status != PalliativeReferralStatus.SEEN:
        word = "accepted" if status == PalliativeReferralStatus.ACCEPTED else "declined"
        notify(
            [current.requested_by],
            key=f"{key}:{status}",
            kind="palliative",
            title=f"The palliative team {word} a referral",
            url=reverse("goals-panel", args=[patient.pk]),
            now=now,
            patient_id=patient.pk,
        )
    record(
        "goals.answer_referral",
        by=by,
        now=now,
        subject=current,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=answer,
        details={"status": str(status), "visit_on": str(visit_on or "")},
    )
    _announce(current, patient, now=now)
    return current
