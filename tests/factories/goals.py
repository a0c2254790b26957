"""Goals of care for tests: a typed draft, a signed conversation, an open prompt."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django.forms import MultipleChoiceField

from careteam.people.models import User
from patients.goals import commands
from patients.goals.forms import ConversationForm
from patients.goals.models import GoalsConversation, GoalsDraft, GoalsPrompt
from patients.goals.queries import people_of
from patients.goals.rules import FoundReason, PromptReason
from patients.record.models import Patient
from tests.factories import NOW

TYPED: dict[str, Any] = {
    "held_on": "2026-11-20",
    "participants": "Noor, daughter",
    "information_preference": "big_picture",
    "matters": ["home", "clear_head"],
    "quote": "At home, not in a hospital bed.",
    "event": "Christmas at home",
    "event_on": "2026-12-24",
    "code_status": "dnr",
    "hospital_nights_more": "1",
    "hospital_nights_acceptance": "not_accepted",
    "summary": "Stay at home, no long admissions.",
}


def typed(**changes: Any) -> dict[str, Any]:
    """A draft's content: every field of the form, filled from TYPED and the changes."""
    fields = ConversationForm().fields.items()
    empty = {name: [] if isinstance(field, MultipleChoiceField) else "" for name, field in fields}
    return empty | TYPED | changes


def draft(patient: Patient, author: User, *, now: datetime = NOW, **changes: Any) -> GoalsDraft:
    saved = commands.save_draft(patient, typed(**changes), tab=uuid4(), version=0, by=author, now=now, overwrite=True)
    assert saved is not None
    return saved


def sign_draft(row: GoalsDraft, *, now: datetime = NOW) -> GoalsConversation:
    today = row.patient.team.local_date(now)
    form = ConversationForm.bound(row.content, today=today, people=people_of(row.patient_id, today, author=row.author))
    assert form.is_valid(), form.errors
    return commands.sign(
        row.patient,
        values=form.values,
        trade_offs=form.trade_offs,
        submission=row.submission,
        version=row.version,
        by=row.author,
        now=now,
    )


def conversation(patient: Patient, author: User, *, now: datetime = NOW, **changes: Any) -> GoalsConversation:
    """A signed conversation, through the draft as people do."""
    return sign_draft(draft(patient, author, now=now, **changes), now=now)


def prompt(
    patient: Patient, reason: PromptReason = PromptReason.PROGRESSION, *, key: str = "status:1", now: datetime = NOW
) -> GoalsPrompt:
    commands.raise_prompts({patient.pk: [FoundReason(reason, date(2026, 10, 20), key)]}, now=now)
    return GoalsPrompt.objects.get(patient=patient, status__in=["open", "deferred", "declined"])
