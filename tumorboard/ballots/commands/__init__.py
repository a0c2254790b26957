"""The only writers of e-votes. The meeting of a vote is locked first, then its ballot, then its case."""

from tumorboard.ballots.commands.ending import accept, return_to_meeting
from tumorboard.ballots.commands.opening import Proposed, open_ballot
from tumorboard.ballots.commands.sweeping import sweep_ballots
from tumorboard.ballots.commands.voting import cast_vote, extend

__all__ = [
    "Proposed",
    "accept",
    "cast_vote",
    "extend",
    "open_ballot",
    "return_to_meeting",
    "sweep_ballots",
]
