"""Treatment lines: modalities, states, and the therapy line number. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
class LineDraft:
    """What is known of a line before it exists: the arguments of the commands that add one."""

    modality: str
    agent: str = ""
    role: str = LineRole.ANTITUMOR
    intent: str = ""
    start_reason: str = ""
    dose: str = ""
    interval_days: int | None = None
    planned_count: int | None = None
    site: str = ""
    trial_number: str = ""
    notes: str = ""
    symptom_led_imaging: bool = False


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


# What is usually given, as suggestions while typing; anything else may be typed (`clinical.md` 2).
AGENTS: dict[str, tuple[str, ...]] = {
    Modality.SSA: ("Lanreotide", "Octreotide LAR", "Octreotide short-acting"),
    Modality.TARGETED: ("Cabozantinib", "Everolimus", "Sunitinib"),
    Modality.PRRT: ("177Lu-dotatate", "177Lu-edotreotide"),
    Modality.CHEMOTHERAPY: (
        "CAPTEM",
        "Carboplatin and etoposide",
        "Cisplatin and etoposide",
        "FOLFIRI",
        "FOLFOX",
        "Streptozocin and fluorouracil",
    ),
    Modality.INTERFERON: ("Interferon alfa-2b",),
    Modality.IMMUNOTHERAPY: ("Ipilimumab and nivolumab", "Pembrolizumab"),
    Modality.EMBOLIZATION: ("DEB-TACE", "TACE", "TAE", "TARE (Y-90)"),
    Modality.ABLATION: ("Microwave ablation", "Radiofrequency ablation"),
    Modality.SURGERY: (
        "Debulking",
        "Liver resection",
        "Liver transplant",
        "Resection of the primary",
    ),
    Modality.RADIOTHERAPY: ("External beam radiotherapy", "Stereotactic radiotherapy"),
    Modality.TELOTRISTAT: ("Telotristat",),
}
DOSES: dict[str, tuple[str, ...]] = {
    Modality.SSA: ("30 mg", "120 mg"),
    Modality.PRRT: ("7.4 GBq",),
    Modality.TARGETED: ("10 mg daily", "37.5 mg daily", "60 mg daily"),
    Modality.TELOTRISTAT: ("250 mg three times a day",),
}

# What the form asks beside modality, start and reason: only what means something for the modality.
_DRUG = ("agent", "role", "intent", "dose", "interval_days", "planned_count")
_PROCEDURE = ("agent", "intent", "site")
ASKED: dict[str, tuple[str, ...]] = {
    Modality.SSA: ("agent", "role", "dose", "interval_days"),
    Modality.TARGETED: ("agent", "intent", "dose"),
    Modality.PRRT: ("agent", "intent", "dose", "planned_count", "interval_days"),
    Modality.CHEMOTHERAPY: ("agent", "intent", "dose", "planned_count", "interval_days"),
    Modality.INTERFERON: ("agent", "role", "dose"),
    Modality.IMMUNOTHERAPY: ("agent", "intent", "dose", "planned_count", "interval_days"),
    Modality.EMBOLIZATION: ("agent", "intent", "site", "planned_count", "interval_days"),
    Modality.ABLATION: _PROCEDURE,
    Modality.SURGERY: _PROCEDURE,
    Modality.RADIOTHERAPY: ("agent", "intent", "dose", "site", "planned_count"),
    Modality.TRIAL: ("agent", "trial_number", "intent", "dose", "planned_count", "interval_days"),
    Modality.TELOTRISTAT: ("agent", "dose"),
    Modality.OBSERVATION: (),
    Modality.BEST_SUPPORTIVE_CARE: ("symptom_led_imaging",),
    Modality.HOSPICE: ("site",),
    Modality.OTHER: (*_DRUG, "site"),
}
# Words of a field where the modality has its own.
FIELD_WORDS: dict[str, dict[str, str]] = {
    Modality.PRRT: {"dose": "Activity per dose", "planned_count": "Doses", "interval_days": "Days between doses"},
    Modality.CHEMOTHERAPY: {"agent": "Regimen", "planned_count": "Cycles", "interval_days": "Days per cycle"},
    Modality.EMBOLIZATION: {
        "agent": "Procedure",
        "site": "Lobe or segments",
        "planned_count": "Sessions",
        "interval_days": "Days between sessions",
    },
    Modality.ABLATION: {"agent": "Procedure", "site": "Segments"},
    Modality.SURGERY: {"agent": "Procedure", "site": "What, where, how complete"},
    Modality.RADIOTHERAPY: {"agent": "Technique", "planned_count": "Fractions"},
    Modality.HOSPICE: {"site": "Where"},
    Modality.TRIAL: {"agent": "Arm or drug"},
}
# Where the catalog of `patients.protocol` has a default for the plan: (interval code, count code).
PLAN_NUMBERS: dict[str, tuple[str, str]] = {
    Modality.SSA: ("ssa.interval", ""),
    Modality.PRRT: ("prrt.interval", "prrt.count"),
    Modality.EMBOLIZATION: ("embolization.interval", ""),
}
# Done at one moment: start and end are the same day unless sessions were planned.
SINGLE_DAY = frozenset({Modality.SURGERY, Modality.ABLATION})


def role_for(modality: str, role: str) -> str:
    """The role of a line in the words of `LineRole`: supportive modalities are supportive whatever was ticked."""
    if modality in SUPPORTIVE:
        return LineRole.SUPPORTIVE
    return role or LineRole.ANTITUMOR


AHEAD = 3  # doses of an open-ended line that are laid out at a time


def dose_dates(start: date, interval_days: int | None, count: int | None, *, today: date) -> list[tuple[int, date]]:
    """(number, date) of the doses to lay out when a line starts on `start`.

    With a count: every dose. Without: the next `AHEAD` ones. Days before `today` are left out, what was given then is
    not known here; the numbers go on counting. Nothing without an interval (unless one single dose is planned).
    """
    if count == 1:
        dates = [(1, start)]
    elif not interval_days:
        return []
    else:
        skipped = max(0, -(-(today - start).days // interval_days))
        total = count if count is not None else skipped + AHEAD
        dates = [(n + 1, start + timedelta(days=n * interval_days)) for n in range(total)]
    return [(number, on) for number, on in dates if on >= today]


_RANK = {"CR": 0, "PR": 1, "SD": 2, "NN": 2, "NE": 4, "PD": 3}


def best_of(categories: Sequence[str]) -> str:
    """The best response of several; not evaluable only when nothing else is known; empty for none."""
    return min(categories, key=lambda category: _RANK.get(category, 5), default="")


def duration_words(start: date | None, end: date) -> str:
    """Time on treatment, both days included: `1 day`, `6 wk`, `10 mo`, `2.5 y` from 36 months on. Without start: ""."""
    if start is None or end < start:
        return ""
    days = (end - start).days + 1
    if days == 1:
        return "1 day"
    if days < 14:
        return f"{days} days"
    if days < 61:
        return f"{days // 7} wk"
    months = round(days / 30.44)
    return f"{months} mo" if months < 36 else f"{round(months / 12 * 2) / 2:g} y"
