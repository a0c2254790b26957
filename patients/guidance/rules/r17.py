"""R17: stage IV without contact to the palliative team."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    if s.stage != "IV" or s.palliative_on is not None:
        return None
    return Finding((Matched("Stage", "IV", s.stage_on), Matched("Palliative contact", "none recorded")))


RULE = Rule(
    rule="R17",
    version=1,
    title="Palliative care",
    condition="Stage IV, no palliative contact recorded",
    text="Offer early palliative care, beside every treatment.",
    source="ASCO 2024",
    tag="V",
    limits="Knows contacts recorded here: a referral, or a named member of the care team.",
    check=check,
    alternatives=("Ask the palliative team", "Palliative care by the treating team", "Record a contact elsewhere"),
)
