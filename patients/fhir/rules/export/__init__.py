"""Rows of the record as FHIR R4 resources, shaped after mCODE where it has a profile."""

from patients.fhir.rules.export.bundle import Export, build
from patients.fhir.rules.export.shape import (
    coding,
    concept,
    filled,
    instant,
    patient_id,
    reference,
    resource_id,
    start,
)

__all__ = [
    "Export",
    "build",
    "coding",
    "concept",
    "filled",
    "instant",
    "patient_id",
    "reference",
    "resource_id",
    "start",
]
