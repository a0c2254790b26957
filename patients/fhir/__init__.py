"""FHIR R4 / mCODE import and export of the patient record."""
