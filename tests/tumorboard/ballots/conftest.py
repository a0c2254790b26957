"""An urgent referral, and an e-vote about it."""

from datetime import datetime, timedelta

import pytest

from careteam.people.rules import Role, Specialty
from tests import factories
from tests.factories.board import Room
from tumorboard.ballots.commands import Proposed, open_ballot
from tumorboard.ballots.models import Ballot
from tumorboard.boards.commands import set_member
from tumorboard.decisions.rules import Option
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import Urgency


@pytest.fixture
def seats(room: Room) -> Room:
    """The chair sits for oncology with a deputy, the pathologist for pathology."""
    room.deputy = factories.person(room.team, Role.ONCOLOGIST, name="Dora Deputy")
    set_member(
        room.board,
        room.chair,
        specialty=Specialty.MEDICAL_ONCOLOGY,
        deputy=room.deputy,
        by=room.coordinator,
        now=room.now,
    )
    set_member(room.board, room.pathologist, specialty=Specialty.PATHOLOGY, by=room.coordinator, now=room.now)
    return room


@pytest.fixture
def urgent(seats: Room) -> Referral:
    return seats.referral(urgency=Urgency.URGENT, question="Cord compression: radiotherapy now?")


def opened(room: Room, referral: Referral, *proposals: Proposed, ends: datetime | None = None) -> Ballot:
    return open_ballot(
        referral,
        proposals or (Proposed(options=(Option.RADIOTHERAPY,), intent="symptom", detail="T8, 5 × 4 Gy"),),
        why_urgent="Leg weakness since yesterday",
        closes_at=ends or room.now + timedelta(hours=24),
        chair=room.chair,
        by=room.coordinator,
        now=room.now,
    )


@pytest.fixture
def ballot(seats: Room, urgent: Referral) -> Ballot:
    return opened(seats, urgent)
