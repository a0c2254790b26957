"""What stands in the way of recording or signing this case, for the buttons of the meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from tumorboard.decisions.policies import why_not_record, why_not_sign
from tumorboard.live.rules import OVER
from tumorboard.meetings.policies import why_not_run, why_not_show

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.meetings.models import AgendaItem, Meeting

__all__ = ["may_follow_only", "why_not_project", "why_not_record", "why_not_run", "why_not_show", "why_not_sign"]


def may_follow_only(meeting: Meeting, user: User) -> bool:
    """Whether the person sees the meeting without steering it."""
    return bool(why_not_run(meeting, user))


def why_not_project(meeting: Meeting, user: User) -> list[str]:
    """Who runs the meeting puts it on a screen that needs nobody signed in."""
    reasons = why_not_run(meeting, user)
    if meeting.status in OVER:
        reasons.append(f"The meeting is {meeting.get_status_display().lower()}.")
    return reasons


def why_not_note(item: AgendaItem, user: User) -> list[str]:
    """Everybody who sees the case notes for themselves."""
    team_id = item.meeting.board.team_id
    return lacks(user, Permission.PATIENT_VIEW, team_id, "You do not belong to the team of this board.")
