"""R21: grade unknown or in conflict, or an old specimen and a tumor that now grows fast."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import Snapshot

_UNKNOWN = frozenset({"unclassified", "ungraded"})


def _fast(s: Snapshot) -> list[Matched]:
    """Progression soon after the running line began, on a specimen that is old."""
    age = s.days_since(s.specimen_on)
    if s.response != "PD" or s.response_on is None or age is None or age <= s.numbers["pathology.age"].value:
        return []
    limit = s.numbers["pathology.rapid"].value
    lines = [
        line
        for line in s.lines
        if line.is_systemic
        and line.was_given
        and line.started_on
        and 0 < (s.response_on - line.started_on).days <= limit
    ]
    if not lines:
        return []
    return [
        Matched("Last specimen", "old", s.specimen_on),
        Matched("Response", "PD", s.response_on),
        of_line(lines[-1]),
    ]


def check(s: Snapshot) -> Finding | None:
    hits = [Hit(Matched("Conflict", sentence, s.grade_on)) for sentence in s.grade_conflicts]
    if s.grade in _UNKNOWN and not hits:
        hits = [Hit(Matched("Grade", s.grade, s.grade_on))]
        return weighed(s, hits, missing=s.grade_missing)
    about = [Matched("Grade", s.grade, s.grade_on)]
    if hits:
        return weighed(s, hits, about=about, missing=s.grade_missing)
    fast = _fast(s)
    code = next((each for each in ("pathology.age", "pathology.rapid") if not s.numbers[each].settled), "pathology.age")
    return weighed(s, [Hit(each, code) for each in fast], about=about)


RULE = Rule(
    rule="R21",
    version=2,
    title="Pathology",
    condition="Grade unknown, findings that contradict each other, or an old specimen and early progression",
    text="Repeat or review pathology?",
    source="Prior knowledge",
    tag="P",
    limits="Grade is never inferred here: NEC comes from differentiation, not from Ki-67.",
    check=check,
    alternatives=("FDG PET first", "New biopsy", "Pathology review of the existing specimen"),
    numbers=("pathology.age", "pathology.rapid"),
)
