"""May a case be suggested; may this person answer a suggestion?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from tumorboard.referrals.policies import why_not_refer
from tumorboard.suggestions.rules import QUESTION_LENGTH, SUGGESTION_TRANSITIONS, DeclineReason, SuggestionStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.suggestions.models import AgendaSuggestion


def why_not_accept(suggestion: AgendaSuggestion, user: User) -> list[str]:
    """Who may refer may say yes: accepting files a referral."""
    reasons = why_not_refer(suggestion.patient, user, suggestion.board)
    return reasons + why_not_move(suggestion, SuggestionStatus.ACCEPTED)


def why_not_decline(suggestion: AgendaSuggestion, user: User, *, reason: str, note: str) -> list[str]:
    """Who may refer may say no, with a coded reason; "other" says which."""
    reasons = _why_not_answer(suggestion, user)
    if reason not in DeclineReason.values:
        reasons.append("Choose why.")
    if reason == DeclineReason.OTHER and not note.strip():
        reasons.append("Say which other reason.")
    return reasons + why_not_move(suggestion, SuggestionStatus.DECLINED)


def why_not_reword(suggestion: AgendaSuggestion, user: User, question: str) -> list[str]:
    """Who may refer may write what the board is asked, while nobody has answered."""
    reasons = _why_not_answer(suggestion, user)
    if not question.strip():
        reasons.append("Write what the board is asked.")
    if len(question.strip()) > QUESTION_LENGTH:
        reasons.append(f"Write at most {QUESTION_LENGTH:,} characters.")
    if suggestion.status != SuggestionStatus.OPEN:
        reasons.append(f"The suggestion is {suggestion.get_status_display().lower()} already.")
    return reasons


def why_not_reopen(suggestion: AgendaSuggestion, user: User) -> list[str]:
    return _why_not_answer(suggestion, user) + why_not_move(suggestion, SuggestionStatus.OPEN)


def why_not_move(suggestion: AgendaSuggestion, to: SuggestionStatus) -> list[str]:
    now_is = SuggestionStatus(suggestion.status)
    if to in SUGGESTION_TRANSITIONS[now_is]:
        return []
    by = f" by {suggestion.answered_by}" if suggestion.answered_by else ""
    note = f": {suggestion.note}" if suggestion.note else ""
    return [f"The suggestion is {now_is.label.lower()} already{by}{note}."]


def _why_not_answer(suggestion: AgendaSuggestion, user: User) -> list[str]:
    return lacks(
        user,
        Permission.BOARD_REFER,
        suggestion.board.team_id,
        "Your roles in this team do not include referring to the board.",
    )
