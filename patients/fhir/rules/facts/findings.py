"""Results, reports, imaging, allergies, visits and orders."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.values import Coding


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
