"""Observation codes that the product knows by name: LOINC mostly, and the SNOMED CT codes of mCODE."""

from dataclasses import dataclass

from patients.fhir.rules.codes.systems import LOINC, NCIT, SNOMED, Tag
from patients.fhir.rules.facts import Disease, Measure

V, P = Tag.V, Tag.P


@dataclass(frozen=True, slots=True)
class ObservationCode:
    """What an observation with this code is."""

    measure: Measure
    label: str
    tag: Tag


LOINC_MEASURES = {
    "9811-1": ObservationCode(Measure.MARKER, "Chromogranin A (mass)", V),
    "25587-7": ObservationCode(Measure.MARKER, "Chromogranin A (moles)", V),
    "30169-7": ObservationCode(Measure.MARKER, "Chromogranin A (units)", V),
    "15060-7": ObservationCode(Measure.MARKER, "Neuron-specific enolase", V),
    "57371-7": ObservationCode(Measure.MARKER, "Neuron-specific enolase", V),
    "89247-1": ObservationCode(Measure.ECOG, "ECOG performance status", V),
    "89243-0": ObservationCode(Measure.KARNOFSKY, "Karnofsky performance status", V),
    "29593-1": ObservationCode(Measure.KI67, "Ki-67 labeling index", P),
    "85319-2": ObservationCode(Measure.MARKER, "HER2 [Presence] in breast cancer specimen", P),
    "1695-6": ObservationCode(Measure.MARKER, "5-HIAA in 24 h urine", P),
    "1692-3": ObservationCode(Measure.MARKER, "5-HIAA in urine", P),
    "33762-6": ObservationCode(Measure.MARKER, "NT-proBNP", P),
    "718-7": ObservationCode(Measure.LAB, "Hemoglobin", P),
    "777-3": ObservationCode(Measure.LAB, "Platelets", P),
    "26515-7": ObservationCode(Measure.LAB, "Platelets", P),
    "6690-2": ObservationCode(Measure.LAB, "White blood cells", P),
    "26464-8": ObservationCode(Measure.LAB, "White blood cells", P),
    "751-8": ObservationCode(Measure.LAB, "Neutrophils", P),
    "26499-4": ObservationCode(Measure.LAB, "Neutrophils", P),
    "2160-0": ObservationCode(Measure.LAB, "Creatinine", P),
    "38483-4": ObservationCode(Measure.LAB, "Creatinine", P),
    "33914-3": ObservationCode(Measure.LAB, "eGFR", P),
    "1975-2": ObservationCode(Measure.LAB, "Bilirubin, total", P),
    "1751-7": ObservationCode(Measure.LAB, "Albumin", P),
    "1742-6": ObservationCode(Measure.LAB, "ALT", P),
    "1920-8": ObservationCode(Measure.LAB, "AST", P),
    "6768-6": ObservationCode(Measure.LAB, "Alkaline phosphatase", P),
    "2324-2": ObservationCode(Measure.LAB, "GGT", P),
    "6301-6": ObservationCode(Measure.LAB, "INR", P),
    "34714-6": ObservationCode(Measure.LAB, "INR", P),
    "2345-7": ObservationCode(Measure.LAB, "Glucose", P),
    "2339-0": ObservationCode(Measure.LAB, "Glucose", P),
    "4548-4": ObservationCode(Measure.LAB, "HbA1c", P),
    "3016-3": ObservationCode(Measure.LAB, "TSH", P),
    "29463-7": ObservationCode(Measure.VITAL, "Body weight", P),
    "3141-9": ObservationCode(Measure.VITAL, "Body weight", P),
    "8302-2": ObservationCode(Measure.VITAL, "Body height", P),
    "39156-5": ObservationCode(Measure.VITAL, "Body mass index", P),
    "8277-6": ObservationCode(Measure.VITAL, "Body surface area", V),
    "3140-1": ObservationCode(Measure.VITAL, "Body surface area", P),
    "8480-6": ObservationCode(Measure.VITAL, "Systolic blood pressure", P),
    "8462-4": ObservationCode(Measure.VITAL, "Diastolic blood pressure", P),
    "8867-4": ObservationCode(Measure.VITAL, "Heart rate", P),
    "8310-5": ObservationCode(Measure.VITAL, "Body temperature", P),
    "9279-1": ObservationCode(Measure.VITAL, "Respiratory rate", P),
    "2708-6": ObservationCode(Measure.VITAL, "Oxygen saturation", P),
    "59408-5": ObservationCode(Measure.VITAL, "Oxygen saturation", P),
    "72514-3": ObservationCode(Measure.SURVEY, "Pain, 0 to 10", P),
    "33728-7": ObservationCode(Measure.TUMOR_SIZE, "Tumor size, greatest dimension", V),
    "33729-5": ObservationCode(Measure.TUMOR_SIZE, "Tumor size, additional dimension", V),
    "21889-1": ObservationCode(Measure.TUMOR_SIZE, "Tumor size", V),
    "72166-2": ObservationCode(Measure.SOCIAL, "Tobacco smoking status", P),
}
SNOMED_MEASURES = {
    "423740007": ObservationCode(Measure.ECOG, "ECOG performance status", P),
    "273546003": ObservationCode(Measure.KARNOFSKY, "Karnofsky performance status", P),
    "401201003": ObservationCode(Measure.SOCIAL, "Cigarette pack-years", V),
}
NCIT_MEASURES = {"C38144": ObservationCode(Measure.SURVEY, "Lansky play-performance status", V)}
BY_SYSTEM = {LOINC: LOINC_MEASURES, SNOMED: SNOMED_MEASURES, NCIT: NCIT_MEASURES}

