"""From the facts of one patient to the rows that the record should hold."""

from collections.abc import Sequence
from datetime import date, tzinfo

from patients.fhir.rules.rows import care, disease, wishes
from patients.fhir.rules.rows.base import Row, Rows, Sourced
from patients.fhir.rules.rows.findings import SINGLE, comorbidities

__all__ = ["Row", "Rows", "Sourced", "rows_of"]


def rows_of(facts: Sequence[Sourced], *, zone: tzinfo, today: date) -> Rows:
    """All rows of one patient, from all facts of all sources about them. Deterministic; raises nothing."""
    rows = Rows(zone=zone, today=today)
    facts = care.operations_on_the_tumor(facts, rows)
    disease.diagnoses(facts, rows)
    disease.specimens(facts, rows)
    care.drugs_and_procedures(facts, rows)
    care.imaging(facts, rows)
    care.measurements(facts, rows)
    care.reports(facts, rows)
    comorbidities(facts, rows)
    for of in facts:
        single = SINGLE.get(type(of.fact))
        if single:
            single(of, of.fact, rows)
    wishes.wishes(facts, rows)
    wishes.documents(facts, rows)
    wishes.agents(facts, rows)
    for row in rows.rows:  # what has a row is not kept without one
        for member in row.members:
            rows.reasons.pop(member, None)
    return rows
