"""Table of contents: Django finds the app's tables here; the substance is in the slices."""

from tumorboard.actions.models import Action
from tumorboard.ballots.models import Ballot, Proposal, Vote
from tumorboard.boards.models import Board, BoardMember
from tumorboard.decisions.models import Alternative, Decision, DecisionAddendum, Recommendation, Told
from tumorboard.letters.models import DecisionLetter, LetterPrint
from tumorboard.live.models import DecisionDraft, PrivateNote, ProjectorSession
from tumorboard.meetings.models import AgendaChange, AgendaItem, Attendance, Availability, Invitation, Meeting
from tumorboard.minutes.models import MinutesPrint, SignedMinutes
from tumorboard.opinions.models import CaseOpinion, Opinion, OpinionDraft
from tumorboard.readiness.models import CaseInput, Chase, Waiver
from tumorboard.referrals.models import Referral, ReferralDraft, ShownMaterial
from tumorboard.suggestions.models import AgendaSuggestion

__all__ = [
    "Action",
    "AgendaChange",
    "AgendaItem",
    "AgendaSuggestion",
    "Alternative",
    "Attendance",
    "Availability",
    "Ballot",
    "Board",
    "BoardMember",
    "CaseInput",
    "CaseOpinion",
    "Chase",
    "Decision",
    "DecisionAddendum",
    "DecisionDraft",
    "DecisionLetter",
    "Invitation",
    "LetterPrint",
    "Meeting",
    "MinutesPrint",
    "Opinion",
    "OpinionDraft",
    "PrivateNote",
    "ProjectorSession",
    "Proposal",
    "Recommendation",
    "Referral",
    "ReferralDraft",
    "ShownMaterial",
    "SignedMinutes",
    "Told",
    "Vote",
    "Waiver",
]
