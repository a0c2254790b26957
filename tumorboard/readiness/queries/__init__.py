"""Reading for readiness: facts of many cases at once, who is asked, what is open."""

from tumorboard.readiness.queries.cases import CaseReadiness, Deadline, ItemRow, NamedRow, readiness_of
from tumorboard.readiness.queries.facts import case_facts
from tumorboard.readiness.queries.inputs import InputRow, inputs_of, roles_of
from tumorboard.readiness.queries.people import Chasers, Person, chasers_of
from tumorboard.readiness.queries.wanted import Wanted, wanted_of

__all__ = [
    "CaseReadiness",
    "Chasers",
    "Deadline",
    "InputRow",
    "ItemRow",
    "NamedRow",
    "Person",
    "Wanted",
    "case_facts",
    "chasers_of",
    "inputs_of",
    "readiness_of",
    "roles_of",
    "wanted_of",
]
