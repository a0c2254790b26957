"""Treatment lines: modalities, states, and the therapy line number. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    A.GIVEN: frozenset(),
    A.SKIPPED: frozenset(),
    A.CANCELLED: frozenset(),
}


@dataclass(frozen=True)
class CountedLine:
    """What the numbering needs of a line, in order of start."""

    modality: str
    role: str
    start_reason: str
    started: bool = True


@dataclass(frozen=True)
class LineNumber:
    """`order` is n of "Ln", None beside the lines; `therapy` is the therapy line, None for what does not count."""

    order: int | None
    therapy: int | None
    therapy_so_far: int


def number_lines(lines: Sequence[CountedLine]) -> list[LineNumber]:
    """L-order and therapy line of each line (`model.md` 4), lines given in order of start.

    Only antitumor systemic treatment and PRRT counts. The number rises at first treatment, progression, intolerance
    and relapse; a planned sequence keeps it (a first counted line always gets 1). Lines that only run beside (symptom
    control, supportive) get neither number; a line that never started gets no therapy number.
    """
    numbers: list[LineNumber] = []
    order = therapy = 0
    for line in lines:
        if line.role != LineRole.ANTITUMOR or line.modality in SUPPORTIVE:
            numbers.append(LineNumber(None, None, therapy))
            continue
        order += 1
        if line.modality not in SYSTEMIC_OR_PRRT or not line.started:
            numbers.append(LineNumber(order, None, therapy))
            continue
        if therapy == 0 or line.start_reason in RAISES_LINE_NUMBER:
            therapy += 1
        numbers.append(LineNumber(order, therapy, therapy))
    return numbers
