"""What happens between two meetings in the demo, through the commands that people use."""

from __future__ import annotations

from datetime import datetime, timedelta

from careteam.people.models import Team, User
from careteam.people.queries import people_with_role
from careteam.people.rules import Role
from tumorboard.ballots.commands import Proposed, cast_vote, open_ballot
from tumorboard.ballots.models import Ballot
from tumorboard.ballots.rules import VoteChoice
from tumorboard.decisions.rules import Option
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import ReferralStatus

_VOTES: tuple[tuple[Role, VoteChoice, str], ...] = (
    (Role.SURGEON, VoteChoice.AGREE, "No surgical option at present."),
    (Role.RADIOLOGIST, VoteChoice.AGREE, ""),
    (Role.PATHOLOGIST, VoteChoice.AGREE, "Grade unchanged on the last specimen."),
    (Role.NUCLEAR_MEDICINE, VoteChoice.DISCUSS, "The last SSTR PET is worth a look together."),
)


def open_vote_of_demo(team: Team, *, now: datetime) -> Ballot | None:
    """One open e-vote with most of its votes, where the team has a referral that waits and no e-vote yet."""
    waiting = Referral.objects.valid().filter(
        board__team=team, status=ReferralStatus.SUBMITTED, patient__deceased_on=None, patient__merged_into=None
    )
    referral = waiting.select_related("board").order_by("pk").first()
    if referral is None or Ballot.objects.filter(item__meeting__board__team=team).exists():
        return None
    chair, coordinator = _one(team, Role.ONCOLOGIST), _one(team, Role.BOARD_COORDINATOR)
    opened = now - timedelta(hours=3)
    ballot = open_ballot(
        referral,
        [
            Proposed(
                options=(Option.SSA, Option.WITH_PALLIATIVE),
                intent="symptom",
                detail="shorten the interval to 21 days",
                rationale="On the full dose for months; admitted twice this month.",
            ),
            Proposed(options=(Option.EMBOLIZATION,), intent="symptom", detail="right lobe first"),
        ],
        why_urgent="Admitted with dehydration; the ward asks what comes next before the weekend.",
        closes_at=(now + timedelta(hours=21)).replace(minute=0, second=0, microsecond=0),
        chair=chair,
        by=coordinator,
        now=opened,
    )
    for hours, (role, choice, comment) in enumerate(_VOTES):
        at = opened + timedelta(minutes=20 + 25 * hours)
        proposal = 1 if choice is VoteChoice.AGREE else 0
        cast_vote(ballot, choice, proposal=proposal, comment=comment, by=_one(team, role), now=at)
    return ballot


def _one(team: Team, role: Role) -> User:
    """The first of that role by seniority."""
    return min(people_with_role(team, role), key=lambda person: person.pk)
