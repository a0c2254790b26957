"""One patient's record as a bundle."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from patients.fhir.rules.export import care, disease, findings, response, wishes
from patients.fhir.rules.export.shape import filled, instant
from patients.fhir.rules.report import JsonObject

_ROWS: dict[str, Callable[[Any, "Export"], list[JsonObject]]] = {
    "diagnosis": disease.diagnosis,
    "metastasis": disease.metastasis,
    "specimen": disease.specimen,
    "disease_status": disease.status,
    "genetic_result": disease.genetic,
    "receptor_imaging": disease.receptor,
    "measurement": findings.measurement,
    "comorbidity": findings.comorbidity,
    "medication": findings.medication,
    "allergy": findings.allergy,
    "admission": findings.admission,
    "encounter": findings.encounter,
    "contact": findings.contact,
    "care_team": findings.care_team,
    "line": care.line,
    "study": care.study,
    "assessment": response.assessment,
}
# What a personal advance care plan is made of.
_PLAN: dict[str, Callable[[Any, "Export"], list[JsonObject]]] = {
    "wish": wishes.wish,
    "conversation": wishes.conversation,
    "wish_document": wishes.document,
    "contact": wishes.consent,
}


@dataclass
class Export:
    """The rows of one patient by kind, each with attributes named as in the record's tables."""

    patient: Any
    identifiers: list[Any]
    rows: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def subject(self) -> JsonObject:
        """The reference that every resource carries."""
        return findings.subject(self.patient)


def build(export: Export, *, now: datetime, more: Iterable[JsonObject] = ()) -> JsonObject:
    """A bundle of type collection: the patient first, then everything that is held, in a fixed order, then `more`."""
    resources = [findings.patient(export)]
    for kind, make in _ROWS.items():
        for row in export.rows.get(kind, []):
            resources += make(row, export)
    resources += _plan(export, now)
    resources += more
    return filled(
        resourceType="Bundle",
        type="collection",
        timestamp=instant(now),
        entry=[{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    )


def _plan(export: Export, now: datetime) -> list[JsonObject]:
    """Wishes, goals, papers and consents, and the composition of what holds of them."""
    made = [one for kind, make in _PLAN.items() for row in export.rows.get(kind, []) for one in make(row, export)]
    if not made:
        return []
    return [*made, *wishes.composition(made, export, author=str(export.patient.team), at=now)]
