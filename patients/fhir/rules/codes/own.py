"""Names of what FHIR has no word for, so that our own exports come back as they left. Others may ignore them."""

BASE = "https://net-careteam.org/fhir"
PRIMARY_SITE = f"{BASE}/CodeSystem/primary-site"
METASTATIC_SITE = f"{BASE}/CodeSystem/metastatic-site"
RESPONSE = f"{BASE}/CodeSystem/response"
RECIST = f"{BASE}/CodeSystem/recist"
BOARD_REQUEST = f"{BASE}/CodeSystem/board-request"
WISH = f"{BASE}/CodeSystem/wish"
DOCUMENT = f"{BASE}/CodeSystem/advance-document"
PLAN = "plan"  # our list of what holds: no paper that a patient signed
TELLING = f"{BASE}/CodeSystem/what-may-be-told"
TELLING_CODE = "telling"
PREFERENCE = "http://hl7.org/fhir/us/pacio-adi/CodeSystem/ADIPreferenceTypeCS"
SAID_BY = f"{BASE}/StructureDefinition/said-by"
ENDED = f"{BASE}/StructureDefinition/wish-ended"
VALID_UNTIL = f"{BASE}/StructureDefinition/valid-until"
NET_STATUS = f"{BASE}/StructureDefinition/net-status"
SYNDROME = f"{BASE}/StructureDefinition/functional-syndrome"
LINE = f"{BASE}/StructureDefinition/treatment-line"
LINE_FIELDS = (
    "modality",
    "agent",
    "role",
    "intent",
    "start_reason",
    "status",
    "planned_on",
    "started_on",
    "started_precision",
    "ended_on",
    "end_reason",
    "end_note",
    "dose",
    "interval_days",
    "site",
)

# Histology in words that are read back as such.
HISTOLOGY = {
    ("well", ""): ("", "Well differentiated neuroendocrine tumor"),
    ("poor", ""): ("8246/3", "Poorly differentiated neuroendocrine carcinoma"),
    ("poor", "small"): ("8041/3", "Poorly differentiated neuroendocrine carcinoma, small cell"),
    ("poor", "large"): ("8013/3", "Poorly differentiated neuroendocrine carcinoma, large cell"),
    ("mixed", ""): ("8154/3", "Mixed neuroendocrine-non-neuroendocrine neoplasm (MiNEN)"),
}
HISTOLOGY_WORDS = frozenset(words for _code, words in HISTOLOGY.values())
