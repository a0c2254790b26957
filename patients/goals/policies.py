"""Permission and precondition of everything around goals. Empty list: allowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from careteam.people.rules import Permission
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.rules import (
    BY_THE_PRODUCT,
    CONVERSATION_TRANSITIONS,
    LIVE_PROMPTS,
    NOT_TODAY,
    CloseReason,
    ConversationStatus,
)
from patients.record.policies import why_not_edit

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.record.models import Patient

MINIMUM_REASON = 10  # characters of a reason in own words


def why_not_document(patient: Patient, user: User) -> list[str]:
    """Writing a draft, answering a prompt, asking the palliative team (`patients.palliative`)."""
    return why_not_edit(patient, user, Permission.GOALS_DOCUMENT)


def why_not_sign(
    patient: Patient, user: User, *, held_on: date | None, current: GoalsConversation | None, today: date
) -> list[str]:
    """Signing a conversation held on that day; `current` is the signed one that it would supersede."""
    reasons = why_not_edit(patient, user, Permission.GOALS_SIGN)
    if held_on is None:
        return [*reasons, "Say on which day you talked."]
    if held_on > today:
        reasons.append("The date of the conversation lies in the future.")
    if patient.birth_date and held_on < patient.birth_date:
        reasons.append("The date of the conversation lies before the birth date.")
    if patient.deceased_on and held_on > patient.deceased_on:
        reasons.append(f"The patient died on {patient.deceased_on:%d %b %Y}; the conversation lies after that day.")
    if current is not None and held_on < current.held_on:
        reasons.append(
            f"A conversation of {current.held_on:%d %b %Y} is already signed and is newer. "
            "Add what you know as an addendum to it, or correct the date."
        )
    return reasons


def why_not_addendum(conversation: GoalsConversation, patient: Patient, user: User) -> list[str]:
    reasons = why_not_edit(patient, user, Permission.GOALS_SIGN)
    if conversation.status == ConversationStatus.RETRACTED:
        reasons.append("This conversation was retracted; nothing is added to it.")
    return reasons


def why_not_retract(conversation: GoalsConversation, patient: Patient, user: User, *, reason: str) -> list[str]:
    """Only for a conversation that belongs to another patient; what is merely wrong gets an addendum."""
    reasons = why_not_edit(patient, user, Permission.GOALS_SIGN)
    now_is = ConversationStatus(conversation.status)
    if ConversationStatus.RETRACTED not in CONVERSATION_TRANSITIONS[now_is]:
        reasons.append("This conversation was retracted already.")
    if len(reason.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence how it came to the wrong patient and where it belongs.")
    return reasons


def why_not_answer(prompt: GoalsPrompt, patient: Patient, user: User) -> list[str]:
    reasons = why_not_document(patient, user)
    if prompt.status not in LIVE_PROMPTS:
        reasons.append(f"This prompt was answered meanwhile: {prompt.get_status_display().lower()}.")
    return reasons


def why_not_defer(until: date | None, *, today: date) -> list[str]:
    if until is None:
        return ["Choose the date to ask again."]
    if until <= today:
        return ["The date to ask again lies in the future."]
    if until > today + timedelta(days=366):
        return ["Ask again within a year."]
    return []


def why_not_decline(until: date | None, *, today: date, ask_again_days: int) -> list[str]:
    """A patient who declined is asked again, but not before the configured number of days."""
    first = today + timedelta(days=ask_again_days)
    if until is None or until < first:
        return [f"Ask a patient who declined after {ask_again_days} days at the earliest: from {first:%d %b %Y}."]
    return why_not_defer(until, today=today)


def why_not_close(reason: str, note: str) -> list[str]:
    reasons = []
    if reason not in CloseReason.values or reason in BY_THE_PRODUCT:
        reasons.append("Choose a reason.")
    elif reason in NOT_TODAY:
        reasons.append("This is a reason for today only: choose the date to ask again.")
    elif reason == CloseReason.OTHER and len(note.strip()) < MINIMUM_REASON:
        reasons.append("Say in a sentence why.")
    return reasons
