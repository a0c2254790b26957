"""R13: drug-eluting beads selected."""

from patients.guidance.rules.base import Finding, Rule, of_line
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    lines = [line for line in s.ahead("embolization") if line.is_deb]
    return Finding(tuple(of_line(line, "Procedure") for line in lines)) if lines else None


RULE = Rule(
    rule="R13",
    version=1,
    title="DEB-TACE",
    condition="DEB-TACE proposed or planned",
    text="The DEB-TACE arm of RETNET was stopped early for serious adverse events.",
    source="RETNET",
    tag="V2",
    limits="One trial in progressive NET liver metastases; says nothing of a patient in whom it was used before.",
    check=check,
    alternatives=("Conventional TACE", "TAE", "TARE"),
)
