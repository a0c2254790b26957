"""Reading for guidance: the snapshot of patients, and what became of the prompts."""

from patients.guidance.queries.prognosis import Prognosis, prognosis_of, why_no_words
from patients.guidance.queries.prompts import (
    TABLES,
    Answered,
    GuidanceNow,
    Local,
    Use,
    answers_for,
    answers_of,
    eligibility_of,
    guidance_of,
    is_enabled,
    not_noted,
    prompt_for,
    tables_of,
    to_discuss,
    use_of_rules,
)
from patients.guidance.queries.snapshot import snapshot, snapshots

__all__ = [
    "TABLES",
    "Answered",
    "GuidanceNow",
    "Local",
    "Prognosis",
    "Use",
    "answers_for",
    "answers_of",
    "eligibility_of",
    "guidance_of",
    "is_enabled",
    "not_noted",
    "prognosis_of",
    "prompt_for",
    "snapshot",
    "snapshots",
    "tables_of",
    "to_discuss",
    "use_of_rules",
    "why_no_words",
]
