"""What every writer of e-votes shares: locks, steps of the state machine, audit."""

from __future__ import annotations

from typing import Unpack

from careteam.access.policies import insist
from patients.record.commands import Act, record_about
from tumorboard.ballots import policies
from tumorboard.ballots.models import Ballot
from tumorboard.ballots.rules import BallotStatus
from tumorboard.meetings.models import Meeting


def locked(ballot: Ballot) -> Ballot:
    return locked_by_id(ballot.pk)


def locked_by_id(ballot_id: int) -> Ballot:
    """Meeting, then ballot, in the order of every command about a meeting."""
    Meeting.objects.select_for_update(of=("self",)).get(items__ballot=ballot_id)
    Ballot.objects.lock(ballot_id)
    return read(ballot_id)


def read(ballot_id: int) -> Ballot:
    row: Ballot = Ballot.objects.select_related(
        "item__meeting__board__team",
        "item__meeting__chair",
        "item__referral__presenter",
        "item__referral__board",
        "item__patient",
        "patient",
        "opened_by",
    ).get(pk=ballot_id)
    return row


def move(ballot: Ballot, to: BallotStatus, *fields: str) -> None:
    insist(policies.why_not_move(ballot, to))
    ballot.status = to
    ballot.save_version("status", *fields)


def audit(action: str, ballot: Ballot, *, details: dict[str, object] | None = None, **about: Unpack[Act]) -> None:
    record_about(ballot, action, team_id=ballot.item.meeting.board.team_id, details=details, **about)
