"""The quorum: asked here by the agenda, the live case, the decision and the minutes, so that all say the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from patients.goals.models import GoalsPrompt
from patients.goals.rules import PromptStatus
from tumorboard.boards.rules import Need, Quorum, conditions_of, needs_of, quorum_of, together
from tumorboard.meetings.models import AgendaItem, Attendance, Meeting

if TYPE_CHECKING:
    from tumorboard.boards.models import Board
    from tumorboard.referrals.models import Referral


def needs_of_case(board: Board, question_kind: str, *, goals_prompt_open: bool) -> tuple[Need, ...]:
    """Who has to be there for one case, each with why."""
    holding = conditions_of(question_kind, goals_prompt_open=goals_prompt_open)
    return needs_of(board.quorum, board.quorum_when, holding)


def needs_of_referral(referral: Referral) -> tuple[Need, ...]:
    """Who has to be there for this referral (with its board) as the record stands now."""
    prompted = bool(patients_with_open_prompt([referral.patient_id]))
    return needs_of_case(referral.board, referral.question_kind, goals_prompt_open=prompted)


def quorum_for(item: AgendaItem) -> Quorum:
    """The quorum for this case with who is in the room now."""
    needs = needs_of_case(
        item.meeting.board,
        item.referral.question_kind,
        goals_prompt_open=bool(patients_with_open_prompt([item.patient_id])),
    )
    return quorum_of(needs, present_specialties(item.meeting_id))


def quorum_of_meeting(meeting: Meeting, cases: Iterable[Quorum], there: Iterable[str]) -> Quorum:
    """What the board always needs and what its cases add, against who is there (now, expected, or came at all)."""
    standing = needs_of(meeting.board.quorum, {})
    return quorum_of(together([standing, *(case.required for case in cases)]), there)


def present_specialties(meeting_id: int) -> frozenset[str]:
    """What those who are in the room now stand for."""
    rows = Attendance.objects.filter(meeting_id=meeting_id, left_at__isnull=True).exclude(specialty="")
    return frozenset(rows.values_list("specialty", flat=True))


def patients_with_open_prompt(patient_ids: list[int]) -> frozenset[int]:
    rows = GoalsPrompt.objects.valid().filter(status=PromptStatus.OPEN, patient_id__in=patient_ids)
    return frozenset(rows.values_list("patient_id", flat=True))
