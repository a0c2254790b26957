"""Decisions and what is recommended: states, codes, first wording, what a started treatment answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import TextChoices

from patients.treatment.rules import Modality


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


# Workflow defaults; a form shows them and every one can be changed.
ACTION_DUE = timedelta(days=14)  # the action that follows from a decision
TELL_PATIENT_WITHIN = timedelta(days=5)  # the patient hears of the decision
TELL_GP_WITHIN = timedelta(days=5)  # after the patient was told

# The option that a treatment line carries out, by its modality.
OPTION_OF_MODALITY: dict[str, Option] = {
    Modality.SSA: Option.SSA,
    Modality.TARGETED: Option.TARGETED,
    Modality.PRRT: Option.PRRT,
    Modality.CHEMOTHERAPY: Option.CHEMOTHERAPY,
    Modality.EMBOLIZATION: Option.EMBOLIZATION,
    Modality.ABLATION: Option.ABLATION,
    Modality.SURGERY: Option.SURGERY,
    Modality.RADIOTHERAPY: Option.RADIOTHERAPY,
    Modality.TRIAL: Option.TRIAL,
    Modality.OBSERVATION: Option.OBSERVATION,
    Modality.BEST_SUPPORTIVE_CARE: Option.BEST_SUPPORTIVE_CARE,
}
_TARE_WORDS = ("tare", "sirt", "y-90", "y90", "yttrium", "radioemboli", "ho-166")
# Options that a treatment line answers; the others end by an action or by hand.
TREATMENT_OPTIONS = frozenset(OPTION_OF_MODALITY.values()) | {Option.TARE}


def option_of_line(modality: str, agent: str) -> Option | None:
    """Which option a started line carries out: embolization with a radioactive agent is TARE. None: no option."""
    if modality == Modality.EMBOLIZATION and any(word in agent.lower() for word in _TARE_WORDS):
        return Option.TARE
    return OPTION_OF_MODALITY.get(modality)


def option_choices() -> list[tuple[str, str]]:
    """Alphabetical by label, never ranked; the companion "with palliative care" stands last."""
    single = sorted(
        ((str(option), str(option.label)) for option in Option if option is not Option.WITH_PALLIATIVE),
        key=lambda pair: pair[1].lower(),
    )
    return [*single, (str(Option.WITH_PALLIATIVE), str(Option.WITH_PALLIATIVE.label))]


def wording(options: Iterable[str], *, detail: str = "") -> str:
    """A first sentence made of the options: `PRRT and surgery, with palliative care.`; empty without any."""
    chosen = set(options)
    labels = [label for value, label in option_choices() if value in chosen and value != Option.WITH_PALLIATIVE]
    said = " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else "".join(labels)
    if detail.strip():
        said = f"{said}: {detail.strip()}" if said else detail.strip()
    if Option.WITH_PALLIATIVE in chosen:
        said = f"{said}, {Option.WITH_PALLIATIVE.label}" if said else "Palliative care involved"
    return f"{said.rstrip('.')}." if said else ""


def told_key(decision_id: int) -> str:
    """Under which the duty to tell the patient stands among the patient's next steps."""
    return f"told:{decision_id}"


def told_gp_key(decision_id: int) -> str:
    """The same for the GP."""
    return f"told-gp:{decision_id}"
