"""R16: diarrhea while an analog runs."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import STOOLS, Snapshot


def check(s: Snapshot) -> Finding | None:
    analogs = [line for line in s.lines if line.modality == "ssa" and line.is_running]
    stools, limit = s.labs.get(STOOLS), s.numbers["telotristat.stools"]
    if not analogs or stools is None or stools.value is None or stools.value < limit.value:
        return None
    if any(line.modality == "telotristat" for line in s.open_lines()):
        return None
    missing = [] if s.syndrome == "carcinoid" else ["carcinoid syndrome: telotristat is labelled for its diarrhea"]
    hit = Hit(Matched("Bowel movements", f"{stools.words}, from {limit.words}", stools.on), "telotristat.stools")
    return weighed(s, [hit], about=[of_line(analogs[-1])], missing=missing)


RULE = Rule(
    rule="R16",
    version=1,
    title="Diarrhea on an analog",
    condition="Bowel movements a day at or above the limit while a somatostatin analog runs, no telotristat open",
    text="Telotristat? First exclude pancreatic insufficiency and bile acid diarrhea.",
    source="Telotristat label",
    tag="V",
    limits="Counts what was recorded last. The causes to exclude are prior knowledge (P).",
    check=check,
    alternatives=("Bile acid binder", "Pancreatic enzymes", "Stool tests and infection", "Telotristat"),
    numbers=("telotristat.stools",),
)
