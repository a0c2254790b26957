"""R15: a functional tumor whose somatostatin analog was stopped; not insulinoma, which an analog may worsen."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import ENDED, Snapshot

_NOT = frozenset({"", "nonfunctional", "insulinoma"})


def check(s: Snapshot) -> Finding | None:
    ended = [line for line in s.lines if line.modality == "ssa" and line.status in ENDED and line.was_given]
    if s.syndrome in _NOT or not ended or s.open_lines("ssa"):
        return None
    last = ended[-1]
    ending = Matched("Ended", last.end_reason.replace("_", " ") or "reason not recorded", last.ended_on)
    missing = () if last.end_reason else ("why the analog was stopped",)
    return Finding((Matched("Syndrome", s.syndrome), of_line(last), ending), missing)


RULE = Rule(
    rule="R15",
    version=1,
    title="Analog stopped, syndrome remains",
    condition="Functional syndrome other than insulinoma, a somatostatin analog ended, none open",
    text="Continue the somatostatin analog for symptom control?",
    source="ASCO 2023",
    tag="V",
    limits="Does not know whether symptoms remain, nor why the analog was not tolerated.",
    check=check,
    alternatives=("Analog for symptom control", "Other symptom treatment", "Stay without, symptoms controlled"),
)
