"""Counting votes: each specialty once, nothing passes in silence."""

import pytest

from careteam.people.rules import Specialty
from tumorboard.ballots.rules import BALLOT_TRANSITIONS, LIVE_BALLOTS, Cast, VoteChoice, count
from tumorboard.boards.rules import Need

ONCOLOGY, PATHOLOGY, RADIOLOGY = Specialty.MEDICAL_ONCOLOGY, Specialty.PATHOLOGY, Specialty.RADIOLOGY
NEEDS = (Need(ONCOLOGY), Need(PATHOLOGY), Need(RADIOLOGY))
AGREE, DISAGREE, DISCUSS, ABSTAIN = VoteChoice


def yes(specialty: str, proposal: int = 1) -> Cast:
    return Cast(specialty, AGREE, proposal)


def no(specialty: str, choice: VoteChoice = DISAGREE) -> Cast:
    return Cast(specialty, choice)


@pytest.mark.parametrize(
    ("votes", "filled", "carried", "contested"),
    [
        ([], 0, 0, False),
        ([yes(ONCOLOGY)], 1, 0, False),
        ([yes(ONCOLOGY), yes(ONCOLOGY)], 1, 0, False),  # a specialty counts once
        ([yes(ONCOLOGY), yes(PATHOLOGY), yes(RADIOLOGY)], 3, 1, False),
        ([yes(ONCOLOGY, 2), yes(PATHOLOGY, 2), yes(RADIOLOGY, 2)], 3, 2, False),
        ([yes(ONCOLOGY), yes(PATHOLOGY, 2), yes(RADIOLOGY)], 3, 0, True),  # shared between two proposals
        ([yes(ONCOLOGY), yes(PATHOLOGY), no(RADIOLOGY)], 3, 0, True),
        ([yes(ONCOLOGY), yes(PATHOLOGY), no(RADIOLOGY, DISCUSS)], 3, 0, True),
        ([yes(ONCOLOGY), yes(PATHOLOGY), no(RADIOLOGY, ABSTAIN)], 2, 0, False),  # stands for nobody
        ([yes(ONCOLOGY), yes(PATHOLOGY), no(RADIOLOGY, ABSTAIN), yes(RADIOLOGY)], 3, 1, False),
        ([yes(ONCOLOGY), yes(PATHOLOGY), yes(RADIOLOGY), no(RADIOLOGY)], 3, 0, True),  # one objection outweighs
        ([yes(ONCOLOGY), yes(PATHOLOGY), yes(RADIOLOGY), yes(RADIOLOGY, 2)], 3, 0, True),  # agrees with neither
        ([yes(Specialty.SURGERY if hasattr(Specialty, "SURGERY") else "surgery")], 0, 0, False),  # not needed
    ],
)
def test_count(votes: list[Cast], filled: int, carried: int, contested: bool) -> None:
    counted = count(NEEDS, votes, [1, 2])
    assert (counted.filled, counted.carried, counted.is_contested) == (filled, carried, contested)


def test_acceptance_needs_quorum_and_more_than_half() -> None:
    assert count(NEEDS, [yes(ONCOLOGY), yes(PATHOLOGY)], [1]).why_not_accept(1) == ["Nobody has voted for Radiology."]
    half = count(NEEDS, [yes(ONCOLOGY), no(PATHOLOGY), no(RADIOLOGY)], [1])
    assert half.why_not_accept(1) == ["1 of 3 specialties agree with this proposal: not more than half."]
    assert count(NEEDS, [yes(ONCOLOGY), yes(PATHOLOGY), no(RADIOLOGY)], [1]).why_not_accept(1) == []


def test_what_is_over_stays_over() -> None:
    assert {state for state, targets in BALLOT_TRANSITIONS.items() if targets} == set(LIVE_BALLOTS)
