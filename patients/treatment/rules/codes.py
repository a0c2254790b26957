"""Modalities, roles, reasons, states of lines and doses. Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class Modality(TextChoices):
    """What a line is. Palliative care is no modality: it is concurrent involvement (`model.md` 4)."""

    SSA = "ssa", "Somatostatin analog"
    TARGETED = "targeted", "Targeted drug"
    PRRT = "prrt", "PRRT"
    CHEMOTHERAPY = "chemotherapy", "Chemotherapy"
    INTERFERON = "interferon", "Interferon"
    IMMUNOTHERAPY = "immunotherapy", "Immunotherapy"
    EMBOLIZATION = "embolization", "Embolization"
    ABLATION = "ablation", "Ablation"
    SURGERY = "surgery", "Surgery"
    RADIOTHERAPY = "radiotherapy", "External radiotherapy"
    TRIAL = "trial", "Clinical trial"
    TELOTRISTAT = "telotristat", "Telotristat"
    OBSERVATION = "observation", "Observation"
    BEST_SUPPORTIVE_CARE = "bsc", "Best supportive care"
    HOSPICE = "hospice", "Hospice"
    OTHER = "other", "Other"


# How a modality is drawn and grouped: the swatch names of the stylesheet.
SWATCH: dict[str, str] = {
    Modality.SSA: "ssa",
    Modality.TARGETED: "tgt",
    Modality.PRRT: "prrt",
    Modality.CHEMOTHERAPY: "chem",
    Modality.EMBOLIZATION: "liv",
    Modality.SURGERY: "surg",
    Modality.ABLATION: "liv",
}

SYSTEMIC_OR_PRRT = frozenset(
    {
        Modality.SSA,
        Modality.TARGETED,
        Modality.PRRT,
        Modality.CHEMOTHERAPY,
        Modality.INTERFERON,
        Modality.IMMUNOTHERAPY,
        Modality.TRIAL,
        Modality.OTHER,
    }
)
# Beside the lines, without an L: they stop nothing and count for nothing.
SUPPORTIVE = frozenset({Modality.TELOTRISTAT, Modality.BEST_SUPPORTIVE_CARE, Modality.HOSPICE, Modality.OBSERVATION})


class LineRole(TextChoices):
    ANTITUMOR = "antitumor", "Antitumor"
    SYMPTOM_CONTROL = "symptom_control", "Symptom control"
    SUPPORTIVE = "supportive", "Supportive"


class Intent(TextChoices):
    CURATIVE = "curative", "Curative"
    CYTOREDUCTIVE = "cytoreductive", "Cytoreductive"
    DISEASE_CONTROL = "disease_control", "Disease control"
    SYMPTOM = "symptom", "Symptom control"
    PALLIATIVE = "palliative", "Palliative"
    UNKNOWN = "", "Not stated"


class StartReason(TextChoices):
    FIRST = "first", "First treatment"
    PROGRESSION = "progression", "Progression"
    INTOLERANCE = "intolerance", "Intolerance"
    RELAPSE = "relapse", "Relapse"
    PLANNED = "planned", "Planned sequence"
    PATIENT_CHOICE = "patient_choice", "Patient choice"
    SYMPTOM_CONTROL = "symptom_control", "Symptom control"


RAISES_LINE_NUMBER = frozenset(
    {StartReason.FIRST, StartReason.PROGRESSION, StartReason.INTOLERANCE, StartReason.RELAPSE}
)


class EndReason(TextChoices):
    COMPLETED = "completed", "Completed as planned"
    PROGRESSION = "progression", "Progression"
    TOXICITY = "toxicity", "Toxicity"
    PATIENT_CHOICE = "patient_choice", "Patient choice"
    CLINICIAN_CHOICE = "clinician_choice", "Clinician choice"
    COMORBIDITY = "comorbidity", "Comorbidity or performance status"
    ACCESS = "access", "Access or funding"
    DEATH = "death", "Death"
    LOST = "lost_to_follow_up", "Lost to follow-up"
    OTHER = "other", "Other"


class LineStatus(TextChoices):
    PROPOSED = "proposed", "Proposed"
    PLANNED = "planned", "Planned"
    ACTIVE = "active", "Active"
    ON_HOLD = "on_hold", "On hold"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    ERROR = "entered_in_error", "Entered in error"


S = LineStatus
LINE_TRANSITIONS: dict[LineStatus, frozenset[LineStatus]] = {
    S.PROPOSED: frozenset({S.PLANNED, S.STOPPED, S.ERROR}),
    S.PLANNED: frozenset({S.ACTIVE, S.STOPPED, S.ERROR}),
    S.ACTIVE: frozenset({S.ON_HOLD, S.COMPLETED, S.STOPPED, S.ERROR}),
    S.ON_HOLD: frozenset({S.ACTIVE, S.COMPLETED, S.STOPPED, S.ERROR}),
    S.COMPLETED: frozenset({S.ERROR}),
    S.STOPPED: frozenset({S.ERROR}),
    S.ERROR: frozenset(),
}
OPEN_STATUSES = frozenset({S.PROPOSED, S.PLANNED, S.ACTIVE, S.ON_HOLD})
RUNNING_STATUSES = frozenset({S.ACTIVE, S.ON_HOLD})
ENDED_STATUSES = frozenset({S.COMPLETED, S.STOPPED})


class AdministrationStatus(TextChoices):
    PLANNED = "planned", "Planned"
    GIVEN = "given", "Given"
    HELD = "held", "Held"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"


A = AdministrationStatus
ADMINISTRATION_TRANSITIONS: dict[AdministrationStatus, frozenset[AdministrationStatus]] = {
    A.PLANNED: frozenset({A.GIVEN, A.HELD, A.SKIPPED, A.CANCELLED}),
    A.HELD: frozenset({A.PLANNED, A.GIVEN, A.SKIPPED, A.CANCELLED}),
    # Back only because what was recorded was wrong, with the reason.
    A.GIVEN: frozenset({A.PLANNED}),
    A.SKIPPED: frozenset({A.PLANNED}),
    A.CANCELLED: frozenset({A.PLANNED}),
}


# Done at one moment: start and end are the same day unless sessions were planned.
SINGLE_DAY = frozenset({Modality.SURGERY, Modality.ABLATION})


def role_for(modality: str, role: str) -> str:
    """The role of a line in the words of `LineRole`: supportive modalities are supportive whatever was ticked."""
    if modality in SUPPORTIVE:
        return LineRole.SUPPORTIVE
    return role or LineRole.ANTITUMOR
