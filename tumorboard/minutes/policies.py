"""May this person sign the minutes, and is there anything to sign?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.people.rules import Permission
from tumorboard.meetings.rules import MeetingStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.meetings.models import Meeting
    from tumorboard.minutes.models import SignedMinutes
    from tumorboard.minutes.queries import Minutes


def why_not_sign(minutes: Minutes, user: User) -> list[str]:
    """The chair of the meeting signs what is complete; where none was named, who may decide at the board."""
    meeting: Meeting = minutes.meeting
    reasons = lacks(
        user,
        Permission.BOARD_DECIDE,
        meeting.board.team_id,
        "Only who may decide at this board signs its minutes.",
    )
    if meeting.chair_id and meeting.chair_id != user.pk:
        reasons.append(f"{meeting.chair} chaired the meeting and signs its minutes.")
    if meeting.status != MeetingStatus.HELD:
        reasons.append("End the meeting first.")
    unsigned = [case.row.patient_name for case in minutes.cases if case.waits_for_signature]
    if unsigned:
        reasons.append(f"Sign the decisions first: {', '.join(unsigned)}.")
    return reasons


def why_not_sign_again(last: SignedMinutes | None, kept: dict[str, object], reason: str) -> list[str]:
    """Another version needs something new in it, and its reason."""
    if last is None:
        return []
    if last.content == kept:
        return [f"Nothing has changed since version {last.number} was signed."]
    return [] if reason.strip() else ["Say why there is another version."]
