"""Who writes and sends letters about a decision, and to whom none goes. Empty list: allowed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from patients.letters.queries import excluded_gp
from tumorboard.decisions.queries import is_told
from tumorboard.decisions.rules import DecisionStatus, ToldWhom
from tumorboard.letters.queries import is_latest
from tumorboard.letters.rules import figures_in

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.letters.models import DecisionLetter
    from tumorboard.letters.queries import LetterDraft

RIGHT = "Your roles in the patient's team do not include letters about decisions."
TELL_FIRST = "The patient hears it first: log that the patient was told, or say why the GP has to know before."
DIED = "The patient has died: no letter goes out to them."
FIGURES = "Leave figures and words about prognosis out of a letter: they belong into a conversation."


def why_not_begin(draft: LetterDraft, user: User) -> list[str]:
    """What no word in the form can answer."""
    patient = draft.decision.patient
    reasons = lacks(user, Permission.ACTION_UPDATE, patient.team_id, RIGHT)
    if draft.decision.status != DecisionStatus.SIGNED:
        reasons.append("Sign the decision first.")
    if draft.whom is ToldWhom.PATIENT and patient.is_deceased:
        reasons.append(DIED)
    if draft.whom is ToldWhom.GP and draft.must_not_be_told:
        reasons.append(f"The GP must not be told: the record says so of {draft.must_not_be_told}.")
    return reasons


def asks_why(draft: LetterDraft) -> str:
    """What this letter needs a reason for; empty: nothing."""
    if draft.whom is ToldWhom.GP and not draft.is_patient_told:
        return TELL_FIRST
    return f"The patient said about information: “{draft.wish}”. Say why a letter goes out." if draft.wish else ""


def why_not_write(draft: LetterDraft, user: User, *, despite: str, reason: str) -> list[str]:
    """`despite` answers `asks_why`, `reason` says why there is another version."""
    reasons = [*why_not_begin(draft, user), *draft.lacks]
    if (asked := asks_why(draft)) and not despite.strip():
        reasons.append(asked)
    if draft.earlier is not None and not reason.strip():
        reasons.append("Say why there is another version.")
    if draft.whom is ToldWhom.PATIENT and figures_in(draft.own_words):
        reasons.append(FIGURES)
    if not reasons and not draft.recipient:
        reasons.append("Say where it goes.")
    return reasons


def why_not_print(letter: DecisionLetter) -> list[str]:
    """Why a letter must not leave the printer (any more)."""
    reasons = ["It was marked as not sent."] if letter.error_at is not None else []
    if letter.whom == ToldWhom.PATIENT and letter.patient.is_deceased:
        reasons.append(DIED)
    if letter.whom == ToldWhom.GP and (name := excluded_gp([letter.patient]).get(letter.patient_id)):
        reasons.append(f"The GP must not be told: the record says so of {name}.")
    return reasons


def why_not_send(letter: DecisionLetter, user: User, *, on: date, today: date) -> list[str]:
    """May it be logged as sent on that day."""
    reasons = [*lacks(user, Permission.ACTION_UPDATE, letter.patient.team_id, RIGHT), *why_not_print(letter)]
    if letter.sent_on is not None:
        reasons.append("It was sent already.")
    elif not is_latest(letter):
        reasons.append("There is a newer version: send that one.")
    if on > today:
        reasons.append("The date lies in the future.")
    if on < letter.written_on:
        reasons.append("The date lies before the letter was written.")
    untold = letter.whom == ToldWhom.GP and not is_told(letter.decision_id, ToldWhom.PATIENT)
    if untold and not letter.despite:
        reasons.append("The patient is not told any more: write another version that says why the GP hears first.")
    return reasons


def why_not_take_back(letter: DecisionLetter, user: User, reason: str) -> list[str]:
    """A letter that was not sent after all."""
    reasons = lacks(user, Permission.ACTION_UPDATE, letter.patient.team_id, RIGHT)
    if letter.error_at is not None:
        reasons.append("It says so already.")
    return reasons if reason.strip() else [*reasons, "Say why it was not sent."]
