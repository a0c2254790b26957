"""How an e-vote ends: its decision signed, or its case sent to a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.notifications.commands import withdraw
from patients.goals.queries import goals_of
from tumorboard.ballots import policies
from tumorboard.ballots.commands.base import audit, locked, move, read
from tumorboard.ballots.commands.telling import asking_keys, key_of, tell_result
from tumorboard.ballots.models import Ballot, Proposal
from tumorboard.ballots.queries import Tally, tally_of
from tumorboard.ballots.rules import BallotStatus, VoteChoice, specialty_label, voted_words
from tumorboard.decisions.commands import Said
from tumorboard.decisions.rules import Option
from tumorboard.live.commands import ActionAsked, record_case, sign_case
from tumorboard.meetings.commands import chair_vote, end_vote
from tumorboard.meetings.models import AgendaItem

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.decisions.models import Decision


@transaction.atomic
def accept(
    ballot: Ballot,
    proposal: int,
    *,
    action: ActionAsked | None,
    by: User,
    now: datetime,
    note: str = "",
    goals_conflict_note: str = "",
) -> Decision:
    """The proposal becomes a signed decision like any other: recorded and signed by the chair in one act. The caller
    has asked for the password again. Who objected or abstained stands in it."""
    ballot = locked(ballot)
    meeting = ballot.item.meeting
    today = meeting.board.team.local_date(now)
    tally = tally_of(ballot, today)
    insist(policies.why_not_accept(ballot, proposal, by, tally=tally, note=note, now=now))
    if meeting.chair_id != by.pk:
        chair_vote(meeting, chair=by, by=by, now=now)
    chosen = next(each for each, _ in tally.proposals if each.number == proposal)
    options = tuple(Option(value) for value in chosen.options)
    said = Said(
        options=options,
        text=chosen.text,
        intent=chosen.intent,
        details={options[0]: chosen.detail} if len(options) == 1 and chosen.detail else {},
        rationale=_rationale(ballot, chosen, tally, note),
        dissent=_dissent(tally),
        goals_seen=goals_of(ballot.patient_id, today).exists,
        goals_conflict_note=goals_conflict_note,
    )
    item = AgendaItem.objects.get(pk=ballot.item_id)
    decision = sign_case(record_case(item, said, action, by=by, now=now), by=by, now=now)
    ballot.accepted = chosen
    close(ballot, BallotStatus.ACCEPTED, note=note, by=by, now=now)
    end_vote(read(ballot.pk).item, by=by, now=now)
    tell_result(ballot, tally, "accepted", reverse("decision", args=[decision.pk]), by=by, now=now)
    return decision


@transaction.atomic
def return_to_meeting(ballot: Ballot, *, note: str, by: User, now: datetime) -> AgendaItem | None:
    """The chair lets the board discuss it: the case goes to the next meeting that takes cases, with its votes. Returns
    its place there; None: it waits for an agenda."""
    ballot = locked(ballot)
    insist(policies.why_not_return(ballot, by, note=note, now=now))
    return send_back(ballot, note=note.strip(), by=by, now=now)


def send_back(ballot: Ballot, *, note: str, by: User | None, now: datetime) -> AgendaItem | None:
    tally = tally_of(ballot, ballot.item.meeting.board.team.local_date(now))
    close(ballot, BallotStatus.RETURNED, note=note, by=by, now=now)
    placed = end_vote(ballot.item, by=by, now=now)
    url = reverse("meeting", args=[placed.meeting_id]) if placed else reverse("boards")
    tell_result(ballot, tally, "is discussed in a meeting", url, by=by, now=now)
    return placed


def close(ballot: Ballot, to: BallotStatus, *, note: str, by: User | None, now: datetime) -> None:
    ballot.closed_at, ballot.closed_by, ballot.close_note = now, by, note.strip()
    move(ballot, to, "closed_at", "closed_by", "close_note", "accepted")
    chairs = [key_of(ballot, what) for what in ("full", "sign", *(f"against:{person}" for person in ballot.asked))]
    withdraw(keys=[*asking_keys(ballot, ballot.asked), *chairs], now=now)
    audit(f"ballots.{to}", ballot, by=by, now=now, reason=ballot.close_note)


def _rationale(ballot: Ballot, chosen: Proposal, tally: Tally, note: str) -> str:
    abstained = ", ".join(f"{vote.voter} ({specialty_label(vote.specialty)})" for vote in tally.abstentions)
    parts = [
        chosen.rationale,
        f"By e-vote: {voted_words(tally.count, chosen.number)}. Why it could not wait: {ballot.why_urgent}",
        f"Abstained, conflict of interest: {abstained}" if abstained else "",
        f"The chair on the reasons against it: {note.strip()}" if note.strip() else "",
    ]
    return "\n".join(part for part in parts if part)


def _dissent(tally: Tally) -> str:
    """Who objected and why, as the decision and the minutes keep it."""
    verbs = {VoteChoice.DISAGREE: "disagrees", VoteChoice.DISCUSS: "asks to discuss it in a meeting"}
    return "\n".join(
        f"{vote.voter} ({specialty_label(vote.specialty)}) {verbs[VoteChoice(vote.choice)]}"
        f"{': ' + vote.comment if vote.comment else ''}"
        for vote in tally.objections
    )
