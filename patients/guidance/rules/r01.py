"""R01: neuroendocrine carcinoma, metastatic, nothing given for it yet but a first line."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    if not s.is_nec or s.stage != "IV" or s.therapy_line > 1 or any(line.is_platinum for line in s.lines):
        return None
    given = [line for line in s.lines if line.is_systemic and line.was_given]
    if any(not line.is_running for line in given):
        return None
    matched = (
        Matched("Grade", s.grade, s.grade_on),
        Matched("Stage", s.stage, s.stage_on),
        *([of_line(given[0])] if given else [Matched("Systemic therapy", "none so far")]),
    )
    return Finding(matched, s.grade_missing)


RULE = Rule(
    rule="R01",
    version=1,
    title="First line of NEC",
    condition="NEC, stage IV, first line or none yet, no platinum recorded",
    text="Platinum with etoposide is guideline first line; record the discussion.",
    source="ENETS 2023",
    tag="V",
    limits="Reads grade and stage only: not kidney function, hearing, performance status or what the patient wants.",
    check=check,
    alternatives=("Best supportive care", "Clinical trial", "Platinum and etoposide"),
)
