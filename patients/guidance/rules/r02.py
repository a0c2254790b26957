"""R02: neuroendocrine carcinoma after platinum."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import LineFact, Snapshot


def _is_over(s: Snapshot, line: LineFact) -> bool:
    """The platinum line ended, or the tumor progressed on it."""
    if not line.is_running:
        return True
    if s.response != "PD" or s.response_on is None or line.started_on is None:
        return False
    return s.response_on > line.started_on


def check(s: Snapshot) -> Finding | None:
    given = [line for line in s.lines if line.is_platinum and line.was_given]
    if not s.is_nec or not given or not _is_over(s, given[-1]):
        return None
    last = given[-1]
    later = [
        line for line in s.lines[s.lines.index(last) + 1 :] if line.is_systemic and (line.is_open or line.was_given)
    ]
    if later:
        return None
    matched = [Matched("Grade", s.grade, s.grade_on), of_line(last, "After")]
    if s.response:
        matched.append(Matched("Response", s.response, s.response_on))
    return Finding(tuple(matched), () if s.response else ("response to platinum",))


RULE = Rule(
    rule="R02",
    version=1,
    title="NEC after platinum",
    condition="NEC, platinum ended or progression on it, no later systemic line begun, planned or proposed",
    text="Irinotecan with a fluoropyrimidine has the best second-line evidence. A trial?",
    source="ENETS 2023",
    tag="V",
    limits="Does not know how long the response to platinum lasted: late relapse may respond to it again.",
    check=check,
    alternatives=("Best supportive care", "Clinical trial", "Irinotecan and fluoropyrimidine", "Platinum again"),
)
