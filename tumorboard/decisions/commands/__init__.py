"""The only writers of decisions, recommendations and who was told.

A decision with its action is recorded and signed by `live.commands`, which calls these in one transaction.
"""

from tumorboard.decisions.commands.following import propose_from, reinstate, settle
from tumorboard.decisions.commands.recording import (
    Said,
    Terms,
    add_addendum,
    record_decision,
    sign_decision,
    take_back_decision,
)
from tumorboard.decisions.commands.telling import tell, untell

__all__ = [
    "Said",
    "Terms",
    "add_addendum",
    "propose_from",
    "record_decision",
    "reinstate",
    "settle",
    "sign_decision",
    "take_back_decision",
    "tell",
    "untell",
]
