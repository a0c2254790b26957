"""Signing, adding to, and retracting a goals conversation. What is signed never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from patients.goals import policies
from patients.goals.commands.ending import answer
from patients.goals.commands.prompts import raise_prompts
from patients.goals.models import GoalsAddendum, GoalsConversation, GoalsDraft, GoalsPrompt, TradeOff
from patients.goals.rules import (
    CONVERSATION_TRANSITIONS,
    LIVE_PROMPTS,
    Acceptance,
    Burden,
    CodeStatus,
    ConversationStatus,
)
from patients.record.models import Patient, StaleEdit
from patients.wishes.commands import give_back_conversation, take_from_conversation
from patients.wishes.rules import SaidBy, Spoken

if TYPE_CHECKING:
    from uuid import UUID

    from careteam.people.models import User


def spoken(conversation: GoalsConversation) -> Spoken:
    """What a conversation says of code status, limits, places, information and faith."""
    return Spoken(
        code_status=conversation.code_status,
        procedure=conversation.code_status_procedure,
        limits=tuple(conversation.limits_codes),
        limit_words=conversation.treatment_limits,
        place_of_care=conversation.place_of_care,
        place_of_death=conversation.place_of_death,
        information=conversation.information_preference,
        order=conversation.order_location,
        spiritual=conversation.spiritual,
    )


@dataclass(frozen=True)
class TradeOffEntry:
    """One row of the trade-off table; `more_than` in the burden's unit."""

    burden: Burden
    more_than: int
    acceptance: Acceptance
    condition: str = ""


def _move(conversation: GoalsConversation, to: ConversationStatus, *fields: str) -> None:
    if to not in CONVERSATION_TRANSITIONS[ConversationStatus(conversation.status)]:
        insist([f"This conversation is {conversation.get_status_display().lower()} already."])
    conversation.status = to
    conversation.save_version("status", *fields)


def _signed_before(submission: UUID, by: User) -> GoalsConversation | None:
    return GoalsConversation.objects.filter(submission=submission, signed_by=by).first()


@transaction.atomic
def sign(
    patient: Patient,
    *,
    values: Mapping[str, Any],
    trade_offs: Iterable[TradeOffEntry],
    submission: UUID,
    version: int,
    by: User,
    now: datetime,
) -> GoalsConversation:
    """Makes the author's draft permanent: supersedes the signed conversation, purges the draft, answers the live
    prompt, announces `GOALS_SIGNED`. The password was checked before.

    `values` are the conversation's fields, `submission` and `version` those of the draft that was shown. The same
    submission twice gives the one conversation. Raises `StaleEdit` (with the newer draft) when the draft was saved
    after the page was opened, `ValidationError` with every reason it cannot be signed.
    """
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    if (before := _signed_before(submission, by)) is not None:
        return before
    draft = GoalsDraft.objects.select_for_update().filter(patient=patient, author=by).first()
    if draft is None:
        raise ValidationError("There is no draft to sign any more: it was signed or discarded elsewhere.")
    if draft.version != version or draft.submission != submission:
        raise StaleEdit(draft)
    current = (
        GoalsConversation.objects.select_for_update(of=("self",))
        .filter(patient=patient, status=ConversationStatus.SIGNED)
        .first()
    )
    today = patient.team.local_date(now)
    insist(policies.why_not_sign(patient, by, held_on=values.get("held_on"), current=current, today=today))
    if current is not None:
        _move(current, ConversationStatus.SUPERSEDED)
    discussed = values.get("code_status", CodeStatus.NOT_DISCUSSED) != CodeStatus.NOT_DISCUSSED
    conversation = GoalsConversation.objects.create(
        **values,
        patient=patient,
        submission=submission,
        code_status_on=values["held_on"] if discussed else None,
        signed_by=by,
        signed_at=now,
        supersedes=current,
        created_by=by,
    )
    TradeOff.objects.bulk_create(
        TradeOff(
            patient=patient,
            conversation=conversation,
            burden=entry.burden,
            more_than=entry.more_than,
            acceptance=entry.acceptance,
            condition=entry.condition,
            created_by=by,
        )
        for entry in trade_offs
    )
    take_from_conversation(
        patient,
        conversation.pk,
        spoken(conversation),
        held_on=conversation.held_on,
        said_by=SaidBy.PROXY if conversation.proxy_speaks else SaidBy.PATIENT,
        by=by,
        now=now,
    )
    draft.delete()
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    if prompt is not None:
        answer(prompt, conversation, now=now)
    record(
        "goals.sign",
        by=by,
        now=now,
        subject=conversation,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"supersedes": current.pk if current else None, "prompt": prompt.pk if prompt else None},
    )
    announce(
        EventKind.GOALS_SIGNED,
        now=now,
        team_id=patient.team_id,
        patient_id=patient.pk,
        subject_id=conversation.pk,
        payload={"prompt": prompt.pk if prompt else None, "held_on": conversation.held_on.isoformat()},
    )
    return conversation


@transaction.atomic
def add_addendum(conversation: GoalsConversation, *, text: str, by: User, now: datetime) -> GoalsAddendum:
    """Signs a supplement or correction beside the conversation. The same text twice within the hour is one."""
    current = GoalsConversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    insist(policies.why_not_addendum(current, patient, by))
    if not text.strip():
        raise ValidationError("Write what is to be added.")
    same: GoalsAddendum | None = (
        GoalsAddendum.objects.filter(conversation=current, signed_by=by, text=text.strip()).order_by("-pk").first()
    )
    if same is not None and (now - same.signed_at).total_seconds() < 3600:
        return same
    addendum: GoalsAddendum = GoalsAddendum.objects.create(
        patient=patient, conversation=current, text=text.strip(), signed_by=by, signed_at=now, created_by=by
    )
    record(
        "goals.add_addendum",
        by=by,
        now=now,
        subject=addendum,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"conversation": current.pk},
    )
    return addendum


@transaction.atomic
def retract(conversation: GoalsConversation, *, reason: str, by: User, now: datetime) -> GoalsConversation:
    """Takes back a conversation that belongs to another patient; the trace stays. What it had answered is asked
    again, and the conversation before it counts once more."""
    current: GoalsConversation = GoalsConversation.objects.lock(conversation.pk)
    patient = Patient.objects.select_related("team").get(pk=current.patient_id)
    insist(policies.why_not_retract(current, patient, by, reason=reason))
    current.retracted_at, current.retracted_by, current.retract_reason = now, by, reason.strip()
    _move(current, ConversationStatus.RETRACTED, "retracted_at", "retracted_by", "retract_reason")
    again = [
        row.found
        for prompt in GoalsPrompt.objects.filter(answered_by=current).prefetch_related("reasons")
        for row in prompt.reasons.all()
    ]
    raise_prompts({patient.pk: again}, by=by, now=now)
    give_back_conversation(patient, current.pk, reason=reason.strip(), by=by, now=now)
    record(
        "goals.retract",
        by=by,
        now=now,
        subject=current,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
    )
    announce(EventKind.GOALS_RETRACTED, now=now, team_id=patient.team_id, patient_id=patient.pk, subject_id=current.pk)
    return current
