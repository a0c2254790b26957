"""Opening an e-vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.treatment.rules import Intent
from tumorboard.ballots import policies
from tumorboard.ballots.commands.base import audit, read
from tumorboard.ballots.commands.telling import ask, moment
from tumorboard.ballots.models import Ballot, Proposal
from tumorboard.ballots.queries import tally_of, to_ask
from tumorboard.ballots.rules import MOST_PROPOSALS
from tumorboard.decisions.rules import Option, wording
from tumorboard.meetings.commands import open_vote
from tumorboard.referrals.commands import complete
from tumorboard.referrals.models import Referral

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Proposed:
    """One proposal. `text` empty: worded from options and detail."""

    options: tuple[Option, ...] = ()
    intent: str = ""
    detail: str = ""
    text: str = ""
    rationale: str = ""

    @property
    def words(self) -> str:
        return self.text.strip() or wording(self.options, detail=self.detail)


@transaction.atomic
def open_ballot(
    referral: Referral,
    proposals: Sequence[Proposed],
    *,
    why_urgent: str,
    closes_at: datetime,
    chair: User,
    by: User,
    now: datetime,
    question: str = "",
) -> Ballot:
    """Puts a waiting referral to the vote of the board's quorum until `closes_at`; its voters are told at once.
    `question` other than the referral's replaces it."""
    referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("patient__team", "board__team", "presenter")
        .get(pk=referral.pk)
    )
    team = referral.board.team
    insist(policies.why_not_open(referral, by) or policies.why_not_elect(referral, team.local_date(now)))
    if not why_urgent.strip():
        raise ValidationError({"why_urgent": "Say why it cannot wait for the next meeting."})
    if closes_at <= now:
        raise ValidationError({"closes_on": "The vote would end in the past."})
    if not access_of(chair).may(Permission.BOARD_DECIDE, team.pk):
        raise ValidationError({"chair": f"{chair} has no role that signs decisions of this board."})
    if not proposals or not all(each.words for each in proposals):
        raise ValidationError("Choose what is proposed, or write it.")
    if len(proposals) > MOST_PROPOSALS:
        raise ValidationError(f"At most {MOST_PROPOSALS} proposals.")
    if question.strip() and question.strip() != referral.question:
        referral = complete(
            referral,
            question=question,
            hoped_for=referral.hoped_for,
            consent=referral.consent,
            external_referrer=referral.external_referrer,
            version=referral.version,
            by=by,
            now=now,
        )
    item = open_vote(referral, closes_at=closes_at, chair=chair, by=by, now=now)
    ballot = Ballot.objects.create(
        patient=referral.patient,
        item=item,
        why_urgent=why_urgent.strip()[:300],
        opened_by=by,
        opened_at=now,
        closes_at=closes_at,
        created_by=by,
    )
    for place, each in enumerate(proposals, start=1):
        if each.intent not in Intent.values:
            raise ValidationError("Choose an intent of the list.")
        Proposal.objects.create(
            patient=referral.patient,
            ballot=ballot,
            number=place,
            options=[str(option) for option in each.options],
            intent=each.intent,
            detail=each.detail.strip()[:200],
            text=each.words,
            rationale=each.rationale.strip(),
            created_by=by,
        )
    ballot = read(ballot.pk)
    tally = tally_of(ballot, team.local_date(now))
    ask(ballot, to_ask(tally.voters), f"your vote is asked for until {moment(ballot)}", now=now)
    audit("ballots.open_ballot", ballot, by=by, now=now, reason=ballot.why_urgent)
    return ballot
