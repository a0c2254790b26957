"""How a goals prompt ends: answered, closed with a reason, for good, or with the record it was asked about."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.commands import withdraw
from patients.goals.commands.prompts import move, planned_key, raise_prompts, refresh_step, source_key, turn
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.rules import (
    HAPPENED,
    LIVE_PROMPTS,
    CloseReason,
    PromptReason,
    PromptStatus,
    rank_of,
)
from patients.record.commands import close_step
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


def end(
    prompt: GoalsPrompt,
    to: PromptStatus,
    *,
    now: datetime,
    reason: str = "",
    note: str = "",
    answered_by: GoalsConversation | None = None,
) -> None:
    """Closes or answers the locked prompt together with its next step; the calling command audits."""
    prompt.close_reason, prompt.close_note, prompt.closed_at, prompt.answered_by = reason, note, now, answered_by
    if reason == CloseReason.ALREADY_DISCUSSED:
        prompt.declined_until = None
    move(prompt, to, "close_reason", "close_note", "closed_at", "answered_by", "declined_until")
    decisions = prompt.reasons.filter(reason=PromptReason.DECISION).values_list("source_key", flat=True)
    withdraw(keys=[planned_key(prompt), *(f"goals-{source}" for source in decisions)], now=now)
    because = CloseReason(reason).label if reason else "Conversation signed"
    close_step(prompt.patient, source_key=source_key(prompt), because=because, now=now)


def answer(prompt: GoalsPrompt, talk: GoalsConversation, *, now: datetime) -> None:
    """A signed conversation answers the locked prompt. What happened after the talk stays asked for, in the prompt as
    it waits; what the talk did answer leaves it for a row of its own. The calling command audits."""
    later = list(prompt.reasons.filter(reason__in=HAPPENED, since__gt=talk.held_on).values_list("pk", flat=True))
    if not later:
        end(prompt, PromptStatus.ANSWERED, answered_by=talk, now=now)
        return
    earlier = prompt.reasons.exclude(pk__in=later)
    if earlier.exists():
        decisions = earlier.filter(reason=PromptReason.DECISION).values_list("source_key", flat=True)
        withdraw(keys=[f"goals-{source}" for source in decisions], now=now)
        answered = GoalsPrompt.objects.create(
            patient_id=prompt.patient_id,
            status=PromptStatus.ANSWERED,
            raised_on=prompt.raised_on,
            rank=prompt.rank,
            owner_id=prompt.owner_id,
            closed_at=now,
            answered_by=talk,
            created_by_id=talk.signed_by_id,
        )
        earlier.update(prompt=answered)
    prompt.rank = rank_of(prompt.reasons.values_list("reason", flat=True))
    prompt.save_version("rank")
    refresh_step(prompt, talk.patient, now=now)


@transaction.atomic
def close_prompts_for_good(
    patient_id: int, *, reason: CloseReason, note: str, now: datetime, by: User | None = None
) -> int:
    """The patient died or left our care: whatever is live is closed. Returns how many (0 or 1)."""
    prompts = list(
        GoalsPrompt.objects.filter(patient_id=patient_id, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient")
    )
    for prompt in prompts:
        end(prompt, PromptStatus.CLOSED, reason=reason, note=note, now=now)
        record(
            "goals.close_prompts_for_good",
            by=by,
            now=now,
            subject=prompt,
            patient_ids=[patient_id],
            team_id=prompt.patient.team_id,
            kind=Kind.SYSTEM,
            reason=note,
        )
    return len(prompts)


@transaction.atomic
def drop_reason(
    patient_id: int, reason: PromptReason, source: str, *, now: datetime, by: User | None = None
) -> GoalsPrompt | None:
    """What a live prompt asked because of `source` was taken back: the reason goes (its history stays), and the
    prompt closes when it was the only one. The prompt, or None when none asked for that."""
    prompt: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(
            patient_id=patient_id, status__in=LIVE_PROMPTS, reasons__reason=reason, reasons__source_key=source
        )
        .select_for_update(of=("self",))
        .select_related("patient__team", "owner")
        .first()
    )
    if prompt is None:
        return None
    if prompt.reasons.count() == 1:
        end(prompt, PromptStatus.CLOSED, reason=CloseReason.WITHDRAWN, note="", now=now)
    else:
        prompt.reasons.filter(reason=reason, source_key=source).delete()
        withdraw(keys=[f"goals-{source}"], now=now)
        prompt.rank = rank_of(prompt.reasons.values_list("reason", flat=True))
        prompt.save_version("rank")
        refresh_step(prompt, prompt.patient, now=now)
    record(
        "goals.drop_reason",
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[patient_id],
        team_id=prompt.patient.team_id,
        kind=Kind.WRITE if by else Kind.SYSTEM,
        reason=f"{reason.label}: taken back",
    )
    return prompt


@transaction.atomic
def follow_merge(gone: Patient, *, now: datetime, by: User | None = None) -> GoalsPrompt | None:
    """A record was merged into another one: what was asked there is asked in the one that stays, in its one prompt
    with the reasons of both; what the patient declined there holds here. The prompt that stays, None when nothing was
    asked in the merged record."""
    prompt: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(patient=gone, patient__merged_into__isnull=False, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient__team", "patient__merged_into")
        .first()
    )
    if prompt is None or prompt.patient.merged_into is None:
        return None
    stays = prompt.patient.merged_into
    before, until, planned = (
        PromptStatus(prompt.status),
        prompt.ask_again_on,
        prompt.close_reason == CloseReason.PLANNED,
    )
    reasons = [row.found for row in prompt.reasons.order_by("since", "pk")]
    note = prompt.close_note
    end(prompt, PromptStatus.CLOSED, reason=CloseReason.MERGED, note="", now=now)
    had_one = GoalsPrompt.objects.filter(patient=stays, status__in=LIVE_PROMPTS).exists()
    raise_prompts({stays.pk: reasons}, by=by, now=now)
    kept: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(patient=stays, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient__team")
        .first()
    )
    declined = before == PromptStatus.DECLINED
    if kept is not None and before != PromptStatus.OPEN and (declined or not had_one):
        _wait_as_before(kept, declined=declined, until=until, owner_id=prompt.owner_id if planned else None, note=note)
        refresh_step(kept, kept.patient, now=now)
    record(
        "goals.follow_merge",
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[gone.pk, stays.pk],
        team_id=prompt.patient.team_id,
        kind=Kind.WRITE if by else Kind.SYSTEM,
    )
    return kept


def _wait_as_before(kept: GoalsPrompt, *, declined: bool, until: date | None, owner_id: int | None, note: str) -> None:
    """The prompt that stays waits as the merged one did: never shorter than the patient asked for."""
    if declined and kept.status == PromptStatus.DECLINED and kept.ask_again_on and until:
        until = max(until, kept.ask_again_on)
    to = PromptStatus.DECLINED if declined else PromptStatus.DEFERRED
    if declined:
        kept.declined_until, kept.close_reason = until, CloseReason.PATIENT_DECLINED
    elif owner_id is not None:
        kept.owner_id, kept.close_reason = owner_id, CloseReason.PLANNED
    kept.ask_again_on, kept.close_note = until, note
    if kept.status != to:
        turn(kept, to)
    kept.save_version("status", "ask_again_on", "close_reason", "close_note", "declined_until", "owner")
