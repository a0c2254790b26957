"""Decisions and what is recommended: states, codes. Pure."""

from django.db.models import TextChoices


class DecisionStatus(TextChoices):
    DRAFT = "draft", "Draft"
    SIGNED = "signed", "Signed"


DECISION_TRANSITIONS: dict[DecisionStatus, frozenset[DecisionStatus]] = {
    DecisionStatus.DRAFT: frozenset({DecisionStatus.SIGNED}),
    DecisionStatus.SIGNED: frozenset(),  # corrections are addenda
}


class RecommendationStatus(TextChoices):
    OPEN = "open", "Open"
    IMPLEMENTED = "implemented", "Implemented"
    PARTLY = "partly", "Partly implemented"
    NOT_IMPLEMENTED = "not_implemented", "Not implemented"
    SUPERSEDED = "superseded", "Superseded"


R = RecommendationStatus
RECOMMENDATION_TRANSITIONS: dict[RecommendationStatus, frozenset[RecommendationStatus]] = {
    R.OPEN: frozenset({R.IMPLEMENTED, R.PARTLY, R.NOT_IMPLEMENTED, R.SUPERSEDED}),
    R.IMPLEMENTED: frozenset(),
    R.PARTLY: frozenset({R.IMPLEMENTED, R.NOT_IMPLEMENTED, R.SUPERSEDED}),
    R.NOT_IMPLEMENTED: frozenset(),
    R.SUPERSEDED: frozenset(),
}


class Option(TextChoices):
    """What a board can recommend, alphabetical on every screen: never ranked. Palliative care is a companion."""

    ABLATION = "ablation", "Ablation"
    BIOPSY = "biopsy", "Biopsy or pathology review"
    BEST_SUPPORTIVE_CARE = "bsc", "Best supportive care"
    CHEMOTHERAPY = "chemotherapy", "Chemotherapy"
    EMBOLIZATION = "embolization", "Embolization (TAE / TACE)"
    IMAGING = "imaging", "Further imaging"
    OBSERVATION = "observation", "Observation"
    PRRT = "prrt", "PRRT"
    RADIOTHERAPY = "radiotherapy", "Radiotherapy"
    SSA = "ssa", "Somatostatin analog"
    SURGERY = "surgery", "Surgery"
    TARE = "tare", "Radioembolization (TARE)"
    TARGETED = "targeted", "Targeted drug"
    TRIAL = "trial", "Clinical trial"
    WITH_PALLIATIVE = "with_palliative", "with palliative care"


class DeviationReason(TextChoices):
    """One list of reasons (`clinical.md` 6)."""

    PATIENT_CHOICE = "patient_choice", "Patient choice"
    COMORBIDITY = "comorbidity_ps", "Comorbidity or performance status"
    PROGRESSION = "progression", "Progression"
    DEATH = "death", "Death"
    TOXICITY = "toxicity_lab", "Toxicity or labs"
    NEW_INFORMATION = "new_information", "New information"
    CLINICIAN_CHOICE = "clinician_choice", "Clinician choice"
    ACCESS = "access_funding", "Access or funding"
    TRIAL_INELIGIBLE = "trial_ineligible", "Not eligible for the trial"
    LOST = "lost_to_follow_up", "Lost to follow-up"
    OTHER = "other", "Other"


class ToldWhom(TextChoices):
    PATIENT = "patient", "Patient"
    GP = "gp", "General practitioner"


class ToldHow(TextChoices):
    VISIT = "visit", "In person"
    PHONE = "phone", "Phone"
    VIDEO = "video", "Video"
    LETTER = "letter", "Letter"
