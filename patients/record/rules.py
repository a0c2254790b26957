"""Codes of the record and what follows from them: enums, grade, age. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import TextChoices


class Sex(TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


class DatePrecision(TextChoices):
    DAY = "day", "Day"
    MONTH = "month", "Month"
    YEAR = "year", "Year"


class EnrollmentStatus(TextChoices):
    UNDER_REVIEW = "under_review", "Under review"
    ACTIVE = "active", "In care"
    ON_HOLD = "on_hold", "On hold"
    TRANSFERRED = "transferred", "Transferred"
    DISCHARGED = "discharged", "Discharged"
    DECLINED = "declined", "Declined follow-up"
    DECEASED = "deceased", "Deceased"


E_ = EnrollmentStatus
ENROLLMENT_TRANSITIONS: dict[EnrollmentStatus, frozenset[EnrollmentStatus]] = {
    E_.UNDER_REVIEW: frozenset({E_.ACTIVE, E_.DISCHARGED, E_.TRANSFERRED, E_.DECEASED}),
    E_.ACTIVE: frozenset({E_.ON_HOLD, E_.TRANSFERRED, E_.DISCHARGED, E_.DECLINED, E_.DECEASED}),
    E_.ON_HOLD: frozenset({E_.ACTIVE, E_.TRANSFERRED, E_.DISCHARGED, E_.DECLINED, E_.DECEASED}),
    E_.TRANSFERRED: frozenset({E_.ACTIVE, E_.DECEASED}),
    E_.DISCHARGED: frozenset({E_.ACTIVE, E_.DECEASED}),
    E_.DECLINED: frozenset({E_.ACTIVE, E_.DISCHARGED, E_.DECEASED}),
    # A death entered for the wrong patient is corrected by a person, with the reason.
    E_.DECEASED: frozenset({E_.ACTIVE, E_.UNDER_REVIEW}),
}


class PrimarySite(TextChoices):
    """`clinical.md` 1.2 (P)."""

    PANCREAS = "pancreas", "Pancreas"
    JEJUNUM_ILEUM = "jejunum_ileum", "Jejunum / ileum"
    DUODENUM_AMPULLA = "duodenum_ampulla", "Duodenum / ampulla"
    STOMACH = "stomach", "Stomach"
    APPENDIX = "appendix", "Appendix"
    CECUM_COLON = "cecum_colon", "Cecum / colon"
    RECTUM = "rectum", "Rectum"
    LUNG = "lung", "Lung"
    THYMUS = "thymus", "Thymus"
    UNKNOWN = "unknown", "Unknown primary"
    OTHER = "other", "Other site"


GEP_SITES = frozenset(
    {
        PrimarySite.PANCREAS,
        PrimarySite.JEJUNUM_ILEUM,
        PrimarySite.DUODENUM_AMPULLA,
        PrimarySite.STOMACH,
        PrimarySite.APPENDIX,
        PrimarySite.CECUM_COLON,
        PrimarySite.RECTUM,
    }
)


class NetStatus(TextChoices):
    """Whether the diagnosis is a neuroendocrine neoplasm; imports bring other cancers too."""

    NET = "net", "Neuroendocrine"
    NOT_NET = "not_net", "Not a NET diagnosis"
    UNCLEAR = "unclear", "To be clarified"


class Differentiation(TextChoices):
    WELL = "well", "Well differentiated"
    POOR = "poor", "Poorly differentiated"


class CellType(TextChoices):
    SMALL = "small", "Small cell"
    LARGE = "large", "Large cell"


class Syndrome(TextChoices):
    NONE = "nonfunctional", "Nonfunctional"
    CARCINOID = "carcinoid", "Carcinoid"
    INSULINOMA = "insulinoma", "Insulinoma"
    GASTRINOMA = "gastrinoma", "Gastrinoma"
    VIPOMA = "vipoma", "VIPoma"
    GLUCAGONOMA = "glucagonoma", "Glucagonoma"
    SOMATOSTATINOMA = "somatostatinoma", "Somatostatinoma"
    ACTH = "acth", "ACTH (Cushing)"
    PTHRP = "pthrp", "PTHrP"


class Stage(TextChoices):
    I = "I", "I"  # noqa: E741
    II = "II", "II"
    III = "III", "III"
    IV = "IV", "IV"


class MetastaticSiteCode(TextChoices):
    LIVER = "liver", "Liver"
    LYMPH_NODES = "lymph_nodes", "Lymph nodes"
    BONE = "bone", "Bone"
    PERITONEUM = "peritoneum", "Peritoneum"
    LUNG = "lung", "Lung"
    BRAIN = "brain", "Brain"
    HEART = "heart", "Heart"
    OTHER = "other", "Other"


class LiverScheme(TextChoices):
    """Two schemes number 1 to 3 and mean different things: always shown with the scheme's name."""

    FRILLING = "frilling", "Frilling"
    CITY_OF_HOPE = "city_of_hope", "City of Hope 2023"


