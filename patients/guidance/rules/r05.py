"""R05: PRRT proposed, planned or running, and a criterion is flagged, stale or missing."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.eligibility import MISSING, NOT_MET, REVIEW, STALE
from patients.guidance.rules.facts import Snapshot
from patients.guidance.rules.prrt import NUMBERS, criteria

_WORD = {NOT_MET: "criterion not met", REVIEW: "review", STALE: "stale"}


def check(s: Snapshot) -> Finding | None:
    lines = s.open_lines("prrt")
    if not lines:
        return None
    rows = criteria(s)
    failing = tuple(
        Matched(row.name, f"{row.value} ({_WORD[row.state]}, {row.threshold})".strip(), row.on)
        for row in rows
        if row.fails
    )
    missing = tuple(row.name + (f": {row.value}" if row.value else "") for row in rows if row.state == MISSING)
    if failing or missing:
        text = "" if failing else "PRRT criteria are not complete."
        return Finding((*(of_line(line) for line in lines), *failing), missing, text)
    unsigned = [row for row in rows if row.unsigned and row.state in _WORD]
    if not unsigned:
        return None
    local = tuple(Matched(row.name, f"{row.value} ({_WORD[row.state]}, {row.threshold})", row.on) for row in unsigned)
    return Finding((of_line(lines[0]), *local), local=tuple(dict.fromkeys(row.code for row in unsigned)))


RULE = Rule(
    rule="R05",
    version=2,
    title="PRRT criteria",
    condition="PRRT proposed, planned or running, and a row of the criteria is flagged, stale or missing",
    text="PRRT criteria not met, to be reviewed, or stale.",
    source="US and EU label, NETTER-1, published criteria",
    tag="V2",
    limits="From trials and labels; a nuclear physician may weigh them otherwise. Met criteria are no clearance.",
    check=check,
    alternatives=("Another treatment", "Correct or repeat the finding", "Reduced activity, by nuclear medicine"),
    numbers=NUMBERS,
)
