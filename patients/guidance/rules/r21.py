"""R21: grade unknown or in conflict. The part on an old biopsy has no signed threshold and raises nothing."""

from patients.guidance.rules.base import Finding, Matched, Rule, Snapshot

_UNKNOWN = frozenset({"unclassified", "ungraded"})


def check(s: Snapshot) -> Finding | None:
    if s.grade not in _UNKNOWN and not s.grade_conflicts:
        return None
    matched = [Matched("Grade", s.grade, s.grade_on)]
    matched += [Matched("Conflict", sentence, s.grade_on) for sentence in s.grade_conflicts]
    return Finding(tuple(matched), s.grade_missing)


RULE = Rule(
    rule="R21",
    version=1,
    title="Pathology",
    condition="Grade unknown, or findings that contradict each other",
    text="Repeat or review pathology?",
    source="Prior knowledge, to be signed by a pathologist",
    tag="P",
    check=check,
    alternatives=("New biopsy", "Pathology review of the existing specimen"),
)
