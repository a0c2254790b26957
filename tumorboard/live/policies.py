"""What stands in the way of recording or signing this case, for the buttons of the meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard.decisions.policies import why_not_record, why_not_sign
from tumorboard.meetings.policies import why_not_run, why_not_show

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.meetings.models import Meeting

__all__ = ["may_follow_only", "why_not_record", "why_not_run", "why_not_show", "why_not_sign"]


def may_follow_only(meeting: Meeting, user: User) -> bool:
    """Whether the person sees the meeting without steering it."""
    return bool(why_not_run(meeting, user))
