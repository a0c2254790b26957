"""E-votes: states, what may be voted, and how votes are counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices

from careteam.people.rules import Specialty
from tumorboard.boards.rules import Need, Quorum, quorum_of


class BallotStatus(TextChoices):
    OPEN = "open", "Open"
    ENDED = "ended", "Ended: the chair signs"
    ACCEPTED = "accepted", "Accepted"
    RETURNED = "returned", "To be discussed in a meeting"
    WITHDRAWN = "withdrawn", "Withdrawn"


B = BallotStatus
BALLOT_TRANSITIONS: dict[BallotStatus, frozenset[BallotStatus]] = {
    B.OPEN: frozenset({B.ENDED, B.ACCEPTED, B.RETURNED, B.WITHDRAWN}),
    B.ENDED: frozenset({B.ACCEPTED, B.RETURNED, B.WITHDRAWN}),
    B.ACCEPTED: frozenset(),
    B.RETURNED: frozenset(),
    B.WITHDRAWN: frozenset(),
}
LIVE_BALLOTS = frozenset({B.OPEN, B.ENDED})
MOST_PROPOSALS = 3


class VoteChoice(TextChoices):
    AGREE = "agree", "Agree"
    DISAGREE = "disagree", "Disagree"
    DISCUSS = "discuss", "Discuss in a meeting instead"
    ABSTAIN = "abstain", "Abstain: conflict of interest"


OBJECTIONS = frozenset({VoteChoice.DISAGREE, VoteChoice.DISCUSS})
MARKS: dict[str, str] = {
    VoteChoice.AGREE: "grn",
    VoteChoice.DISAGREE: "red",
    VoteChoice.DISCUSS: "amb",
    VoteChoice.ABSTAIN: "bar",
}


@dataclass(frozen=True)
class Cast:
    """One vote: for which specialty it counts, and which proposal it agrees with (0: none)."""

    specialty: str
    choice: VoteChoice
    proposal: int = 0


@dataclass(frozen=True)
class Count:
    """How a ballot stands. Each specialty counts once: one objection of it outweighs its agreements, and one that
    agrees with two proposals agrees with neither. Who abstains stands for nobody."""

    quorum: Quorum
    voted: frozenset[str]
    agree: dict[int, frozenset[str]]
    object_: frozenset[str]
    split: frozenset[str]

    @property
    def needed(self) -> int:
        return len(self.quorum.required)

    @property
    def filled(self) -> int:
        """How many of the needed specialties have voted."""
        return self.needed - len(self.quorum.missing)

    @property
    def is_contested(self) -> bool:
        """Somebody objects, or proposals share the agreement: the chair answers before anything is accepted."""
        return bool(self.object_ or self.split or len([each for each in self.agree.values() if each]) > 1)

    @property
    def carried(self) -> int:
        """The proposal that every specialty agrees with, quorum there and nobody against; 0: none does."""
        if not self.quorum.is_quorate or self.is_contested:
            return 0
        return next((number for number, specialties in self.agree.items() if specialties), 0)

    def why_not_accept(self, proposal: int) -> list[str]:
        """An e-vote needs its quorum, and more than half of the specialties that voted."""
        reasons = []
        if not self.quorum.is_quorate:
            reasons.append(f"Nobody has voted for {self.quorum.missing_label}.")
        agreeing = len(self.agree.get(proposal, ()))
        if agreeing * 2 <= len(self.voted):
            reasons.append(f"{agreeing} of {len(self.voted)} specialties agree with this proposal: not more than half.")
        return reasons


def count(needs: Iterable[Need], casts: Iterable[Cast], proposals: Iterable[int]) -> Count:
    """Counts the votes by specialty."""
    by_specialty: dict[str, list[Cast]] = {}
    for cast in casts:
        if cast.choice is not VoteChoice.ABSTAIN and cast.specialty:
            by_specialty.setdefault(cast.specialty, []).append(cast)
    agree: dict[int, set[str]] = {number: set() for number in proposals}
    object_, split = set(), set()
    for specialty, votes in by_specialty.items():
        chosen = {vote.proposal for vote in votes}
        if any(vote.choice in OBJECTIONS for vote in votes):
            object_.add(specialty)
        elif len(chosen) > 1:
            split.add(specialty)
        else:
            agree.setdefault(chosen.pop(), set()).add(specialty)
    return Count(
        quorum=quorum_of(needs, by_specialty),
        voted=frozenset(by_specialty),
        agree={number: frozenset(specialties) for number, specialties in agree.items()},
        object_=frozenset(object_),
        split=frozenset(split),
    )


def specialty_label(value: str) -> str:
    return Specialty(value).label if value in Specialty.values else "no specialty"


def voted_words(counted: Count, proposal: int) -> str:
    """`6 of 6 specialties voted, 5 agree`."""
    return f"{counted.filled} of {counted.needed} specialties voted, {len(counted.agree.get(proposal, ()))} agree"
