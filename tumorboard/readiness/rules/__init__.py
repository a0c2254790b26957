"""Rules of readiness, by concept. Pure: no ORM, no clock, no settings."""

from tumorboard.readiness.rules.chasing import WHERE_MET, due_date, inbox_key, listed, step_key
from tumorboard.readiness.rules.criteria import Criteria, Failed, criteria, tables_asked
from tumorboard.readiness.rules.facts import Ahead, CaseFacts, Scan
from tumorboard.readiness.rules.inputs import INPUTS
from tumorboard.readiness.rules.items import (
    CHASERS,
    ESSENTIAL,
    OF_THE_REFERRAL,
    ORGANS,
    SETTLED,
    Color,
    Completeness,
    Found,
    Item,
    State,
)
from tumorboard.readiness.rules.judging import completeness, is_essential

__all__ = [
    "CHASERS",
    "ESSENTIAL",
    "INPUTS",
    "OF_THE_REFERRAL",
    "ORGANS",
    "SETTLED",
    "WHERE_MET",
    "Ahead",
    "CaseFacts",
    "Color",
    "Completeness",
    "Criteria",
    "Failed",
    "Found",
    "Item",
    "Scan",
    "State",
    "completeness",
    "criteria",
    "due_date",
    "inbox_key",
    "is_essential",
    "listed",
    "step_key",
    "tables_asked",
]
