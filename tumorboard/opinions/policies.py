"""May this person ask another team, assign, answer, end it?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.protocol.queries import number
from tumorboard.opinions.queries import readers_of
from tumorboard.opinions.rules import LIVE_OPINIONS, OPINION_TRANSITIONS, OpinionStatus

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient
    from tumorboard.opinions.models import Opinion

ASKING = (Permission.BOARD_DECIDE, Permission.TEAM_MANAGE)  # opening a chart to another team is theirs to decide
ASSIGNING = (Permission.TEAM_MANAGE, Permission.BOARD_AGENDA)


def _holds(user: User, team_id: int, permissions: tuple[Permission, ...]) -> bool:
    access = access_of(user)
    return any(access.may(permission, team_id) for permission in permissions)


def why_not_ask(patient: Patient, user: User, team: Team | None = None) -> list[str]:
    reasons = []
    if not _holds(user, patient.team_id, ASKING):
        reasons.append("Only a physician who decides at the board, or the team lead, asks another team.")
    if patient.is_deceased:
        reasons.append("The patient has died.")
    if patient.merged_into_id is not None:
        reasons.append("This record was merged into another one. Open the other one.")
    if team is not None and team.pk == patient.team_id:
        reasons.append("Choose another team than the patient's own.")
    return reasons


def why_not_until(team_id: int, until: datetime, now: datetime) -> list[str]:
    """In the future, and not longer than a chart stays open to others."""
    longest = int(number(team_id, "opinion.longest").value)
    if until <= now:
        return ["The day lies in the past."]
    if until > now + timedelta(days=longest + 1):
        return [f"A chart is opened to another team for at most {longest} days. Extend it later if needed."]
    return []


def why_not_assign(opinion: Opinion, user: User, person: User | None = None, *, now: datetime) -> list[str]:
    """Lead or board coordinator of the asked team, to one of its clinicians."""
    reasons = []
    if not _holds(user, opinion.team_id, ASSIGNING):
        reasons.append("Only the lead or the board coordinator of the team that was asked assigns this.")
    if person is not None and person.pk not in {each.pk for each in readers_of(opinion.team)}:
        reasons.append(f"{person} is no clinician of {opinion.team}.")
    return reasons + _why_not_live(opinion, now)


def why_not_answer(opinion: Opinion, user: User, *, now: datetime) -> list[str]:
    """The one person it was assigned to, in time."""
    reasons = []
    if opinion.assigned_to_id != user.pk:
        reasons.append("This was not assigned to you.")
    if opinion.status == OpinionStatus.ASKED:
        reasons.append("Nobody was asked to answer it yet.")
    return reasons + _why_not_live(opinion, now)


def why_not_decline(opinion: Opinion, user: User, *, reason: str, now: datetime) -> list[str]:
    reasons = []
    if not (_holds(user, opinion.team_id, ASSIGNING) or opinion.assigned_to_id == user.pk):
        reasons.append("Only the team that was asked declines.")
    if not reason.strip():
        reasons.append("Say why.")
    return reasons + _why_not_live(opinion, now)


def why_not_revoke(opinion: Opinion, user: User, *, reason: str, now: datetime) -> list[str]:
    reasons = []
    if not _holds(user, opinion.patient.team_id, ASKING):
        reasons.append("Only the team that asked takes it back.")
    if not reason.strip():
        reasons.append("Say why.")
    return reasons + _why_not_live(opinion, now)


def why_not_extend(opinion: Opinion, user: User, *, until: datetime, now: datetime) -> list[str]:
    """A later day; one that is over is open again."""
    reasons = []
    if not _holds(user, opinion.patient.team_id, ASKING):
        reasons.append("Only the team that asked extends it.")
    if opinion.status not in LIVE_OPINIONS | {OpinionStatus.EXPIRED}:
        reasons.append(f"It is {opinion.get_status_display().lower()}.")
    if until <= opinion.until:
        reasons.append("Choose a later day than the present one.")
    return reasons + why_not_until(opinion.patient.team_id, until, now)


def why_not_link(patient: Patient, user: User) -> list[str]:
    if access_of(user).may(Permission.BOARD_REFER, patient.team_id):
        return []
    return ["Your roles in the patient's team do not include changing its board cases."]


def why_not_move(opinion: Opinion, to: OpinionStatus) -> list[str]:
    now_is = OpinionStatus(opinion.status)
    if to in OPINION_TRANSITIONS[now_is]:
        return []
    return [f"It is {now_is.label.lower()} and cannot become {to.label.lower()}."]


def _why_not_live(opinion: Opinion, now: datetime) -> list[str]:
    if opinion.status == OpinionStatus.EXPIRED or (opinion.status in LIVE_OPINIONS and now >= opinion.until):
        return ["The time for it is over. What you wrote is kept; the team that asked can extend it."]
    if opinion.status not in LIVE_OPINIONS:
        return [f"It is {opinion.get_status_display().lower()}."]
    return []