# Words of last resort for codes nobody listed; first hit wins.
WORDS = (
    (r"\becog\b|zubrod|who performance", Measure.ECOG),
    (r"karnofsky", Measure.KARNOFSKY),
    (r"\bki-? ?67\b|mib-?1\b", Measure.KI67),
    (r"mitos|mitotic", Measure.MITOSES),
    (
        r"chromogranin|5-?hiaa|hydroxyindole|pancreastatin|\bnse\b|neuron[- ]specific enolase|nt-?pro-?bnp|\bgastrin\b",
        Measure.MARKER,
    ),
    (r"krenning|sstr-?rads|somatostatin receptor", Measure.SSTR),
)

# TNM: axis and basis. SNOMED CT codes as in mCODE STU4 (V), LOINC (P).
TNM = {
    (SNOMED, "399504009"): ("T", "c", V),
    (SNOMED, "399534004"): ("N", "c", V),
    (SNOMED, "399387003"): ("M", "c", V),
    (SNOMED, "384625004"): ("T", "p", V),
    (SNOMED, "371494008"): ("N", "p", V),
    (SNOMED, "371497001"): ("M", "p", V),
    (SNOMED, "399537006"): ("group", "c", V),
    (SNOMED, "399588009"): ("group", "p", V),
    (LOINC, "21905-5"): ("T", "c", P),
    (LOINC, "21906-3"): ("N", "c", P),
    (LOINC, "21907-1"): ("M", "c", P),
    (LOINC, "21908-9"): ("group", "c", P),
    (LOINC, "21899-0"): ("T", "p", P),
    (LOINC, "21900-6"): ("N", "p", P),
    (LOINC, "21901-4"): ("M", "p", P),
    (LOINC, "21902-2"): ("group", "p", P),
}
# Values as they stand in the mCODE STU4 examples (V); others are read from their display.
TNM_VALUES = {
    "1229901006": "M0",
    "1228938002": "T3",
    "1229984001": "N3",
    "1229967007": "N0",
    "1229859000": "T3",
    "1229947003": "N0",
    "1222806003": "IIIC",
    "1222769001": "IIB",
}
EDITIONS = {"897275008": "8", "443830009": "7"}  # V, P

DISEASE_STATUS_CODES = frozenset({(LOINC, "97509-4"), (LOINC, "88040-1"), (SNOMED, "363680008")})
DISEASE_STATUS = {
    "268910001": (Disease.PARTIAL, V),
    "359746009": (Disease.STABLE, P),
    "271299001": (Disease.PROGRESSION, P),
    "709137006": (Disease.UNCERTAIN, P),
    "260415000": (Disease.NO_EVIDENCE, P),
    "281900007": (Disease.NO_EVIDENCE, P),
    "550991000124107": (Disease.COMPLETE, P),
    "399056007": (Disease.COMPLETE, P),
    "399204005": (Disease.PARTIAL, P),
}
DISEASE_WORDS = (
    (r"non-cr", Disease.NON_CR_NON_PD),
    (r"no evidence|not detected|no abnormality|\bned\b", Disease.NO_EVIDENCE),
    (r"complete (?:response|remission)|full remission|komplette", Disease.COMPLETE),
    (r"recur|relapse|rezidiv", Disease.RECURRENCE),
    (r"progress|worse|verschlecht|increas", Disease.PROGRESSION),
    (r"stable|stabil|unchanged", Disease.STABLE),
    (r"partial|improv|remission|regress|respons|decreas", Disease.PARTIAL),
    (r"undetermined|uncertain|unknown|indeterminate|not evaluable", Disease.UNCERTAIN),
)

MORPHOLOGY_CODES = frozenset(
    {(LOINC, "31206-6"), (LOINC, "59847-4"), (LOINC, "31205-8"), (SNOMED, "371441004"), (LOINC, "77753-2")}
)
GRADE_CODES = frozenset({(LOINC, "33732-9"), (LOINC, "21858-6"), (NCIT, "C18000"), (SNOMED, "371469007")})

# Where a distant metastasis sits: the question (P), and the answers of the German oncological data set (P).
SITE_OF_METASTASIS = "385421009"
REGISTRY_SITES = {
    "PUL": "lung",
    "OSS": "bone",
    "HEP": "liver",
    "BRA": "brain",
    "LYM": "lymph_nodes",
    "MAR": "other",
    "PLE": "pleura",
    "PER": "peritoneum",
    "ADR": "adrenal",
    "SKI": "skin",
    "OTH": "other",
    "GEN": "unknown",
}

# Kept as they are for now, with what they are.
GENOMIC_LOINC = frozenset({"69548-6", "53041-0", "51969-4", "81695-9", "94076-7", "81247-9", "48018-6"})
ADVANCE_DIRECTIVE_LOINC = frozenset(
    [
        "42348-3",
        "75775-7",
        "75776-5",
        "75777-3",
        "75778-1",
        "75779-9",
        "75780-7",
        "75781-5",
        "75782-3",
        "75783-1",
        "75784-9",
        "75786-4",
        "77352-3",
        "81356-8",
        "81360-0",
        "81361-8",
        "81362-6",
        "81364-2",
        "81365-9",
        "81366-7",
        "81380-8",
        "81351-9",
        "81352-7",
        "81378-2",
        "93037-0",
        "100822-6",
    ]
)
