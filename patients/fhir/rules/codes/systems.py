"""Names of code systems, whatever way a file spells them."""

from enum import StrEnum


class Tag(StrEnum):
    """How far a code was checked: V read in an official text, P to be checked before anything relies on it alone."""

    V = "V"
    P = "P"


SNOMED = "snomed"
LOINC = "loinc"
RXNORM = "rxnorm"
ATC = "atc"
ICD10CM = "icd10cm"
ICD10 = "icd10"
ICD9 = "icd9"
ICDO3 = "icdo3"
UCUM = "ucum"
DICOM = "dicom"
NCIT = "ncit"
OPS = "ops"
CPT = "cpt"
NDC = "ndc"
CVX = "cvx"

URI = {
    SNOMED: "http://snomed.info/sct",
    LOINC: "http://loinc.org",
    RXNORM: "http://www.nlm.nih.gov/research/umls/rxnorm",
    ATC: "http://www.whocc.no/atc",
    ICD10CM: "http://hl7.org/fhir/sid/icd-10-cm",
    ICD10: "http://hl7.org/fhir/sid/icd-10",
    ICD9: "http://hl7.org/fhir/sid/icd-9-cm",
    ICDO3: "http://terminology.hl7.org/CodeSystem/icd-o-3",
    UCUM: "http://unitsofmeasure.org",
    DICOM: "http://dicom.nema.org/resources/ontology/DCM",
    NCIT: "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    OPS: "http://fhir.de/CodeSystem/bfarm/ops",
    CPT: "http://www.ama-assn.org/go/cpt",
    NDC: "http://hl7.org/fhir/sid/ndc",
    CVX: "http://hl7.org/fhir/sid/cvx",
}

_OID = {
    "2.16.840.1.113883.6.96": SNOMED,
    "2.16.840.1.113883.6.1": LOINC,
    "2.16.840.1.113883.6.88": RXNORM,
    "2.16.840.1.113883.6.73": ATC,
    "2.16.840.1.113883.6.90": ICD10CM,
    "2.16.840.1.113883.6.3": ICD10,
    "1.2.276.0.76.5.409": ICD10,
    "2.16.840.1.113883.6.43.1": ICDO3,
    "2.16.840.1.113883.6.8": UCUM,
    "1.2.840.10008.2.16.4": DICOM,
    "2.16.840.1.113883.3.26.1.1": NCIT,
    "2.16.840.1.113883.6.12": CPT,
    "2.16.840.1.113883.6.69": NDC,
    "2.16.840.1.113883.6.103": ICD9,
}

# Matched inside the lower-cased URI, first hit wins: files spell the same system in many ways.
_FRAGMENTS = (
    ("snomed", SNOMED),
    ("loinc", LOINC),
    ("rxnorm", RXNORM),
    ("whocc", ATC),
    ("/atc", ATC),
    ("icd-o", ICDO3),
    ("icdo", ICDO3),
    ("icd-10-cm", ICD10CM),
    ("icd10cm", ICD10CM),
    ("icd-10", ICD10),
    ("icd10", ICD10),
    ("icd-9", ICD9),
    ("unitsofmeasure", UCUM),
    ("dicom", DICOM),
    ("ncicb", NCIT),
    ("ncithesaurus", NCIT),
    ("/ops", OPS),
    ("/cpt", CPT),
    ("/ndc", NDC),
    ("/cvx", CVX),
)


def system_of(uri: str) -> str:
    """The short name of a code system, the URI itself when it is none of those used here, empty for none."""
    key = uri.strip().lower()
    if key in URI:
        return key
    if key.startswith("urn:oid:"):
        key = key.removeprefix("urn:oid:")
    if key in _OID:
        return _OID[key]
    return next((name for fragment, name in _FRAGMENTS if fragment in key), uri.strip())
