"""What resources say, once understood: plain typed values that know nothing of tables.

Every fact carries the ``part`` of the resource it came from ("" for the whole, "component-2" for one of several), so
that it can be found again on the next import.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from patients.fhir.rules.facts.disease import (
    CancerFact,
    ComorbidityFact,
    Disease,
    DiseaseStatusFact,
    Evidence,
    GeneticFact,
    MetastasisFact,
    MorphologyFact,
    SpecimenFact,
    StageFact,
    Tumor,
    TumorKind,
)
from patients.fhir.rules.facts.findings import (
    AllergyFact,
    AppointmentFact,
    EncounterFact,
    ImagingFact,
    Measure,
    MeasurementFact,
    OrderFact,
    ReportFact,
)
from patients.fhir.rules.facts.people import (
    AddressFact,
    CareTeamFact,
    CareTeamMember,
    ContactFact,
    NameFact,
    PatientFact,
    ProviderFact,
    RelatedPersonFact,
    TelecomFact,
)
from patients.fhir.rules.facts.treatment import DrugFact, DrugSource, LineHint, Modality, ProcedureFact
from patients.fhir.rules.facts.wishes import AgentFact, DirectiveFact, WishFact
from patients.fhir.rules.values import Concept

__all__ = [
    "AddressFact",
    "AgentFact",
    "AllergyFact",
    "AppointmentFact",
    "CancerFact",
    "CareTeamFact",
    "CareTeamMember",
    "ComorbidityFact",
    "ContactFact",
    "DirectiveFact",
    "Disease",
    "DiseaseStatusFact",
    "DrugFact",
    "DrugSource",
    "EncounterFact",
    "Evidence",
    "Fact",
    "GeneticFact",
    "ImagingFact",
    "LineHint",
    "Mapped",
    "Measure",
    "MeasurementFact",
    "MetastasisFact",
    "Modality",
    "MorphologyFact",
    "NameFact",
    "OrderFact",
    "PatientFact",
    "ProcedureFact",
    "ProviderFact",
    "RelatedPersonFact",
    "ReportFact",
    "SpecimenFact",
    "StageFact",
    "TelecomFact",
    "Tumor",
    "TumorKind",
    "WishFact",
]

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
    | WishFact
    | DirectiveFact
    | AgentFact
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
