"""The trials of a site and what became of them for one patient. Pure."""

from __future__ import annotations

import re

from django.db.models import TextChoices

NCT = re.compile(r"NCT[0-9]{8}")


class TrialStatus(TextChoices):
    OPEN = "open", "Recruiting"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"


class TrialPhase(TextChoices):
    ONE = "1", "Phase 1"
    ONE_TWO = "1-2", "Phase 1/2"
    TWO = "2", "Phase 2"
    TWO_THREE = "2-3", "Phase 2/3"
    THREE = "3", "Phase 3"
    FOUR = "4", "Phase 4"
    OTHER = "other", "Registry or other"


class Outcome(TextChoices):
    """How far the thought of a trial came for a patient."""

    CONSIDERED = "considered", "Considered"
    SCREENING = "screening", "In screening"
    NOT_ELIGIBLE = "not_eligible", "Not eligible"
    DECLINED = "declined", "Patient declined"
    ENROLLED = "enrolled", "Enrolled"


O_ = Outcome
OUTCOME_TRANSITIONS: dict[Outcome, frozenset[Outcome]] = {
    O_.CONSIDERED: frozenset({O_.SCREENING, O_.NOT_ELIGIBLE, O_.DECLINED, O_.ENROLLED}),
    O_.SCREENING: frozenset({O_.NOT_ELIGIBLE, O_.DECLINED, O_.ENROLLED}),
    O_.NOT_ELIGIBLE: frozenset({O_.SCREENING}),
    O_.DECLINED: frozenset({O_.SCREENING}),
    O_.ENROLLED: frozenset(),
}
WAITING = frozenset({O_.CONSIDERED, O_.SCREENING})
MARKS: dict[str, str] = {
    O_.CONSIDERED: "amb",
    O_.SCREENING: "acc",
    O_.NOT_ELIGIBLE: "bar",
    O_.DECLINED: "bar",
    O_.ENROLLED: "grn",
}


def tidy_nct(typed: str) -> str:
    """The registry number as ClinicalTrials.gov writes it: NCT and eight digits. Raises ValueError with a sentence."""
    number = re.sub(r"[\s\-]", "", typed).upper()
    if not NCT.fullmatch(number):
        raise ValueError("A ClinicalTrials.gov number is NCT and eight digits: NCT01234567.")
    return number
