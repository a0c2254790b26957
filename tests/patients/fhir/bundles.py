"""Small bundles written for these tests: one invented person with a neuroendocrine tumor, and faults to plant."""

import json
from pathlib import Path
from typing import Any

from patients.fhir.rules.report import JsonObject

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICDO3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
ATC = "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
MRN = "https://hospital.example/mrn"
SUBJECT = {"reference": "urn:uuid:p-1"}


def code(system: str, value: str, display: str = "") -> JsonObject:
    coding = {"system": system, "code": value} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": display} if display else {})


def patient(mrn: str = "4711", **changes: Any) -> JsonObject:
    return {
        "resourceType": "Patient",
        "id": "p-1",
        "identifier": [{"system": MRN, "value": mrn, "type": {"coding": [{"code": "MR"}]}}],
        "name": [
            {"use": "maiden", "family": "Ødegård", "given": ["Ingrid"]},
            {"use": "official", "family": "Lindqvist", "given": ["Ingrid", "Maria"], "prefix": ["Dr."]},
        ],
        "gender": "female",
        "birthDate": "1958-03-14",
        "telecom": [
            {"system": "phone", "value": "+46 8 555 01 02", "use": "mobile", "rank": 1},
            {"system": "email", "value": "ingrid@example.org"},
        ],
        "address": [{"line": ["Storgatan 1"], "city": "Uppsala", "postalCode": "753 10", "country": "SE"}],
        "communication": [{"language": {"coding": [{"code": "sv"}]}, "preferred": True}],
        "contact": [
            {
                "name": {"family": "Lindqvist", "given": ["Per"]},
                "relationship": [{"text": "husband"}],
                "telecom": [{"system": "phone", "value": "+46 8 555 01 03"}],
            }
        ],
        **changes,
    }


def condition(**changes: Any) -> JsonObject:
    return {
        "resourceType": "Condition",
        "id": "c-1",
        "clinicalStatus": code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "code": code(ICD10CM, "C7A.012", "Malignant carcinoid tumor of the ileum"),
        "subject": SUBJECT,
        "onsetDateTime": "2021-05",
        "extension": [
            {
                "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior",
                "valueCodeableConcept": code(ICDO3, "8249/3"),
            }
        ],
        **changes,
    }


def observation(loinc: str, value: Any, unit: str = "", on: str = "2024-02-01", **changes: Any) -> JsonObject:
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return {
        "resourceType": "Observation",
        "id": f"o-{loinc}-{on}",
        "status": "final",
        "code": code(LOINC, loinc),
        "subject": SUBJECT,
        "effectiveDateTime": on,
        "valueQuantity": quantity,
        **changes,
    }


def administration(atc: str, name: str, on: str, **changes: Any) -> JsonObject:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"m-{atc}-{on}",
        "status": "completed",
        "medicationCodeableConcept": code(ATC, atc, name),
        "subject": SUBJECT,
        "effectiveDateTime": on,
        **changes,
    }


def procedure(name: str, on: str, **changes: Any) -> JsonObject:
    return {
        "resourceType": "Procedure",
        "id": f"pr-{on}",
        "status": "completed",
        "code": {"text": name},
        "subject": SUBJECT,
        "performedDateTime": on,
        **changes,
    }


