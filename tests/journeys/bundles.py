"""A small bundle of our own, as a NET center would send it; real ones are added when they lie beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "fhir"


def net_bundle() -> dict[str, Any]:
    """A patient with a metastasized pancreatic NET G2: progression under lanreotide."""
    subject = {"reference": "urn:uuid:p1"}

    def entry(resource: dict[str, Any], key: str) -> dict[str, Any]:
        return {"fullUrl": f"urn:uuid:{key}", "resource": resource}

    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            entry(
                {
                    "resourceType": "Patient",
                    "id": "p1",
                    "identifier": [
                        {
                            "type": {
                                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]
                            },
                            "system": "urn:oid:1.2.3",
                            "value": "JRN-0001",
                        }
                    ],
                    "name": [{"use": "official", "family": "Journey", "given": ["Ada"]}],
                    "gender": "female",
                    "birthDate": "1961-05-04",
                },
                "p1",
            ),
            entry(
                {
                    "resourceType": "Condition",
                    "id": "c1",
                    "subject": subject,
                    "code": {
                        "coding": [
                            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C7A.098"},
                        ],
                        "text": "Pancreatic neuroendocrine tumor",
                    },
                    "onsetDateTime": "2023-02-01",
                },
                "c1",
            ),
            entry(
                {
                    "resourceType": "Observation",
                    "id": "o1",
                    "status": "final",
                    "subject": subject,
                    "code": {"coding": [{"system": "http://loinc.org", "code": "89247-1"}], "text": "ECOG"},
                    "valueInteger": 1,
                    "effectiveDateTime": "2026-10-01",
                },
                "o1",
            ),
        ],
    }


def write_folder(folder: Path) -> list[Path]:
    """Files to upload: ours, and one mCODE bundle and one Synthea life where the shared data is there."""
    own = folder / "net-bundle.json"
    own.write_text(json.dumps(net_bundle()))
    files = [own]
    files += sorted(SHARED.glob("mcode/Bundle-mcode-patient-bundle-*.json"))[:1]
    files += sorted(SHARED.glob("synthea/Darin*.json"))[:1]
    return files
