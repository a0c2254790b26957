"""What resources say, once understood: plain typed values that know nothing of tables.

Every fact carries the ``part`` of the resource it came from ("" for the whole, "component-2" for one of several), so
that it can be found again on the next import.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from django.db.models import TextChoices

from patients.fhir.rules.codes.systems import Tag
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.keys import Identifier
from patients.fhir.rules.values import Coding, Concept


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFact:
    """One name of a person."""

    use: str
    family: str
    given: str
    prefix: str = ""
    suffix: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelecomFact:
    """Phone, e-mail or another way to reach somebody; ``system`` as in FHIR."""

    system: str
    value: str
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFact:
    """A postal address; ``written`` when it came as one text instead of parts."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    use: str = ""
    written: str = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        return self.written or ", ".join(part for part in (*self.lines, place, self.state, self.country) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFact:
    """A person beside the patient: from Patient.contact or RelatedPerson."""

    name: str
    relation: str
    telecom: tuple[TelecomFact, ...] = ()
    address: str = ""
    part: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFact:
    """A person. ``birth`` may be no more than a year; ``sex`` is FHIR's administrative gender."""

    identifiers: tuple[Identifier, ...]
    names: tuple[NameFact, ...]
    birth: PartialDate | None
    sex: str  # male, female, other, unknown
    birth_sex: str  # male, female, unknown, or empty when not stated
    telecom: tuple[TelecomFact, ...] = ()
    addresses: tuple[AddressFact, ...] = ()
    language: str = ""  # BCP 47
    interpreter: bool | None = None
    deceased: bool = False
    died: PartialDate | None = None
    contacts: tuple[ContactFact, ...] = ()
    general_practitioner: str = ""
    organization: str = ""
    active: bool = True
    replaced_by: str = ""  # reference as written

    @property
    def name(self) -> NameFact | None:
        """The name to show: official, then usual, then whatever is not old or maiden."""
        order = {"official": 0, "usual": 1, "": 2, "nickname": 4, "maiden": 5, "old": 6}
        return min(self.names, key=lambda n: (order.get(n.use, 3), self.names.index(n)), default=None)


class TumorKind(TextChoices):
    """Which of the tumors this product is about."""

    NET = "net", "Neuroendocrine"
    OTHER = "other", "Another cancer"
    UNKNOWN = "unknown", "Cancer without a stated kind"


class Evidence(TextChoices):
    """By what a neuroendocrine tumor was recognized, strongest first."""

    ICD = "icd", "ICD-10-CM code"
    MORPHOLOGY = "morphology", "ICD-O-3 morphology"
    SNOMED = "snomed", "SNOMED CT code"
    TEXT = "text", "wording"
    NONE = "none", "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tumor:
    """What codes and words say about a tumor."""

    kind: TumorKind
    evidence: Evidence = Evidence.NONE
    tag: Tag = Tag.P
    primary_site: str = ""  # code of ``codes.tumors.PRIMARY_SITES``
    differentiation: str = ""  # well, poor, mixed
    grade: str = ""  # G1, G2, G3 when stated as such
    cell_type: str = ""  # small, large
    syndrome: str = ""
    morphology: str = ""  # 8240/3
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancerFact:
    """A primary cancer, as one Condition states it."""

    label: str
    code: Coding | None
    tumor: Tumor
    site_label: str
    onset: PartialDate | None
    recorded: PartialDate | None
    clinical_status: str
    verification: str
    stages: tuple["StageFact", ...] = ()
    metastases: tuple[str, ...] = ()
    note: str = ""

    @property
    def since(self) -> PartialDate | None:
        """Onset, else the day it was recorded."""
        return self.onset or self.recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class MetastasisFact:
    """A secondary tumor: ``site`` is a code of ``codes.tumors.METASTATIC_SITES``."""

    site: str
    label: str
    since: PartialDate | None
    tumor: Tumor
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFact:
    """One staging statement: ``axis`` T, N, M or group; ``basis`` c, p or empty; ``edition`` as stated."""

    axis: str
    value: str
    basis: str = ""
    system: str = ""
    edition: str = ""
    on: PartialDate | None = None
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MorphologyFact:
    """A pathologist's statement on type or grade outside the Condition."""

    label: str
    tumor: Tumor
    on: PartialDate | None
    specimen: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComorbidityFact:
    """Any other condition."""

    label: str
    code: Coding | None
    since: PartialDate | None
    until: PartialDate | None
    active: bool
    syndrome: str = ""  # carcinoid syndrome and the like belong to the diagnosis too
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenFact:
    """A tissue or fluid sample."""

    label: str
    site: str
    collected: PartialDate | None
    received: PartialDate | None
    accession: str
    tissue: bool
    method: str = ""


class Measure(TextChoices):
    """What a measurement is for; ``OTHER`` are all the rest."""

    LAB = "lab", "Laboratory"
    VITAL = "vital", "Vital sign"
    MARKER = "marker", "Tumor marker"
    ECOG = "ecog", "ECOG"
    KARNOFSKY = "karnofsky", "Karnofsky"
    KI67 = "ki67", "Ki-67"
    MITOSES = "mitoses", "Mitoses"
    TUMOR_SIZE = "tumor_size", "Tumor size"
    SSTR = "sstr", "Somatostatin receptor"
    SURVEY = "survey", "Questionnaire"
    SOCIAL = "social", "Social history"
    OTHER = "other", "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementFact:
    """One result. ``value`` or ``wording`` is given; ``unit`` is UCUM where the source was."""

    measure: Measure
    code: Coding
    label: str
    value: Decimal | None
    wording: str
    comparator: str = ""
    unit: str = ""
    on: PartialDate | None = None
    interpretation: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    reference_text: str = ""
    method: str = ""
    site: str = ""
    specimen: str = ""
    preliminary: bool = False
    note: str = ""
    part: str = ""


class Disease(TextChoices):
    """How the disease does."""

    NO_EVIDENCE = "no_evidence", "No evidence of disease"
    COMPLETE = "complete", "Complete response"
    PARTIAL = "partial", "Improved"
    STABLE = "stable", "Stable"
    PROGRESSION = "progression", "Worse"
    RECURRENCE = "recurrence", "Recurrence"
    NON_CR_NON_PD = "non_cr_non_pd", "Non-CR / non-PD"
    UNCERTAIN = "uncertain", "Cannot be told"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiseaseStatusFact:
    """A clinician's or radiologist's statement on the course."""

    status: Disease
    label: str
    on: PartialDate | None
    evidence: str = ""


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
    line: LineHint | None = None
    whole_line: bool = False  # stands for the line itself, not for one dose of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingFact:
    """An imaging study or its report. ``accession`` and ``study_uid`` tie the two together."""

    kind: str  # code of ``codes.imaging.KINDS``
    label: str
    dicom: str
    region: str
    on: PartialDate | None
    state: str  # ordered, scheduled, performed, reported, cancelled
    accession: str = ""
    study_uid: str = ""
    conclusion: str = ""
    reader: str = ""
    studies: tuple[str, ...] = ()  # references of a report to its studies, as written


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFact:
    """A report that is not imaging: laboratory panel, pathology, genetics, other."""

    kind: str
    label: str
    on: PartialDate | None
    conclusion: str
    attachments: int
    results: int
    specimen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFact:
    """A visit or an admission."""

    label: str
    kind: str  # inpatient, emergency, ambulatory, virtual, home, other
    status: str
    start: PartialDate | None
    end: PartialDate | None
    reason: str = ""
    place: str = ""
    unplanned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFact:
    """A booked visit."""

    label: str
    status: str
    start: PartialDate | None
    end: PartialDate | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """Something asked for; imaging orders become ImagingFacts instead."""

    label: str
    status: str
    intent: str
    on: PartialDate | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergyFact:
    """An allergy or intolerance; ``none_known`` says that somebody asked and there is none."""

    substance: str
    code: Coding | None
    reaction: str
    criticality: str  # low, high, unable-to-assess, or empty
    category: str
    on: PartialDate | None
    active: bool
    none_known: bool = False
    contrast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneticFact:
    """A variant: gene, what was found in it, germline or tumor."""

    gene: str
    result: str
    germline: bool
    pathogenic: bool | None
    on: PartialDate | None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeamMember:
    """One member, by name and role."""

    name: str
    role: str
    reference: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeamFact:
    """The people of a CareTeam."""

    name: str
    members: tuple[CareTeamMember, ...]
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPersonFact:
    """A RelatedPerson; ``agent`` when a consent names them as healthcare agent."""

    contact: ContactFact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFact:
    """A practitioner or an organization, kept for names in references."""

    name: str
    kind: str
    telecom: tuple[TelecomFact, ...] = ()
    specialty: str = ""
    address: str = ""


Fact: TypeAlias = (
    PatientFact
    | CancerFact
    | MetastasisFact
    | StageFact
    | MorphologyFact
    | ComorbidityFact
    | SpecimenFact
    | MeasurementFact
    | DiseaseStatusFact
    | DrugFact
    | ProcedureFact
    | ImagingFact
    | ReportFact
    | EncounterFact
    | AppointmentFact
    | OrderFact
    | AllergyFact
    | GeneticFact
    | CareTeamFact
    | RelatedPersonFact
    | ProviderFact
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one resource became. No facts: kept as it is, ``kept_because`` says why. ``refused``: not even kept as
    part of the record's meaning (entered in error, refuted)."""

    facts: tuple[Fact, ...]
    label: str
    kept_because: str = ""
    warnings: tuple[str, ...] = ()
    withdrawn: bool = False
    concept: Concept = field(default_factory=Concept)
