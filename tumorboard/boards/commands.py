"""Boards and their standing members: the only writers. Meetings follow a change by `meetings.commands.set_up_board`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import Team
from patients.record.models import StaleEdit
from tumorboard.boards import policies
from tumorboard.boards.models import Board, BoardMember
from tumorboard.boards.rules import default_quorum_when

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class BoardSettings:
    """What a form asks of a board. Hours before the start for the cut-off, minutes for the rest (None: information as
    routine, re-discussion as full)."""

    name: str
    rrule: str
    starts_on: date
    local_time: time
    duration_minutes: int = 60
    place: str = ""
    link: str = ""
    cutoff_hours: int = 26
    minutes_full: int = 10
    minutes_routine: int = 4
    minutes_information: int | None = None
    minutes_rediscussion: int | None = None
    quorum: list[str] = field(default_factory=list)
    quorum_when: dict[str, list[str]] = field(default_factory=default_quorum_when)
    skip_holidays: bool = True
    exceptions: list[date] = field(default_factory=list)
    is_active: bool = True


@transaction.atomic
def create_board(team: Team, settings: BoardSettings, *, by: User | None, now: datetime) -> Board:
    """A new board of the team. `by=None` is the installation itself (demo data)."""
    insist(policies.why_not_configure(team.pk, by))
    insist(policies.why_not_settings(settings.rrule, settings.quorum, settings.quorum_when))
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)  # two people naming a board at once
    insist(policies.why_not_named(team.pk, settings.name))
    board = Board.objects.create(team=team, **asdict(settings))
    record("boards.create_board", by=by, now=now, subject=board, team_id=team.pk)
    return board


@transaction.atomic
def change_board(
    board: Board, settings: BoardSettings, *, by: User | None, now: datetime, version: int | None = None
) -> Board:
    """Changes the settings; the audit row says which. Raises `StaleEdit` when `version` is no longer the board's."""
    board = Board.objects.select_for_update(of=("self",)).select_related("team").get(pk=board.pk)
    insist(policies.why_not_configure(board.team_id, by))
    insist(policies.why_not_settings(settings.rrule, settings.quorum, settings.quorum_when))
    insist(policies.why_not_named(board.team_id, settings.name, board_id=board.pk))
    if version is not None and board.version != version:
        raise StaleEdit(board)
    changed = [name for name, value in asdict(settings).items() if getattr(board, name) != value]
    if not changed:
        return board
    for name in changed:
        setattr(board, name, getattr(settings, name))
    board.version += 1
    board.save()
    record("boards.change_board", by=by, now=now, subject=board, team_id=board.team_id, details={"changed": changed})
    return board


@transaction.atomic
def set_member(
    board: Board, person: User, *, specialty: str, by: User | None, now: datetime, deputy: User | None = None
) -> BoardMember:
    """Adds a standing member, or changes the specialty they stand for and who takes their seat while they are away."""
    insist(policies.why_not_configure(board.team_id, by))
    insist(policies.why_not_member(board, person, specialty=specialty, deputy=deputy))
    Board.objects.select_for_update(no_key=True).get(pk=board.pk)  # two people changing one seat at once
    member, _ = BoardMember.objects.update_or_create(
        board=board, user=person, defaults={"specialty": specialty, "deputy": deputy}
    )
    record(
        "boards.set_member",
        by=by,
        now=now,
        subject=member,
        team_id=board.team_id,
        details={"person": person.pk, "specialty": specialty, "deputy": deputy.pk if deputy else None},
    )
    return member


@transaction.atomic
def remove_member(board: Board, person: User, *, by: User | None, now: datetime) -> bool:
    """Ends a standing membership; False when there was none."""
    insist(policies.why_not_configure(board.team_id, by))
    removed, _ = BoardMember.objects.filter(board=board, user=person).delete()
    if removed:
        record(
            "boards.remove_member",
            by=by,
            now=now,
            subject=board,
            team_id=board.team_id,
            details={"person": person.pk},
        )
    return bool(removed)
