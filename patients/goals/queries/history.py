"""Drafts, conversations and prompts of one patient, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from careteam.people.models import User
from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt, GoalsPromptReason
from patients.goals.queries.state import DraftBy
from patients.goals.rules import (
    LIVE_PROMPTS,
    CloseReason,
    CodeStatus,
    ConversationStatus,
    FoundReason,
    Matter,
)


def own_draft(patient_id: int, author: User) -> GoalsDraft | None:
    """The author's own draft; there is no query that gives anybody else its text."""
    return GoalsDraft.objects.filter(patient_id=patient_id, author=author).first()


def other_drafts(patient_id: int, author: User) -> list[DraftBy]:
    """Who else is writing about this patient right now: that, never what."""
    rows = GoalsDraft.objects.filter(patient_id=patient_id).exclude(author=author).select_related("author")
    return [DraftBy(row.author_id, str(row.author), row.saved_at) for row in rows.order_by("started_at", "pk")]


def live_prompt(patient_id: int) -> GoalsPrompt | None:
    return GoalsPrompt.objects.filter(patient_id=patient_id, status__in=LIVE_PROMPTS).first()


def asked_because(patient_id: int, source_key: str) -> GoalsPrompt | None:
    """The live prompt that asks because of this source, with its owner; None when none does."""
    live = GoalsPrompt.objects.filter(patient_id=patient_id, status__in=LIVE_PROMPTS)
    return live.filter(reasons__source_key=source_key).select_related("owner").first()


def conversations_of(patient_id: int) -> list[GoalsConversation]:
    """Every version, newest first, retracted ones too, and what was signed in records that were merged into this one;
    `number` is the version as the pages count it."""
    rows = list(
        GoalsConversation.objects.filter(Q(patient_id=patient_id) | Q(patient__merged_into_id=patient_id))
        .select_related("signed_by", "retracted_by")
        .prefetch_related("trade_offs", "addenda__signed_by")
        .order_by("signed_at", "pk")
    )
    for number, row in enumerate(rows, 1):
        row.number = number
    return rows[::-1]


@dataclass(frozen=True)
class MarkOnTimeline:
    """A conversation as the timeline draws it."""

    conversation_id: int
    held_on: date
    label: str


def timeline_marks(patient_id: int) -> list[MarkOnTimeline]:
    """Conversations that count, oldest first, each with a short label: what mattered, or that a code status came."""
    marks = []
    rows = (
        GoalsConversation.objects.filter(patient_id=patient_id)
        .exclude(status=ConversationStatus.RETRACTED)
        .order_by("held_on", "pk")
    )
    for row in rows:
        if row.matters:
            label = Matter(row.matters[0]).label
        elif row.code_status != CodeStatus.NOT_DISCUSSED:
            label = f"{CodeStatus(row.code_status).label} recorded"
        else:
            label = "Conversation"
        marks.append(MarkOnTimeline(row.pk, row.held_on, str(label)))
    return marks


def silenced_reasons(patient_id: int) -> list[FoundReason]:
    """What was asked when a death ended the asking."""
    rows = GoalsPromptReason.objects.filter(
        prompt__patient_id=patient_id, prompt__close_reason=CloseReason.DECEASED
    ).order_by("since", "pk")
    return [row.found for row in rows]
