"""Rows of the record as FHIR R4 resources, shaped after mCODE where it has a profile."""

from patients.fhir.rules.export.bundle import Export, build
from patients.fhir.rules.export.shape import patient_id

__all__ = ["Export", "build", "patient_id"]
