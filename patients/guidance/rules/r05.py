"""R05: PRRT proposed, planned or running, and a criterion is flagged, stale or missing."""

from patients.guidance.rules.base import Finding, Matched, Rule, Snapshot
from patients.guidance.rules.prrt import MISSING, NOT_MET, NUMBERS, REVIEW, STALE, criteria

_WORD = {NOT_MET: "criterion not met", REVIEW: "review", STALE: "stale"}


def check(s: Snapshot) -> Finding | None:
    lines = s.open_lines("prrt")
    if not lines:
        return None
    rows = criteria(s)
    failing = tuple(
        Matched(row.name, f"{row.value} ({_WORD[row.state]}, {row.threshold})", row.on) for row in rows if row.fails
    )
    missing = tuple(row.name + (f": {row.value}" if row.value else "") for row in rows if row.state == MISSING)
    if not failing and not missing:
        return None
    text = ""
    if not failing:
        text = "PRRT criteria are not complete."
    return Finding((Matched("Line", lines[0].label, lines[0].on), *failing), missing, text)


RULE = Rule(
    rule="R05",
    version=1,
    title="PRRT criteria",
    condition="PRRT proposed, planned or running, and a row of the criteria is flagged, stale or missing",
    text="PRRT criteria not met, to be reviewed, or stale.",
    source="US and EU label, NETTER-1, published criteria",
    tag="V2",
    check=check,
    alternatives=("Another treatment", "Correct or repeat the finding", "Reduced activity, by nuclear medicine"),
    numbers=NUMBERS,
)