def net_history() -> list[JsonObject]:
    """A midgut NET: resection, lanreotide, embolization in two sessions, four PRRT doses, scans, markers, a visit."""
    tumor = [{"reference": "urn:uuid:c-1"}]
    blood_pressure = observation(
        "85354-9",
        None,
        component=[
            {"code": code(LOINC, "8480-6"), "valueQuantity": {"value": 132, "unit": "mmHg"}},
            {"code": code(LOINC, "8462-4"), "valueQuantity": {"value": 81, "unit": "mmHg"}},
        ],
    )
    del blood_pressure["valueQuantity"]
    ecog = observation("89247-1", None, valueInteger=1)
    del ecog["valueQuantity"]
    return [
        patient(),
        condition(),
        {
            **condition(id="c-2", code=code(ICD10CM, "C7B.02", "Secondary carcinoid tumor of liver")),
            "onsetDateTime": "2021-06-01",
        },
        condition(id="c-3", code=code(SNOMED, "38341003", "Hypertension"), onsetDateTime="2010", extension=[]),
        procedure("Ileocecal resection", "2021-06-20", reasonReference=tumor),
        *(
            administration("H01CB03", "Lanreotide 120 mg", on)
            for on in ("2021-08-02", "2021-08-30", "2021-09-27", "2021-10-25", "2021-11-22")
        ),
        procedure("Bland embolization of hepatic artery, right lobe", "2022-03-01"),
        procedure("Bland embolization of hepatic artery, left lobe", "2022-04-12"),
        *(
            administration("V10XX04", "Lutetium (177Lu) oxodotreotide", on)
            for on in ("2023-01-10", "2023-03-07", "2023-05-02", "2023-06-27")
        ),
        observation("9811-1", 412, "ug/L", "2023-09-01"),
        observation("29593-1", 7.5, "%", "2021-06-25", specimen={"reference": "urn:uuid:s-1"}),
        ecog,
        blood_pressure,
        {
            "resourceType": "Specimen",
            "id": "s-1",
            "type": code("http://terminology.hl7.org/CodeSystem/v2-0487", "TISS"),
            "subject": SUBJECT,
            "collection": {"collectedDateTime": "2021-06-20", "bodySite": {"text": "Ileum"}},
        },
        {
            "resourceType": "ImagingStudy",
            "id": "i-1",
            "status": "available",
            "subject": SUBJECT,
            "started": "2024-01-15T09:30:00+01:00",
            "description": "68Ga-DOTATATE PET/CT whole body",
            "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "system": "urn:pacs", "value": "A-99"}],
            "series": [{"uid": "1.2.3", "modality": {"code": "PT"}}, {"uid": "1.2.4", "modality": {"code": "CT"}}],
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": "a-1",
            "clinicalStatus": code("", "active"),
            "code": {"text": "Iodinated contrast medium"},
            "criticality": "high",
            "patient": SUBJECT,
            "reaction": [{"manifestation": [{"text": "Urticaria"}]}],
        },
        {
            "resourceType": "Encounter",
            "id": "e-1",
            "status": "finished",
            "class": {"code": "IMP"},
            "subject": SUBJECT,
            "period": {"start": "2021-06-19", "end": "2021-06-28"},
            "reasonCode": [{"text": "Elective surgery"}],
        },
        {
            "resourceType": "MedicationStatement",
            "id": "ms-1",
            "status": "active",
            "medicationCodeableConcept": {"text": "Omeprazole 20 mg"},
            "subject": SUBJECT,
            "effectivePeriod": {"start": "2020"},
        },
        {
            "resourceType": "Immunization",
            "id": "im-1",
            "status": "completed",
            "vaccineCode": {"text": "Influenza"},
            "patient": SUBJECT,
            "occurrenceDateTime": "2023-10-01",
        },
    ]