class SpecimenKind(TextChoices):
    BIOPSY = "biopsy", "Biopsy"
    RESECTION = "resection", "Resection"
    CYTOLOGY = "cytology", "Cytology"


class ResponseCategory(TextChoices):
    CR = "CR", "Complete response"
    PR = "PR", "Partial response"
    SD = "SD", "Stable disease"
    PD = "PD", "Progression"
    NE = "NE", "Not evaluable"
    NON_CR_NON_PD = "NN", "Non-CR / non-PD"


class StatusMethod(TextChoices):
    RECIST = "recist", "RECIST 1.1"
    CLINICAL = "clinical", "Clinical judgment"
    BIOCHEMICAL = "biochemical", "Markers"
    IMPORTED = "imported", "Imported"


class FlagKind(TextChoices):
    """Facts of the alert strip (`model.md` 5). 'Asked, none' is a fact too; never asked has no row."""

    PREGNANCY = "pregnancy", "Pregnancy"
    IMPLANT = "implant", "Implant or pacemaker"
    BILIARY_STENT = "biliary_stent", "Biliary stent or anastomosis"
    PORTAL_VEIN = "portal_vein", "Portal vein thrombosis"
    ASPLENIA = "asplenia", "Asplenia"
    DPYD = "dpyd", "DPYD deficiency"
    HBV = "hbv", "Hepatitis B"
    HEART_DISEASE = "heart_disease", "Carcinoid heart disease"
    CLAUSTROPHOBIA = "claustrophobia", "Claustrophobia"
    CRISIS_PLAN = "crisis_plan", "Carcinoid crisis plan"


class FlagState(TextChoices):
    PRESENT = "present", "Yes"
    ABSENT = "absent", "No"
    UNKNOWN = "unknown", "Asked, not known"


class AllergyKind(TextChoices):
    CONTRAST = "contrast", "Contrast reaction"
    DRUG = "drug", "Drug"
    FOOD = "food", "Food"
    OTHER = "other", "Other"


class DrugClass(TextChoices):
    """Why a current drug matters for scans, labs and procedures."""

    PPI = "ppi", "PPI"
    METFORMIN = "metformin", "Metformin"
    ANTICOAGULANT = "anticoagulant", "Anticoagulant"
    CYP3A4 = "cyp3a4", "CYP3A4 interaction"
    VEGF = "vegf", "VEGF inhibitor"
    STEROID = "steroid", "Steroid"
    OTHER = "other", "Other"


class Tracer(TextChoices):
    GA68_DOTATATE = "ga68_dotatate", "68Ga-dotatate"
    GA68_DOTATOC = "ga68_dotatoc", "68Ga-dotatoc"
    CU64_DOTATATE = "cu64_dotatate", "64Cu-dotatate"
    IN111_OCTREOTIDE = "in111_octreotide", "111In-octreotide"
    TC99M_TEKTROTYD = "tc99m_tektrotyd", "99mTc-Tektrotyd"
    OTHER = "other", "Other"


class UptakeModality(TextChoices):
    """The same lesion can score higher on PET (`clinical.md` 1.4, P): a Krenning score without it means little."""

    PLANAR = "planar", "planar"
    SPECT = "spect", "SPECT"
    PET = "pet", "PET"


class ContactScope(TextChoices):
    ALL = "all", "May be told everything"
    PRACTICAL = "practical", "Dates and practical things only"
    NONE = "none", "Must not be told"


class StepKind(TextChoices):
    """What a patient's next step is about; the slice that opened it closes it."""

    REVIEW_IMPORT = "review_import", "Review imported record"
    LINE = "line", "Treatment"
    ADMINISTRATION = "administration", "Dose or procedure"
    STUDY = "study", "Imaging"
    REVIEW = "review", "Review a report"
    REFERRAL = "referral", "Board"
    ACTION = "action", "Board action"
    GOALS = "goals", "Goals conversation"
    TOLD = "told", "Tell the patient"
    VISIT = "visit", "Visit or call"


class Grade(TextChoices):
    """WHO 2019 / 2022, GEP (`clinical.md` 1.1, V2). NEC is not formally graded: high grade by definition."""

    NET_G1 = "NET G1", "NET G1"
    NET_G2 = "NET G2", "NET G2"
    NET_G3 = "NET G3", "NET G3"
    NEC_SC = "NEC small cell", "NEC, small cell"
    NEC_LC = "NEC large cell", "NEC, large cell"
    NEC = "NEC", "NEC"
    MINEN = "MiNEN", "MiNEN"
    TYPICAL = "typical carcinoid", "Typical carcinoid"
    ATYPICAL = "atypical carcinoid", "Atypical carcinoid"
    UNGRADED = "ungraded", "Not graded"
    UNCLASSIFIED = "unclassified", "Unclassified"


