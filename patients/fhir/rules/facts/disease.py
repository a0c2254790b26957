"""The tumor, its spread and stage, what pathology and genetics say, how it does, and other conditions."""

from dataclasses import dataclass

from django.db.models import TextChoices

from patients.fhir.rules.codes.systems import Tag
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.values import Coding


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
    at_visit: bool = False  # one of many: the reason of a visit, not an entry of the problem list

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
class SpecimenFact:
    """A tissue or fluid sample."""

    label: str
    site: str
    collected: PartialDate | None
    received: PartialDate | None
    accession: str
    tissue: bool
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneticFact:
    """A variant: gene, what was found in it, germline or tumor."""

    gene: str
    result: str
    germline: bool
    pathogenic: bool | None
    on: PartialDate | None
    codes: tuple[str, ...] = ()


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
