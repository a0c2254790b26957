"""Drugs and procedures."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.values import Coding


class Modality(TextChoices):
    """Kinds of treatment as an import can tell them apart."""

    SSA = "ssa", "Somatostatin analog"
    TARGETED = "targeted", "Targeted therapy"
    CHEMOTHERAPY = "chemotherapy", "Chemotherapy"
    PRRT = "prrt", "PRRT"
    INTERFERON = "interferon", "Interferon"
    IMMUNOTHERAPY = "immunotherapy", "Immunotherapy"
    HORMONE = "hormone", "Endocrine therapy"
    OTHER_SYSTEMIC = "other_systemic", "Other systemic therapy"
    SURGERY = "surgery", "Surgery"
    TRANSPLANT = "transplant", "Liver transplant"
    TAE = "tae", "Bland embolization"
    TACE = "tace", "Chemoembolization"
    TARE = "tare", "Radioembolization"
    ABLATION = "ablation", "Ablation"
    RADIOTHERAPY = "radiotherapy", "Radiotherapy"
    CHEMORADIATION = "chemoradiation", "Chemotherapy with radiotherapy"
    SYMPTOM = "symptom", "Symptom control"


class DrugSource(TextChoices):
    """What kind of statement a drug comes from."""

    ADMINISTRATION = "administration", "Given"
    REQUEST = "request", "Ordered"
    STATEMENT = "statement", "Stated"
    DISPENSE = "dispense", "Dispensed"


@dataclass(frozen=True, slots=True)
class LineHint:
    """The treatment line that one of our own exports says a resource belongs to: its key there, and its fields."""

    key: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugFact:
    """A drug given, ordered or stated. ``agents`` are names of ``codes.drugs`` (empty: not an antitumor drug)."""

    source: DrugSource
    label: str
    code: Coding | None
    agents: tuple[str, ...]
    modality: Modality | None
    status: str
    start: PartialDate | None
    end: PartialDate | None
    open_ended: bool
    dose: str = ""
    dose_value: Decimal | None = None
    dose_unit: str = ""
    route: str = ""
    schedule: str = ""
    intent: str = ""
    reason: str = ""
    supports: bool = False  # leucovorin and the like: joins a regimen, never is one
    not_given: bool = False
    stop_reason: str = ""
    line: LineHint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureFact:
    """Something done to the patient. ``modality`` is given when it treats the tumor."""

    label: str
    code: Coding | None
    modality: Modality | None
    kind: str  # treatment, biopsy, imaging, endoscopy, admission, other
    start: PartialDate | None
    end: PartialDate | None
    site: str = ""
    intent: str = ""
    reason: str = ""
    outcome: str = ""
    note: str = ""
    status: str = ""
    dose: str = ""
    operated: frozenset[str] = frozenset()  # primary sites that an operation without a stated reason may be for
    line: LineHint | None = None
    whole_line: bool = False  # stands for the line itself, not for one dose of it
