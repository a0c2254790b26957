"""Voting, and how long voting lasts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.notifications.commands import withdraw
from tumorboard.ballots import policies
from tumorboard.ballots.commands.base import audit, locked
from tumorboard.ballots.commands.telling import ask, asking_keys, moment, tell
from tumorboard.ballots.models import Ballot, Vote
from tumorboard.ballots.queries import tally_of, to_ask
from tumorboard.ballots.rules import VoteChoice
from tumorboard.meetings.commands import attend_by_vote, prolong_vote

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def cast_vote(
    ballot: Ballot, choice: VoteChoice, *, by: User, now: datetime, proposal: int = 0, comment: str = ""
) -> Vote:
    """Votes, or votes anew, for the specialty the person stands for. Once every needed specialty has voted, and at each
    objection, the chair is told."""
    ballot = locked(ballot)
    meeting, team = ballot.item.meeting, ballot.item.meeting.board.team
    before = tally_of(ballot, team.local_date(now))
    insist(policies.why_not_vote(ballot, by, now=now, tally=before))
    chosen = {each.number: each for each, _ in before.proposals}
    insist(policies.why_not_choice(choice, proposal, comment, proposals=set(chosen)))
    voter = before.voter(by)
    if voter is None:
        raise ValueError("A voter has a specialty.")
    vote = Vote.objects.select_for_update().filter(ballot=ballot, voter=by).first()
    vote = vote or Vote(patient=ballot.patient, ballot=ballot, voter=by, created_by=by, version=0)
    vote.specialty, vote.choice, vote.comment, vote.voted_at = voter.specialty, choice, comment.strip(), now
    vote.proposal = chosen[proposal] if choice is VoteChoice.AGREE else None
    vote.save_version()
    counts = choice is not VoteChoice.ABSTAIN
    attend_by_vote(meeting, by, specialty=voter.specialty, counts=counts, by=by, now=now)
    withdraw(keys=asking_keys(ballot, [by.pk]), now=now)
    after = tally_of(ballot, team.local_date(now))
    if meeting.chair is not None:
        if after.count.quorum.is_quorate and not before.count.quorum.is_quorate:
            tell(ballot, [meeting.chair], what="full", words="the vote has its quorum", now=now)
        elif after.count.object_ - before.count.object_:
            tell(ballot, [meeting.chair], what=f"against:{by.pk}", words="a vote objects", now=now)
    audit("ballots.cast_vote", ballot, by=by, now=now, details={"choice": str(choice), "version": vote.version})
    return vote


@transaction.atomic
def extend(ballot: Ballot, *, closes_at: datetime, reason: str, by: User, now: datetime) -> Ballot:
    """A later end, once, with a reason; who has not voted is reminded of the new one."""
    ballot = locked(ballot)
    insist(policies.why_not_extend(ballot, by, closes_at=closes_at, reason=reason, now=now))
    ballot.closes_at, ballot.reminded_at = closes_at, None
    ballot.extended_at, ballot.extended_by, ballot.extend_reason = now, by, reason.strip()[:300]
    ballot.save_version("closes_at", "reminded_at", "extended_at", "extended_by", "extend_reason")
    prolong_vote(ballot.item.meeting, closes_at=closes_at, by=by, now=now)
    withdraw(keys=asking_keys(ballot, ballot.asked), now=now)
    tally = tally_of(ballot, ballot.item.meeting.board.team.local_date(now))
    waiting = to_ask(tally.voters, missing=tally.count.quorum.missing)
    ask(ballot, waiting, f"the vote was extended to {moment(ballot)}", now=now)
    audit("ballots.extend", ballot, by=by, now=now, reason=reason)
    return ballot
