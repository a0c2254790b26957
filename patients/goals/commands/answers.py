"""How people answer a goals prompt without a conversation: another date, a plan, a coded reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.commands import Message, notify_many, withdraw
from patients.goals import policies
from patients.goals.commands.ending import end
from patients.goals.commands.prompts import move, owners_of, planned_key, refresh_step
from patients.goals.models import GoalsPrompt, GoalsPromptReason
from patients.goals.queries import limits
from patients.goals.rules import LIVE_PROMPTS, CloseReason, PromptReason, PromptStatus, rank_of
from patients.record.models import Patient, StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User


def _locked(prompt: GoalsPrompt, patient: Patient, by: User, version: int | None) -> GoalsPrompt:
    current: GoalsPrompt = GoalsPrompt.objects.lock(prompt.pk, version=version)
    insist(policies.why_not_answer(current, patient, by))
    return current


def _audit_answer(action: str, prompt: GoalsPrompt, patient: Patient, *, by: User, now: datetime, reason: str) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={"status": prompt.status, "ask_again_on": str(prompt.ask_again_on or "")},
    )


@transaction.atomic
def defer(
    prompt: GoalsPrompt,
    *,
    reason: str,
    until: date | None,
    by: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> GoalsPrompt:
    """Not now, ask again on a date. Raises `StaleEdit` when the prompt changed after the form was opened."""
    patient = prompt.patient
    current = _locked(prompt, patient, by, version)
    insist(policies.why_not_wait(current, until, today=patient.team.local_date(now)))
    current.ask_again_on, current.close_reason, current.close_note = until, reason, note
    fields = ("ask_again_on", "close_reason", "close_note")
    if current.status == PromptStatus.DEFERRED:  # another date
        current.save_version(*fields)
    else:
        move(current, PromptStatus.DEFERRED, *fields)
    refresh_step(current, patient, now=now)
    _audit_answer("goals.defer", current, patient, by=by, now=now, reason=note or reason)
    return current


@transaction.atomic
def decline(patient: Patient, *, until: date | None, by: User, now: datetime, note: str = "") -> GoalsPrompt:
    """The patient does not want to talk about it now; asked again on the date, 90 days (configured) ahead at least.

    Without a live prompt one is kept for that date, as the patient's wish.
    """
    today = patient.team.local_date(now)
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    ask_again_days = limits(patient.team_id).ask_again_days
    insist(
        policies.why_not_ask(patient, by) + policies.why_not_decline(until, today=today, ask_again_days=ask_again_days)
    )
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    fields: dict[str, object] = {
        "ask_again_on": until,
        "declined_until": until,
        "close_reason": CloseReason.PATIENT_DECLINED,
        "close_note": note,
    }
    if prompt is None:
        prompt = GoalsPrompt.objects.create(
            patient=patient,
            status=PromptStatus.DECLINED,
            raised_on=today,
            owner_id=owners_of([patient.pk]).get(patient.pk),
            rank=rank_of([PromptReason.WISH]),
            created_by=by,
            **fields,
        )
        GoalsPromptReason.objects.create(
            prompt=prompt,
            reason=PromptReason.WISH,
            since=today,
            detail="asked, did not want to talk about it now",
            source_key=f"declined:{today.isoformat()}",
        )
    else:
        for name, value in fields.items():
            setattr(prompt, name, value)
        if prompt.status == PromptStatus.DECLINED:
            prompt.save_version(*fields)
        else:
            move(prompt, PromptStatus.DECLINED, *fields)
    refresh_step(prompt, patient, now=now)
    _audit_answer("goals.decline", prompt, patient, by=by, now=now, reason=note)
    return prompt


@transaction.atomic
def plan_conversation(
    patient: Patient,
    *,
    on: date | None,
    with_whom: User | None,
    by: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> GoalsPrompt:
    """Somebody talks with the patient on that day: the prompt waits until then, is theirs, and they are told. Without
    a live prompt one is kept for that day. Raises `StaleEdit` when the prompt changed after the form was opened."""
    today = patient.team.local_date(now)
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    if version is not None and (prompt is None or prompt.version != version):
        raise StaleEdit(prompt or GoalsPrompt(patient=patient))
    insist(
        policies.why_not_ask(patient, by)
        + policies.why_not_plan(prompt, patient, on=on, with_whom=with_whom, today=today)
    )
    if on is None or with_whom is None:  # the policy has said so
        raise ValueError("a plan needs a day and a person")
    if prompt is None:
        prompt = GoalsPrompt.objects.create(
            patient=patient, raised_on=today, rank=rank_of([PromptReason.PLANNED]), created_by=by
        )
        GoalsPromptReason.objects.create(
            prompt=prompt, reason=PromptReason.PLANNED, since=today, source_key=f"planned:{prompt.pk}"
        )
    prompt.ask_again_on, prompt.owner = on, with_whom
    prompt.close_reason, prompt.close_note = CloseReason.PLANNED, note
    fields = ("ask_again_on", "owner", "close_reason", "close_note")
    to = PromptStatus.DEFERRED if on > today else PromptStatus.OPEN
    if prompt.status == to:
        prompt.save_version(*fields)
    else:
        move(prompt, to, *fields)
    refresh_step(prompt, patient, now=now)
    if with_whom.pk != by.pk:
        message = Message(
            recipient_id=with_whom.pk,
            key=planned_key(prompt),
            kind="goals",
            title="A goals conversation was planned for you",
            url=reverse("goals-panel", args=[patient.pk]),
            patient_id=patient.pk,
            due_on=on,
            again=True,
        )
        withdraw(keys=[planned_key(prompt)], now=now)
        notify_many([message], now=now)
    _audit_answer("goals.plan_conversation", prompt, patient, by=by, now=now, reason=note)
    return prompt


@transaction.atomic
def close_prompt(
    prompt: GoalsPrompt, *, reason: str, by: User, now: datetime, note: str = "", version: int | None = None
) -> GoalsPrompt:
    """Ends the prompt with a coded reason. Raises `StaleEdit` when it changed after the form was opened."""
    patient = prompt.patient
    current = _locked(prompt, patient, by, version)
    insist(policies.why_not_close(reason, note))
    end(current, PromptStatus.CLOSED, reason=reason, note=note, now=now)
    _audit_answer("goals.close_prompt", current, patient, by=by, now=now, reason=note or reason)
    return current