NEC_GRADES = frozenset({Grade.NEC, Grade.NEC_SC, Grade.NEC_LC})
# For "highest": position is severity. Unclassified sorts high because it is scheduled at the strictest interval.
_SEVERITY = {
    Grade.UNGRADED: 0,
    Grade.TYPICAL: 1,
    Grade.NET_G1: 1,
    Grade.ATYPICAL: 2,
    Grade.NET_G2: 2,
    Grade.NET_G3: 3,
    Grade.MINEN: 4,
    Grade.UNCLASSIFIED: 5,
    Grade.NEC: 6,
    Grade.NEC_LC: 6,
    Grade.NEC_SC: 6,
}


@dataclass(frozen=True)
class GradeResult:
    """`conflicts` are sentences for the pathologist; `missing` names what would complete the grade."""

    grade: Grade
    conflicts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def severity(self) -> int:
        return _SEVERITY[self.grade]

    @property
    def is_provisional(self) -> bool:
        return self.grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}


def _by_ki67(ki67: Decimal) -> Grade:
    if ki67 < 3:
        return Grade.NET_G1
    return Grade.NET_G2 if ki67 <= 20 else Grade.NET_G3


def _by_mitoses(mitoses: Decimal) -> Grade:
    if mitoses < 2:
        return Grade.NET_G1
    return Grade.NET_G2 if mitoses <= 20 else Grade.NET_G3


def _lung(mitoses: Decimal | None, *, necrosis: bool | None) -> GradeResult:
    if mitoses is None:
        return GradeResult(Grade.UNGRADED, missing=("mitoses",))
    if mitoses > 10:
        return GradeResult(
            Grade.ATYPICAL,
            conflicts=("More than 10 mitoses per 2 mm² in a well-differentiated lung tumor: LCNEC or SCLC?",),
        )
    if mitoses >= 2 or necrosis:
        return GradeResult(Grade.ATYPICAL)
    return GradeResult(Grade.TYPICAL, missing=() if necrosis is not None else ("necrosis",))


def grade_of(
    *,
    differentiation: str,
    ki67: Decimal | None,
    mitoses: Decimal | None,
    mixed: bool = False,
    cell_type: str = "",
    lung: bool = False,
    necrosis: bool | None = None,
) -> GradeResult:
    """Grade of one specimen, `clinical.md` 1.1 (V2; cutoffs 3 and 20 % with decimals: 2.9 is G1, 20.0 is G2, 20.1 is G3).

    `ki67` in percent, `mitoses` per 2 mm². NEC comes from poor differentiation only, never from Ki-67. The final grade
    is the higher of the two indices.
    """
    if mixed:
        return GradeResult(Grade.MINEN, missing=("grade of each component",))
    if not differentiation:
        return GradeResult(Grade.UNCLASSIFIED, missing=("differentiation",))
    if differentiation == Differentiation.POOR:
        grade = {"small": Grade.NEC_SC, "large": Grade.NEC_LC}.get(cell_type, Grade.NEC)
        conflicts = ()
        if ki67 is not None and ki67 <= 20:
            conflicts = (f"Poorly differentiated with Ki-67 {ki67.normalize():f} %: pathology review.",)
        return GradeResult(grade, conflicts=conflicts, missing=() if ki67 is not None else ("Ki-67",))
    if lung:
        return _lung(mitoses, necrosis=necrosis)
    found = []
    missing = []
    if ki67 is None:
        missing.append("Ki-67")
    else:
        found.append(_by_ki67(ki67))
    if mitoses is None:
        missing.append("mitoses")
    else:
        found.append(_by_mitoses(mitoses))
    if not found:
        return GradeResult(Grade.UNGRADED, missing=tuple(missing))
    return GradeResult(max(found, key=lambda g: _SEVERITY[g]), missing=tuple(missing))


def age_on(birth: date | None, on: date) -> int | None:
    """Completed years; None when the birth date is unknown or after `on`."""
    if birth is None or birth > on:
        return None
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def plain_form(text: str) -> str:
    """Lower case without accents, for sorting and searching: "Drăgan" and "dragan" are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def sort_key(family_name: str, given_name: str) -> str:
    return plain_form(f"{family_name} {given_name}")[:250]


def search_key(family_name: str, given_name: str, identifiers: list[str], birth: date | None) -> str:
    """What the search looks through: names in both orders, identifiers with and without separators, birth date."""
    numbers = [form for value in identifiers for form in {value.lower(), "".join(filter(str.isalnum, value.lower()))}]
    birth_forms = [birth.isoformat(), birth.strftime("%d.%m.%Y")] if birth else []
    name = plain_form(f"{given_name} {family_name} {given_name}")
    return " ".join([name, *sorted(numbers), *birth_forms])
