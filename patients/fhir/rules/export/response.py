"""Assessments by RECIST 1.1: what the reader confirmed, the sums, and each lesion as it was read."""

from typing import Any

from patients.fhir.rules.codes import own
from patients.fhir.rules.export.shape import coding, concept, filled, quantity, reference, resource_id, start
from patients.fhir.rules.report import JsonObject

# No LOINC code that is listed as known (`model.md` 11) says these: a code of our own with its words.
_ROLES = {"target": "Target lesion", "non_target": "Non-target lesion", "new": "New lesion"}
_SUMS = (
    ("sum", "Sum of target diameters", "sum_mm"),
    ("baseline-sum", "Sum of target diameters at baseline", "baseline_mm"),
    ("nadir-sum", "Smallest sum of target diameters so far", "nadir_mm"),
)


def _code(code: str, words: str) -> JsonObject:
    return concept(coding(own.RECIST, code, words), text=words)


def assessment(row: Any, export: Any) -> list[JsonObject]:
    """One study read against the baseline of its line: the response with its sums, and an Observation per lesion. The
    diameter of a node is its short axis, of anything else the longest diameter."""
    shared = filled(
        status="final",
        category=[concept(coding("http://terminology.hl7.org/CodeSystem/observation-category", "imaging"))],
        subject=export.subject,
        effectiveDateTime=row.study.performed_on.isoformat() if row.study.performed_on else "",
        derivedFrom=[reference("ImagingStudy", resource_id("study", row.study_id))] if row.study.performed_on else [],
    )
    lesions = [_reading(reading, shared) for reading in row.kept_readings]
    said = row.get_confirmed_display()
    value = concept(coding(own.RESPONSE, row.confirmed, said), text=said) if row.confirmed else concept(text="Baseline")
    sums = [
        {"code": _code(code, words), "valueQuantity": quantity(getattr(row, field), "mm")}
        for code, words, field in _SUMS
        if getattr(row, field) is not None
    ]
    read = start("Observation", "assessment", row.pk) | shared
    read |= filled(
        code=_code("assessment", "Response assessment"),
        method=concept(text="RECIST 1.1"),
        valueCodeableConcept=value,
        component=sums,
        hasMember=[reference("Observation", lesion["id"]) for lesion in lesions],
        note=[{"text": text} for text in (row.reason, row.note) if text],
    )
    return [read, *lesions]


def _reading(row: Any, shared: JsonObject) -> JsonObject:
    lesion = row.lesion
    measured = {"valueQuantity": quantity(row.mm, "mm")} if row.mm is not None else {}
    axis = "short axis" if lesion.is_node else "longest diameter"
    return (
        start("Observation", "lesionreading", row.pk)
        | shared
        | filled(
            code=_code(lesion.role.replace("_", "-"), f"{_ROLES[lesion.role]} {lesion.code}"),
            bodySite=concept(text=lesion.place),
            method=concept(text=f"RECIST 1.1, {axis}") if measured else concept(text="RECIST 1.1"),
            **(measured or {"valueCodeableConcept": concept(text=row.get_seen_display())}),
        )
    )
