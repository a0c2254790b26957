"""Tables of the record, by concept."""

from careteam.web.versions import StaleEdit
from patients.record.models.base import (
    IN_CARE_SQL,
    ClinicalQuerySet,
    ClinicalRow,
    among,
    in_care,
    visible_patients,
)
from patients.record.models.disease import (
    Diagnosis,
    DiseaseStatus,
    GeneticResult,
    LiverAssessment,
    Metastasis,
    ReceptorImaging,
    Specimen,
)
from patients.record.models.findings import (
    Admission,
    Allergy,
    ClinicalFlag,
    Comorbidity,
    Encounter,
    Measurement,
    Medication,
    SymptomAssessment,
)
from patients.record.models.patient import (
    CareTeamMember,
    Enrollment,
    ExternalCenter,
    NextStep,
    Patient,
    PatientContact,
    PatientIdentifier,
)

__all__ = [
    "IN_CARE_SQL",
    "Admission",
    "Allergy",
    "CareTeamMember",
    "ClinicalFlag",
    "ClinicalQuerySet",
    "ClinicalRow",
    "Comorbidity",
    "Diagnosis",
    "DiseaseStatus",
    "Encounter",
    "Enrollment",
    "ExternalCenter",
    "GeneticResult",
    "LiverAssessment",
    "Measurement",
    "Medication",
    "Metastasis",
    "NextStep",
    "Patient",
    "PatientContact",
    "PatientIdentifier",
    "ReceptorImaging",
    "Specimen",
    "StaleEdit",
    "SymptomAssessment",
    "among",
    "in_care",
    "visible_patients",
]
