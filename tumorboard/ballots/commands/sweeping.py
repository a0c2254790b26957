"""What time does to e-votes."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from careteam.notifications.commands import withdraw
from careteam.web.rounds import stopping_no_other
from patients.protocol.queries import number
from tumorboard.ballots.commands.base import audit, locked_by_id, move
from tumorboard.ballots.commands.ending import close, send_back
from tumorboard.ballots.commands.telling import ask, asking_keys, moment, tell
from tumorboard.ballots.models import Ballot
from tumorboard.ballots.queries import Tally, tally_of, to_ask
from tumorboard.ballots.rules import LIVE_BALLOTS, BallotStatus
from tumorboard.meetings.commands import end_vote
from tumorboard.meetings.rules import OPEN_ITEMS, ItemStatus

log = logging.getLogger(__name__)


def sweep_ballots(*, now: datetime) -> int:
    """What time does to e-votes, each in a transaction of its own: reminders before the end; at the end what everybody
    agrees with waits for the chair's signature, everything else goes to a meeting, and so does what the chair does not
    sign in time; a case that was withdrawn ends its vote. Run twice, or by two at once, it changes nothing more.
    Returns how many ballots changed."""
    changed = 0
    for ballot_id in list(Ballot.objects.valid().live().order_by("pk").values_list("pk", flat=True)):
        with stopping_no_other(log, f"e-vote {ballot_id} is stuck"):
            changed += _sweep_one(ballot_id, now=now)
    return changed


@transaction.atomic
def _sweep_one(ballot_id: int, *, now: datetime) -> bool:
    ballot = locked_by_id(ballot_id)
    meeting, team_id = ballot.item.meeting, ballot.item.meeting.board.team_id
    if ballot.status not in LIVE_BALLOTS:
        return False
    if ballot.item.status not in OPEN_ITEMS:
        gone = ballot.item.status == ItemStatus.WITHDRAWN
        close(ballot, BallotStatus.WITHDRAWN if gone else BallotStatus.RETURNED, note="", by=None, now=now)
        end_vote(ballot.item, by=None, now=now)
        return True
    if ballot.status == BallotStatus.ENDED:
        if now < ballot.closes_at + _hours(team_id, "vote.sign"):
            return False
        send_back(ballot, note="The chair did not sign in time.", by=None, now=now)
        return True
    today = meeting.board.team.local_date(now)
    if now >= ballot.closes_at:
        tally = tally_of(ballot, today)
        if not tally.count.carried:
            send_back(ballot, note=_why_returned(tally), by=None, now=now)
            return True
        _end(ballot, now=now)
        return True
    if ballot.reminded_at is None and now >= ballot.closes_at - _hours(team_id, "vote.reminder"):
        _remind(ballot, tally_of(ballot, today), now=now)
        return True
    return False


def _end(ballot: Ballot, *, now: datetime) -> None:
    """Everybody agrees: the chair signs."""
    move(ballot, BallotStatus.ENDED)
    meeting = ballot.item.meeting
    withdraw(keys=asking_keys(ballot, ballot.asked), now=now)
    if meeting.chair is not None:
        tell(ballot, [meeting.chair], what="sign", words="the vote has ended, sign its decision", now=now)
    meeting.save_version()
    audit("ballots.end", ballot, by=None, now=now)


def _remind(ballot: Ballot, tally: Tally, *, now: datetime) -> None:
    ballot.reminded_at = now
    ballot.save_version("reminded_at")
    late = to_ask(tally.voters, missing=tally.count.quorum.missing)
    chair = ballot.item.meeting.chair
    ask(ballot, [*late, *([chair] if chair else [])], f"the vote ends {moment(ballot)}", now=now, again="reminder")
    audit("ballots.remind", ballot, by=None, now=now, details={"people": [person.pk for person in late]})


def _hours(team_id: int, code: str) -> timedelta:
    return timedelta(hours=float(number(team_id, code).value))


def _why_returned(tally: Tally) -> str:
    if not tally.count.quorum.is_quorate:
        return f"Inquorate at its end: nobody voted for {tally.count.quorum.missing_label}."
    return "Not everybody agreed, and the chair had not answered it at the end."
