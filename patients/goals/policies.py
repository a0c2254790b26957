"""Permission and precondition of everything around goals. Empty list: allowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.rules import (
    BY_THE_PRODUCT,
    CONVERSATION_TRANSITIONS,
    LIVE_PROMPTS,
    NOT_TODAY,
    STEP_REASONS,
    CloseReason,
    ConversationStatus,
    PromptStatus,
    StepChoice,
)
from patients.record.policies import why_not_edit
from patients.treatment.rules import ENDED_STATUSES

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.goals.queries import GoalsNow
    from patients.record.models import Patient
    from patients.treatment.models import TreatmentLine

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


def why_not_ask(patient: Patient, user: User) -> list[str]:
    """Asking for a conversation: only of somebody who lives and is in care."""
    reasons = why_not_document(patient, user)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    elif not patient.is_in_care:
        reasons.append("The patient is not in active care; nobody is asked for a conversation.")
    return reasons


def why_not_wish(patient: Patient, user: User, *, words: str, said_on: date | None, today: date) -> list[str]:
    """Everybody of the care team may note that the patient or the family wishes to talk."""
    reasons = why_not_edit(patient, user, Permission.PATIENT_VIEW)
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if not words.strip():
        reasons.append("Write what was said.")
    if said_on is None or said_on > today:
        reasons.append("Give the day on which it was said; it lies not in the future.")
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


def why_not_wait(prompt: GoalsPrompt, until: date | None, *, today: date) -> list[str]:
    """Putting a live prompt off. Whoever declined is not asked before the day that was named."""
    reasons = why_not_defer(until, today=today)
    if not reasons and until is not None and _declined_beyond(prompt, until):
        reasons.append(_STILL_DECLINED.format(prompt.ask_again_on))
    return reasons


_STILL_DECLINED = (
    "The patient declined to talk until {:%d %b %Y}. Choose that day or a later one, or note that the patient now "
    "wishes to talk."
)


def _declined_beyond(prompt: GoalsPrompt, on: date) -> bool:
    return prompt.status == PromptStatus.DECLINED and prompt.ask_again_on is not None and on < prompt.ask_again_on


def why_not_plan(
    prompt: GoalsPrompt | None, patient: Patient, *, on: date | None, with_whom: User | None, today: date
) -> list[str]:
    """A conversation with that person on that day; who plans it is judged by `why_not_ask`."""
    reasons = []
    if on is None or on < today:
        reasons.append("Choose the day of the conversation, today or later.")
    elif on > today + timedelta(days=366):
        reasons.append("Plan it within a year.")
    elif prompt is not None and _declined_beyond(prompt, on):
        reasons.append(_STILL_DECLINED.format(prompt.ask_again_on))
    if with_whom is None:
        reasons.append("Choose who talks with the patient.")
    elif not with_whom.is_active or not access_of(with_whom).may(Permission.GOALS_SIGN, patient.team_id):
        reasons.append(f"{with_whom} does not sign goals conversations in the patient's team.")
    return reasons


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


def why_not_count(goals: GoalsNow) -> list[str]:
    """Whether the conversation of before counts for a line that begins now."""
    if not goals.exists or goals.held_on is None:
        return ["No conversation is signed yet."]
    held = f"The conversation of {goals.held_on:%d %b %Y}"
    if goals.before_progression:
        return [f"{held} is from before the last progression: talk again."]
    if goals.event_passed:
        return [f"{held} named an event that has passed: talk again."]
    return [f"{held} is due for review: talk again."] if goals.review_due else []


def why_not_choose(
    line: TreatmentLine,
    patient: Patient,
    user: User,
    choice: str,
    conversation_id: int | None,
    *,
    goals: GoalsNow,
) -> list[str]:
    """Saying what is done about goals before this line."""
    reasons = why_not_ask(patient, user)
    if line.error_at is not None:
        reasons.append("This line was entered in error.")
    elif line.status in ENDED_STATUSES:
        reasons.append("This line has ended; nothing is to be asked before it.")
    if choice == StepChoice.DOCUMENTED:
        reasons += why_not_count(goals)
        if goals.exists and conversation_id != goals.conversation_id:
            reasons.append("A newer conversation counts now; look at it, then choose it.")
    return reasons


def why_not_step_reason(reason: str, note: str) -> list[str]:
    if reason not in STEP_REASONS:
        return ["Choose a reason."]
    if reason == CloseReason.OTHER and len(note.strip()) < MINIMUM_REASON:
        return ["Say in a sentence why."]
    return []