def bundle(*resources: JsonObject, kind: str = "transaction") -> JsonObject:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"fullUrl": f"urn:uuid:{r['id']}", "resource": r} if r.get("id") else {"resource": r} for r in resources
        ],
    }


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def other_kinds() -> list[JsonObject]:
    """One of every kind that the history above lacks, in the spellings of other versions where they differ."""
    imaging = {"text": "CT abdomen with contrast"}
    return [
        {
            "resourceType": "DiagnosticReport",
            "id": "dr-1",
            "status": "final",
            "category": [code("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD")],
            "code": {"text": "SSTR PET report"},
            "subject": SUBJECT,
            "effectiveDateTime": "2024-01-15",
            "imagingStudy": [{"reference": "ImagingStudy/i-1"}],
            "conclusion": "Stable disease.",
        },
        {
            "resourceType": "DiagnosticReport",
            "id": "dr-2",
            "status": "final",
            "category": [code("http://terminology.hl7.org/CodeSystem/v2-0074", "SP")],
            "code": {"text": "Surgical pathology"},
            "subject": SUBJECT,
            "issued": "2021-06-25T12:00:00Z",
            "specimen": [{"reference": "Specimen/s-1"}],
            "conclusion": "Well differentiated neuroendocrine tumor.",
        },
        {
            "resourceType": "ServiceRequest",
            "id": "sr-1",
            "status": "active",
            "intent": "order",
            "code": imaging,
            "subject": SUBJECT,
            "occurrenceDateTime": "2026-12-10",
        },
        {
            "resourceType": "Appointment",
            "id": "ap-1",
            "status": "booked",
            "serviceType": [{"text": "MRI liver"}],
            "start": "2026-12-12T08:00:00Z",
            "end": "2026-12-12T09:00:00Z",
            "participant": [{"actor": {"reference": "Patient/p-1"}}],
        },
        {
            "resourceType": "Appointment",
            "id": "ap-2",
            "status": "booked",
            "description": "Clinic visit",
            "start": "2026-12-13T08:00:00Z",
            "participant": [{"actor": {"reference": "Patient/p-1"}}],
        },
        {
            "resourceType": "CareTeam",
            "id": "ct-1",
            "status": "active",
            "name": "North",
            "subject": SUBJECT,
            "participant": [{"role": [{"text": "Medical oncologist"}], "member": {"reference": "#dr"}}],
            "contained": [
                {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Vega", "prefix": ["Dr."]}]}
            ],
        },
        {
            "resourceType": "RelatedPerson",
            "id": "rp-1",
            "patient": SUBJECT,
            "relationship": [{"text": "Healthcare agent"}],
            "name": [{"text": "Lindqvist, Eva"}],
        },
        {
            "resourceType": "MedicationOrder",  # DSTU2
            "id": "mo-1",
            "status": "active",
            "medicationReference": {"reference": "#med"},
            "contained": [{"resourceType": "Medication", "id": "med", "code": {"text": "Afinitor 10 mg tablet"}}],
            "patient": SUBJECT,
            "dateWritten": "2026-10-01",
        },
        {
            "resourceType": "MedicationRequest",  # R5
            "id": "mr-1",
            "status": "active",
            "intent": "order",
            "medication": {"concept": {"text": "Metformin 500 mg"}},
            "subject": SUBJECT,
            "authoredOn": "2026-10-01",
            "dosageInstruction": [
                {"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "text": "1-0-1"}
            ],
        },
        {
            "resourceType": "Condition",  # DSTU2: status and category as plain strings
            "id": "c-9",
            "clinicalStatus": "active",
            "verificationStatus": "confirmed",
            "category": "diagnosis",
            "code": {"text": "Carcinoid syndrome"},
            "patient": SUBJECT,
            "dateRecorded": "2021-07-01",
        },
        {
            "resourceType": "Procedure",  # R5
            "id": "pr-9",
            "status": "completed",
            "code": {"text": "Liver biopsy"},
            "subject": SUBJECT,
            "occurrenceDateTime": "2023-11-02",
            "reason": [{"concept": {"text": "Metastasis"}}],
        },
        {
            "resourceType": "Observation",
            "id": "o-stage",
            "status": "final",
            "meta": {"profile": ["http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-tnm-stage-group"]},
            "code": code(SNOMED, "399537006"),
            "subject": SUBJECT,
            "effectiveDateTime": "2021-06-30",
            "valueCodeableConcept": {"text": "Stage IV"},
            "method": {"text": "AJCC, 8th edition"},
        },
        {
            "resourceType": "Observation",
            "id": "o-status",
            "status": "final",
            "code": code(LOINC, "97509-4"),
            "subject": SUBJECT,
            "effectiveDateTime": "2024-01-20",
            "valueCodeableConcept": code(SNOMED, "359746009", "Patient's condition stable"),
        },
        {
            "resourceType": "Observation",
            "id": "o-krenning",
            "status": "final",
            "code": {"text": "Krenning score (PET)"},
            "subject": SUBJECT,
            "effectiveDateTime": "2024-01-15",
            "valueInteger": 4,
        },
        {
            "resourceType": "Observation",
            "id": "o-gene",
            "status": "final",
            "code": code(LOINC, "69548-6"),
            "subject": SUBJECT,
            "component": [
                {"code": code(LOINC, "48018-6"), "valueCodeableConcept": {"text": "MEN1"}},
                {"code": code(LOINC, "48004-6"), "valueCodeableConcept": {"text": "c.249_252del"}},
            ],
        },
        {"resourceType": "Goal", "id": "g-1", "subject": SUBJECT, "description": {"text": "Walk to the lake"}},
        {"resourceType": "Consent", "id": "co-1", "patient": SUBJECT, "category": [{"text": "Living will"}]},
    ]
