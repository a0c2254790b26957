"""Codes of the record: enums and their transition table. Pure."""

from __future__ import annotations

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
    # A death recorded by mistake is taken back by a person, with the reason: the state before it holds again.
    E_.DECEASED: frozenset(E_) - {E_.DECEASED},
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


class Ascites(TextChoices):
    """As Child-Pugh asks (`clinical.md` 1.5, P)."""

    NONE = "none", "None"
    MILD = "mild", "Mild"
    MODERATE = "moderate", "Moderate or more"


class Encephalopathy(TextChoices):
    NONE = "none", "None"
    LOW = "1-2", "Grade 1–2"
    HIGH = "3-4", "Grade 3–4"


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


class Significance(TextChoices):
    """The five tiers in which laboratories class a variant."""

    PATHOGENIC = "pathogenic", "Pathogenic"
    LIKELY_PATHOGENIC = "likely_pathogenic", "Likely pathogenic"
    UNCERTAIN = "uncertain", "Uncertain significance"
    LIKELY_BENIGN = "likely_benign", "Likely benign"
    BENIGN = "benign", "Benign"


# What a class says about "pathogenic"; an uncertain variant says nothing.
PATHOGENIC: dict[str, bool | None] = {
    Significance.PATHOGENIC: True,
    Significance.LIKELY_PATHOGENIC: True,
    Significance.UNCERTAIN: None,
    Significance.LIKELY_BENIGN: False,
    Significance.BENIGN: False,
}


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


class SstrRads(TextChoices):
    """SSTR-RADS 1.0: 1 definitely benign to 5 high certainty of NEN (V); sub-codes and their words P
    (`clinical.md` 1.4). A source without sub-codes says 1 or 3."""

    R1 = "1", "1: definitely benign"
    R1A = "1A", "1A: benign, no uptake"
    R1B = "1B", "1B: benign, with uptake"
    R2 = "2", "2: likely benign"
    R3 = "3", "3: indeterminate"
    R3A = "3A", "3A: uptake in soft tissue, suggestive"
    R3B = "3B", "3B: uptake in bone, suggestive"
    R3C = "3C", "3C: uptake of a site not typical of NEN"
    R3D = "3D", "3D: lesion on CT or MRI without uptake, consider dedifferentiation"
    R4 = "4", "4: NEN highly likely"
    R5 = "5", "5: NEN almost certain"


class Netpet(TextChoices):
    """NETPET (V2): SSTR and FDG together; a is one or two lesions, b three or more (`clinical.md` 1.4)."""

    P0 = "P0", "P0: neither"
    P1 = "P1", "P1: SSTR positive, FDG negative"
    P2 = "P2", "P2: FDG less than SSTR"
    P2A = "P2a", "P2a: FDG less than SSTR, 1–2 lesions"
    P2B = "P2b", "P2b: FDG less than SSTR, 3 or more lesions"
    P3 = "P3", "P3: FDG equal to SSTR"
    P3A = "P3a", "P3a: FDG equal to SSTR, 1–2 lesions"
    P3B = "P3b", "P3b: FDG equal to SSTR, 3 or more lesions"
    P4 = "P4", "P4: FDG more than SSTR"
    P4A = "P4a", "P4a: FDG more than SSTR, 1–2 lesions"
    P4B = "P4b", "P4b: FDG more than SSTR, 3 or more lesions"
    P5 = "P5", "P5: SSTR negative, FDG positive"


class UptakeModality(TextChoices):
    """The same lesion can score higher on PET (`clinical.md` 1.4, P): a Krenning score without it means little."""

    PLANAR = "planar", "planar"
    SPECT = "spect", "SPECT"
    PET = "pet", "PET"


class ContactScope(TextChoices):
    ALL = "all", "May be told everything"
    PRACTICAL = "practical", "Dates and practical things only"
    NONE = "none", "Must not be told"


class DeathCause(TextChoices):
    """Why a patient died, coarse enough to be known: figures of the last weeks of life count deaths from cancer."""

    CANCER = "cancer", "The cancer"
    TREATMENT = "treatment", "A treatment of the cancer"
    OTHER = "other", "Something else"
    UNKNOWN = "unknown", "Unknown"


class DeathPlace(TextChoices):
    """Where a patient died, in the codes of what was preferred."""

    HOME = "home", "At home"
    HOSPICE = "hospice", "Hospice"
    HOSPITAL = "hospital", "Hospital"
    NURSING_HOME = "nursing_home", "Nursing home"
    OTHER = "other", "Elsewhere"


class FilledBy(TextChoices):
    """Who answered a symptom form; a proxy's answers are read with care."""

    PATIENT = "patient", "The patient"
    CAREGIVER = "caregiver", "A caregiver for the patient"
    STAFF = "staff", "Staff, by asking the patient"


# Begins the key of the step "tell the patient what the board decided"; treatment that starts waits for it.
UNTOLD = "told:"


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
    CARE = "care", "Care around treatment"


OWN_STEP = "own"  # begins the source key of a step that a person set by hand
