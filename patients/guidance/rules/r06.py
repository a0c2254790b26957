"""R06: first line of an SSTR-positive G1–2 tumor; not insulinoma (SSA may worsen it) nor gastrinoma (`model.md` 7)."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import Snapshot

_GRADES = frozenset({"NET G1", "NET G2"})
_NOT = frozenset({"insulinoma", "gastrinoma"})


def check(s: Snapshot) -> Finding | None:
    if s.grade not in _GRADES or s.stage != "IV" or s.syndrome in _NOT or s.sstr_positive is not True:
        return None
    if s.therapy_line or any(line.is_open and line.is_systemic for line in s.lines):
        return None
    missing = () if s.syndrome else ("functional syndrome: not for insulinoma",)
    matched = (
        Matched("Grade", s.grade, s.grade_on),
        Matched("Stage", s.stage, s.stage_on),
        Matched("SSTR", "positive", s.uptake_on),
        Matched("Systemic therapy", "none so far"),
    )
    return Finding(matched, missing)


RULE = Rule(
    rule="R06",
    version=1,
    title="First line",
    condition="NET G1–2, SSTR-positive, stage IV, no systemic line yet, not insulinoma or gastrinoma",
    text="A somatostatin analog is the usual first line; observation is an option if low volume and asymptomatic.",
    source="ASCO 2023",
    tag="V",
    limits="Does not judge volume or symptoms. No trial showed longer survival with an analog.",
    check=check,
    alternatives=("Clinical trial", "Observation", "Somatostatin analog", "Surgical review"),
)
