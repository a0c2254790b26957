"""R09: cabozantinib without prior therapy."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    lines = [line for line in s.open_lines() if line.is_drug("cabozantinib")]
    if not lines:
        return None
    current = lines[0]
    prior = [
        line
        for line in s.lines
        if line.line_id != current.line_id
        and line.is_systemic
        and not line.is_ahead
        and (line.started_on is None or current.on is None or line.started_on < current.on)
    ]
    if prior:
        return None
    return Finding((of_line(current), Matched("Prior therapy", "none recorded")))


RULE = Rule(
    rule="R09",
    version=1,
    title="Cabozantinib label",
    condition="Cabozantinib proposed, planned or running, no prior systemic therapy recorded",
    text="Cabozantinib is labelled after prior therapy.",
    source="FDA label 26 Mar 2025",
    tag="V2",
    limits="Treatment given elsewhere may be missing here. The trial asked for a prior agent other than an analog.",
    check=check,
    alternatives=(
        "Complete the record of earlier treatment",
        "Everolimus",
        "PRRT, if SSTR-positive",
        "Somatostatin analog",
    ),
)
