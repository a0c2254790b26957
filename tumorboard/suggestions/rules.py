"""What sends a case back to a board, what the board would be asked, and how a suggestion ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices

from careteam.web.words import day
from tumorboard.referrals.rules import QuestionKind, ReferralKind


class SuggestionKind(TextChoices):
    """Why a case comes back."""

    STUDY = "study", "Scan overdue"
    ACTION = "action", "Action overdue"
    DEVIATION = "deviation", "Not carried out"
    REQUEST = "request", "Referred from outside"


class SuggestionStatus(TextChoices):
    OPEN = "open", "Suggested"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    TAKEN_BACK = "taken_back", "Taken back"


S = SuggestionStatus
SUGGESTION_TRANSITIONS: dict[SuggestionStatus, frozenset[SuggestionStatus]] = {
    S.OPEN: frozenset({S.ACCEPTED, S.DECLINED, S.TAKEN_BACK}),
    S.ACCEPTED: frozenset(),
    S.DECLINED: frozenset({S.OPEN}),  # undo
    S.TAKEN_BACK: frozenset(),  # what holds again is suggested anew
}


class DeclineReason(TextChoices):
    ARRANGED = "arranged", "Being arranged"
    NO_QUESTION = "no_question", "Nothing for the board to decide"
    DECIDED = "decided", "Decided elsewhere"
    PATIENT_WISH = "patient_wish", "Patient's wish"
    SUPPORTIVE = "supportive", "Comfort care comes first"
    OTHER = "other", "Other, see note"


QUESTION_KIND: dict[SuggestionKind, QuestionKind] = {
    SuggestionKind.STUDY: QuestionKind.IMAGING,
    SuggestionKind.ACTION: QuestionKind.OTHER,
    SuggestionKind.DEVIATION: QuestionKind.NEXT_LINE,
    SuggestionKind.REQUEST: QuestionKind.OTHER,
}
REFERRAL_KIND: dict[SuggestionKind, ReferralKind] = {
    SuggestionKind.STUDY: ReferralKind.FULL,
    SuggestionKind.ACTION: ReferralKind.REDISCUSSION,
    SuggestionKind.DEVIATION: ReferralKind.REDISCUSSION,
    SuggestionKind.REQUEST: ReferralKind.FULL,
}
QUESTION_LENGTH = 4000


@dataclass(frozen=True)
class Asked:
    """What somebody outside asks of a board: a draft of a referral."""

    question: str
    referrer: str = ""
    question_kind: str = ""  # of `QuestionKind`; empty: not said
    urgency: str = ""  # of `Urgency`; empty: not said


def study_question(scan: str, due_on: date) -> str:
    """`MRI, liver was due on 12 Sep 2026 and is not booked: how does surveillance go on?`"""
    return f"{scan} was due on {day(due_on)} and is not booked: how does surveillance go on?"


def action_question(what: str, owner: str, due_on: date, decided_on: date) -> str:
    """What was decided and has not been done by its day."""
    return f"Decided on {day(decided_on)}, due on {day(due_on)}, not done ({owner}): {what}. How to go on?"


def deviation_question(recommended: str, decided_on: date, reason: str, *, in_part: bool = False) -> str:
    """`PRRT, recommended on 12 Nov 2026, was not carried out (patient choice): what instead?`"""
    what = "was carried out only in part" if in_part else "was not carried out"
    then = "how to go on" if in_part else "what instead"
    return f"{recommended}, recommended on {day(decided_on)}, {what} ({reason.lower()}): {then}?"


def joined(questions: list[str]) -> str:
    """Several reasons of one patient as one question, each once, in order."""
    return " ".join(dict.fromkeys(questions))


def study_key(study_id: int) -> str:
    """Under which a study stands among the sources; `action_key` and `recommendation_key` likewise."""
    return f"study:{study_id}"


def action_key(action_id: int) -> str:
    return f"action:{action_id}"


def recommendation_key(recommendation_id: int) -> str:
    return f"recommendation:{recommendation_id}"


def request_key(record_id: int) -> str:
    """Of an imported resource that asks the board."""
    return f"source:{record_id}"
