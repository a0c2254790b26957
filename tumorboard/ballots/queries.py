"""Who may vote, how a ballot stands, which ballots there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Count as DbCount
from django.db.models import Q
from django.http import Http404

from careteam.people.models import Membership
from careteam.people.queries import absent_user_ids, people_with_role
from careteam.people.rules import ROLE_PERMISSIONS, Permission, Role
from tumorboard.ballots.models import Ballot, Proposal, Vote
from tumorboard.ballots.rules import (
    LIVE_BALLOTS,
    MARKS,
    BallotStatus,
    Cast,
    Count,
    VoteChoice,
    count,
    specialty_label,
)
from tumorboard.boards.rules import Need
from tumorboard.meetings.queries import active_members, quorum_for, stand_ins

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from careteam.people.models import User
    from tumorboard.boards.models import Board
    from tumorboard.meetings.models import AgendaItem

_RELATED = (
    "item__meeting__board__team",
    "item__meeting__chair",
    "item__patient__team",
    "item__referral__presenter",
    "item__referral__board",
    "patient__team",
    "opened_by",
    "closed_by",
    "extended_by",
    "accepted",
)


@dataclass(frozen=True)
class Voter:
    """`person` may vote for `specialty`; `instead_of` names the member whose deputy they are. `is_asked`: told when the
    vote opens; a deputy only when the member is away."""

    person: User
    specialty: str
    instead_of: str = ""
    is_away: bool = False
    is_asked: bool = True

    @property
    def label(self) -> str:
        return specialty_label(self.specialty)


def electorate(board: Board, needs: Iterable[Need], on: date) -> tuple[Voter, ...]:
    """Members and deputies of the needed specialties; where the board has no seat of one, everybody of the team who
    stands for it. A person votes for one specialty: their own seat's before one they stand in for. Five
    queries at most."""
    specialties = [str(need.specialty) for need in needs]
    away = absent_user_ids(on)
    working = {
        row.user_id: row
        for row in Membership.objects.current()
        .filter(team_id=board.team_id, user__is_active=True)
        .select_related("user")
        .order_by("pk")
    }
    members = [row for row in active_members(board.pk) if row.specialty in specialties and row.user_id in working]
    found = {
        row.user_id: Voter(row.user, row.specialty, "", row.user_id in away, row.user_id not in away) for row in members
    }
    # Who takes the seat of a member who is away, then the deputies of those who are there.
    for stand_in in stand_ins(board.team_id, on, members, away):
        if stand_in.specialty in specialties:
            found.setdefault(stand_in.person.pk, Voter(stand_in.person, stand_in.specialty, str(stand_in.member)))
    for row in members:
        deputy = row.deputy
        if deputy is not None and deputy.pk in working:
            voter = Voter(deputy, row.specialty, str(row.user), deputy.pk in away, is_asked=False)
            found.setdefault(deputy.pk, voter)
    seated = {voter.specialty for voter in found.values()}
    for membership in working.values():
        if membership.specialty in specialties and membership.specialty not in seated | {""}:
            is_away = membership.user_id in away
            found.setdefault(membership.user_id, Voter(membership.user, membership.specialty, "", is_away, not is_away))
    return tuple(sorted(found.values(), key=lambda voter: (voter.label, bool(voter.instead_of), voter.person.name)))


def deciders(board: Board) -> list[User]:
    """Who may close an e-vote of the board, by name."""
    return people_with_role(board.team, *(role for role in Role if Permission.BOARD_DECIDE in ROLE_PERMISSIONS[role]))


def unmanned(needs: Iterable[Need], voters: Iterable[Voter]) -> tuple[Need, ...]:
    """Needed specialties for which nobody could vote."""
    there = {voter.specialty for voter in voters}
    return tuple(need for need in needs if need.specialty not in there)


def to_ask(voters: Iterable[Voter], *, missing: Iterable[Need] | None = None) -> list[User]:
    """Whom the opening tells; with `missing`, whom a reminder reaches: members and deputies of what has not voted."""
    rows = list(voters)
    if missing is not None:
        open_ones = {str(need.specialty) for need in missing}
        return [voter.person for voter in rows if voter.specialty in open_ones]
    asked = {voter.specialty for voter in rows if voter.is_asked}
    return [voter.person for voter in rows if voter.is_asked or voter.specialty not in asked]


@dataclass(frozen=True)
class VoteRow:
    person_id: int
    name: str
    choice: VoteChoice
    proposal: int
    comment: str
    at: datetime

    @property
    def mark(self) -> str:
        return MARKS[self.choice]


@dataclass(frozen=True)
class SeatRow:
    """One needed specialty: who voted for it, and who still could."""

    label: str
    because: str
    votes: tuple[VoteRow, ...]
    waiting: tuple[str, ...]

    @property
    def is_filled(self) -> bool:
        return any(vote.choice is not VoteChoice.ABSTAIN for vote in self.votes)


@dataclass(frozen=True)
class Tally:
    """A ballot as everybody sees it fill."""

    count: Count
    seats: tuple[SeatRow, ...]
    proposals: tuple[tuple[Proposal, int], ...]  # with how many specialties agree
    votes: tuple[Vote, ...]
    voters: tuple[Voter, ...]

    @property
    def objections(self) -> tuple[Vote, ...]:
        return tuple(vote for vote in self.votes if vote.choice in {VoteChoice.DISAGREE, VoteChoice.DISCUSS})

    @property
    def abstentions(self) -> tuple[Vote, ...]:
        return tuple(vote for vote in self.votes if vote.choice == VoteChoice.ABSTAIN)

    @property
    def several(self) -> bool:
        return len(self.proposals) > 1

    def voter(self, user: User) -> Voter | None:
        """As what the person votes; None: not asked."""
        return next((voter for voter in self.voters if voter.person.pk == user.pk), None)

    def vote_of(self, user: User) -> Vote | None:
        return next((vote for vote in self.votes if vote.voter_id == user.pk), None)


def visible_ballot(user: User | AnonymousUser, meeting_id: int) -> Ballot:
    """The e-vote of that meeting with all that belongs to it, if the person belongs to its team; else 404."""
    row: Ballot | None = (
        Ballot.objects.valid().visible_to(user).select_related(*_RELATED).filter(item__meeting_id=meeting_id).first()
    )
    if row is None:
        raise Http404("No such e-vote, or not yours to see.")
    return row


def tally_of(ballot: Ballot, on: date) -> Tally:
    """How the ballot stands, with the quorum as the decision would count it; on the local day `on` somebody may be
    away."""
    item: AgendaItem = ballot.item
    votes = tuple(
        Vote.objects.valid().filter(ballot=ballot).select_related("voter", "proposal").order_by("voted_at", "pk")
    )
    proposals = list(Proposal.objects.valid().filter(ballot=ballot).order_by("number"))
    needs = quorum_for(item).required
    counted = count(needs, [_cast(vote) for vote in votes], [each.number for each in proposals])
    voters = electorate(item.meeting.board, needs, on)
    have_voted = {vote.voter_id for vote in votes}
    seats = tuple(
        SeatRow(
            label=need.specialty.label,
            because=need.because,
            votes=tuple(_vote_row(vote) for vote in votes if vote.specialty == need.specialty),
            waiting=tuple(
                f"{voter.person}{f', for {voter.instead_of}' if voter.instead_of else ''}"
                f"{', away' if voter.is_away else ''}"
                for voter in voters
                if voter.specialty == need.specialty and voter.person.pk not in have_voted
            ),
        )
        for need in needs
    )
    return Tally(
        count=counted,
        seats=seats,
        proposals=tuple((each, len(counted.agree.get(each.number, ()))) for each in proposals),
        votes=votes,
        voters=voters,
    )


def _cast(vote: Vote) -> Cast:
    return Cast(vote.specialty, VoteChoice(vote.choice), vote.proposal.number if vote.proposal else 0)


def _vote_row(vote: Vote) -> VoteRow:
    return VoteRow(
        person_id=vote.voter_id,
        name=str(vote.voter),
        choice=VoteChoice(vote.choice),
        proposal=vote.proposal.number if vote.proposal else 0,
        comment=vote.comment,
        at=vote.voted_at,
    )


@dataclass(frozen=True)
class BallotRow:
    """One e-vote on a list; `votes` counts people."""

    meeting_id: int
    patient_id: int
    patient_name: str
    birth_date: date | None
    sex: str
    board_name: str
    question: str
    status: BallotStatus
    closes_at: datetime
    closed_at: datetime | None
    votes: int
    mine: str
    chair: str

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_BALLOTS

    @property
    def mark(self) -> str:
        return {"open": "acc", "ended": "amb", "accepted": "grn", "returned": "amb"}.get(self.status, "bar")


def ballot_rows(user: User, *, limit: int = 20) -> tuple[BallotRow, ...]:
    """E-votes of the boards of the person's teams: live ones, the one that ends first on top, then the latest. Two
    queries."""
    seen = Ballot.objects.valid().visible_to(user)
    live = list(_listed(seen.live().order_by("closes_at", "pk")))
    over = list(_listed(seen.exclude(status__in=LIVE_BALLOTS).order_by("-closed_at", "-pk"))[:limit])
    rows = [*live, *over]
    mine = dict(Vote.objects.valid().filter(ballot__in=rows, voter=user).values_list("ballot_id", "choice"))
    return tuple(
        BallotRow(
            meeting_id=row.item.meeting_id,
            patient_id=row.patient_id,
            patient_name=row.patient.name,
            birth_date=row.patient.birth_date,
            sex=row.patient.get_sex_display(),
            board_name=row.item.meeting.board.name,
            question=row.item.referral.question,
            status=BallotStatus(row.status),
            closes_at=row.closes_at,
            closed_at=row.closed_at,
            votes=getattr(row, "n", 0),
            mine=VoteChoice(mine[row.pk]).label if row.pk in mine else "",
            chair=str(row.item.meeting.chair or ""),
        )
        for row in rows
    )


def _listed(rows: QuerySet[Ballot]) -> QuerySet[Ballot]:
    return rows.select_related("item__meeting__board", "item__meeting__chair", "item__referral", "patient").annotate(
        n=DbCount("votes", filter=Q(votes__error_at__isnull=True))
    )


def ballots_of_referral(referral_id: int) -> list[Ballot]:
    """The e-votes about one referral, the latest first."""
    rows = Ballot.objects.valid().filter(item__referral_id=referral_id).select_related(*_RELATED)
    return list(rows.order_by("-opened_at", "-pk"))
