"""Decisions and what is recommended: states, codes, first wording, what a started treatment answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.db.models import TextChoices

from patients.record.rules import UNTOLD
from patients.treatment.rules import EndReason, Modality


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


UNSETTLED = frozenset({R.OPEN, R.PARTLY})
# What was entered wrongly goes back: the line that answered was entered in error, somebody chose the wrong state.
RECOMMENDATION_CORRECTIONS: dict[RecommendationStatus, frozenset[RecommendationStatus]] = {
    R.OPEN: frozenset(),
    R.IMPLEMENTED: frozenset({R.OPEN}),
    R.PARTLY: frozenset({R.OPEN}),
    R.NOT_IMPLEMENTED: frozenset({R.OPEN}),
    R.SUPERSEDED: frozenset({R.OPEN}),
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


class Outcome(TextChoices):
    """How a discussed case ends in a decision. A deferred one has none: its agenda item says why, for what."""

    RECOMMENDED = "recommended", "Recommended"
    NO_CHANGE = "no_change", "No change"


class Strength(TextChoices):
    """How firmly the board stands behind one option; the words of AWMF guidelines (shall, should, can). It puts no
    option before another. What the board advises against is an alternative with its reason, not a strength."""

    STRONG = "strong", "Strongly recommended"
    RECOMMENDED = "recommended", "Recommended"
    CONSIDER = "consider", "Can be considered"


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
# The treatment line that an option proposes.
MODALITY_OF_OPTION: dict[Option, Modality] = {
    **{option: Modality(modality) for modality, option in OPTION_OF_MODALITY.items()},
    Option.TARE: Modality.EMBOLIZATION,
}
# Why a proposed line was declined, said as what became of the recommendation.
DEVIATION_OF_END: dict[str, DeviationReason] = {
    EndReason.PROGRESSION: DeviationReason.PROGRESSION,
    EndReason.TOXICITY: DeviationReason.TOXICITY,
    EndReason.PATIENT_CHOICE: DeviationReason.PATIENT_CHOICE,
    EndReason.CLINICIAN_CHOICE: DeviationReason.CLINICIAN_CHOICE,
    EndReason.COMORBIDITY: DeviationReason.COMORBIDITY,
    EndReason.ACCESS: DeviationReason.ACCESS,
    EndReason.DEATH: DeviationReason.DEATH,
    EndReason.LOST: DeviationReason.LOST,
}


# Names by which a board's sentence says which drug or procedure it means, as the treatment form writes them.
NAMED: dict[Option, tuple[str, ...]] = {
    Option.SSA: ("Lanreotide", "Octreotide LAR"),
    Option.TARGETED: ("Cabozantinib", "Everolimus", "Sunitinib"),
    Option.PRRT: ("177Lu-dotatate", "177Lu-edotreotide"),
    Option.CHEMOTHERAPY: ("CAPTEM", "Carboplatin and etoposide", "Cisplatin and etoposide", "FOLFIRI", "FOLFOX"),
    Option.EMBOLIZATION: ("DEB-TACE", "TACE", "TAE"),
    Option.ABLATION: ("Microwave ablation", "Radiofrequency ablation"),
    Option.SURGERY: ("Debulking", "Liver resection", "Liver transplant", "Resection of the primary"),
}


def agent_named(option: Option, *texts: str) -> str:
    """The drug or procedure of the option that the first text to name one names; else the option's own label, until
    somebody says which it is. Never a guess: a text that names several decides nothing."""
    for text in texts:
        words = text.lower()
        named = [name for name in NAMED.get(option, ()) if re.search(rf"(?<![\w-]){re.escape(name.lower())}\b", words)]
        if named:
            return named[0] if len(named) == 1 else str(option.label)
    return str(option.label)


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


def labels_of(options: Iterable[Option]) -> dict[str, str]:
    """Code and label of each option once, in their order."""
    return {str(option): str(option.label) for option in options}


def wording(options: Iterable[str], *, detail: str = "", conditions: Mapping[str, str] | None = None) -> str:
    """A first sentence made of the options: `PRRT (if PET positive) and Surgery, with palliative care.`; empty without
    any."""
    chosen, conditions = set(options), conditions or {}
    labels = [
        f"{label} ({conditions[value].strip()})" if conditions.get(value, "").strip() else label
        for value, label in option_choices()
        if value in chosen and value != Option.WITH_PALLIATIVE
    ]
    said = " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else "".join(labels)
    if detail.strip():
        said = f"{said}: {detail.strip()}" if said else detail.strip()
    if Option.WITH_PALLIATIVE in chosen:
        said = f"{said}, {Option.WITH_PALLIATIVE.label}" if said else "Palliative care involved"
    return f"{said.rstrip('.')}." if said else ""


def no_change_wording(running: Sequence[str]) -> str:
    """The sentence of a case in which the present plan goes on: `No change: Lanreotide continues.`"""
    if not running:
        return "No change: the present plan continues."
    named = " and ".join([", ".join(running[:-1]), running[-1]]) if len(running) > 1 else running[0]
    return f"No change: {named} {'continue' if len(running) > 1 else 'continues'}."


def told_key(decision_id: int) -> str:
    """Under which the duty to tell the patient stands among the patient's next steps."""
    return f"{UNTOLD}{decision_id}"


def told_gp_key(decision_id: int) -> str:
    """The same for the GP."""
    return f"told-gp:{decision_id}"
