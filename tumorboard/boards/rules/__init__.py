"""Rules of boards, by concept. Pure: no ORM, no clock, no settings."""

from tumorboard.boards.rules.dates import (
    AHEAD,
    EXCEPTION,
    MAX_OCCURRENCES,
    Occurrence,
    Times,
    local_moment,
    occurrences,
    public_holidays,
    times_of,
)
from tumorboard.boards.rules.quorum import (
    DEFAULT_QUORUM,
    Need,
    Quorum,
    QuorumCondition,
    conditions_of,
    default_quorum_when,
    needs_of,
    quorum_of,
    together,
    why_not_quorum_when,
)
from tumorboard.boards.rules.recurrence import Rhythm, Weekday, in_words, rhythm_of, rule_of, why_not_rule

__all__ = [
    "AHEAD",
    "DEFAULT_QUORUM",
    "EXCEPTION",
    "MAX_OCCURRENCES",
    "Need",
    "Occurrence",
    "Quorum",
    "QuorumCondition",
    "Rhythm",
    "Times",
    "Weekday",
    "conditions_of",
    "default_quorum_when",
    "in_words",
    "local_moment",
    "needs_of",
    "occurrences",
    "public_holidays",
    "quorum_of",
    "rhythm_of",
    "rule_of",
    "times_of",
    "together",
    "why_not_quorum_when",
    "why_not_rule",
]
