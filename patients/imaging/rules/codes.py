"""Codes of surveillance: what a study is, which states it has, why a plan stops."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import TextChoices

from patients.record.rules import MetastaticSiteCode


class StudyModality(TextChoices):
    CT = "ct", "CT"
    MRI = "mri", "MRI"
    SSTR_PET = "sstr_pet", "SSTR PET"
    FDG_PET = "fdg_pet", "FDG PET"
    ULTRASOUND = "us", "Ultrasound"
    ECHO = "echo", "Echocardiography"
    SCINTIGRAPHY = "scintigraphy", "Scintigraphy"
    XRAY = "xray", "X-ray"
    OTHER = "other", "Other"
    CGA = "cga", "CgA"
    HIAA = "hiaa", "5-HIAA"
    NSE = "nse", "NSE"
    NT_PROBNP = "ntprobnp", "NT-proBNP"
    PRRT_LABS = "prrt_labs", "PRRT labs"


# Surveillance that a sample answers, not a scan: same loop, no scanner, no images, no RECIST.
LABS = frozenset(
    {
        StudyModality.CGA,
        StudyModality.HIAA,
        StudyModality.NSE,
        StudyModality.NT_PROBNP,
        StudyModality.PRRT_LABS,
    }
)
SCAN_CHOICES = [(value, label) for value, label in StudyModality.choices if value not in LABS]
LAB_CHOICES = [(value, label) for value, label in StudyModality.choices if value in LABS]


def is_lab(modality: str) -> bool:
    """Whether a study of this kind is a sample."""
    return modality in LABS


@dataclass(frozen=True)
class Words:
    """How the acts of the loop are called: a scan is performed and reported, a sample is taken and has a result."""

    thing: str  # what is made
    made: str  # what has become of it
    make: str  # the act
    report: str


_SCAN = Words("scan", "performed", "Performed", "report")
_SAMPLE = Words("sample", "taken", "Sample taken", "result")


def words_of(modality: str) -> Words:
    return _SAMPLE if is_lab(modality) else _SCAN


# What can answer a surveillance plan for cross-sectional imaging.
CROSS_SECTIONAL = frozenset({StudyModality.CT, StudyModality.MRI})
# What lesions are read on by RECIST: a PET comes with its CT.
MEASURED_ON = CROSS_SECTIONAL | {StudyModality.SSTR_PET, StudyModality.FDG_PET}


class StudyStatus(TextChoices):
    PLANNED = "planned", "Planned"
    ORDERED = "ordered", "Ordered"
    SCHEDULED = "scheduled", "Scheduled"
    PERFORMED = "performed", "Performed"
    REPORTED = "reported", "Reported"
    REVIEWED = "reviewed", "Reviewed"
    ACTED_ON = "acted_on", "Acted on"
    CLOSED = "closed", "Closed without"


S = StudyStatus
# Due, amber and red are derived, never stored. A no-show and a cancelled slot return to ordered; an order that is taken
# back at once returns to planned.
STUDY_TRANSITIONS: dict[StudyStatus, frozenset[StudyStatus]] = {
    S.PLANNED: frozenset({S.ORDERED, S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.ORDERED: frozenset({S.PLANNED, S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.SCHEDULED: frozenset({S.ORDERED, S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.PERFORMED: frozenset({S.REPORTED, S.CLOSED}),
    S.REPORTED: frozenset({S.REVIEWED}),
    S.REVIEWED: frozenset({S.ACTED_ON}),
    S.ACTED_ON: frozenset(),
    S.CLOSED: frozenset(),
}
# The ways back, each a command of its own with its reason: a scan or report entered by mistake, a study closed by
# mistake, a report that its source amended. Nobody moves along them by an ordinary act.
STUDY_CORRECTIONS: dict[StudyStatus, frozenset[StudyStatus]] = {
    S.PLANNED: frozenset(),
    S.ORDERED: frozenset(),
    S.SCHEDULED: frozenset(),
    S.PERFORMED: frozenset({S.PLANNED, S.ORDERED, S.SCHEDULED}),
    S.REPORTED: frozenset({S.PERFORMED, S.REPORTED}),
    S.REVIEWED: frozenset({S.PERFORMED, S.REPORTED}),
    S.ACTED_ON: frozenset({S.PERFORMED, S.REPORTED}),
    S.CLOSED: frozenset({S.PLANNED, S.ORDERED, S.SCHEDULED, S.PERFORMED, S.REPORTED}),
}


def state_before(*, ordered: bool, scheduled: bool, performed: bool) -> StudyStatus:
    """Where a study stood before it was closed, or before its scan was entered by mistake."""
    if performed:
        return S.PERFORMED
    return S.SCHEDULED if scheduled else S.ORDERED if ordered else S.PLANNED


NOT_YET_DONE = frozenset({S.PLANNED, S.ORDERED, S.SCHEDULED})
DONE = frozenset({S.PERFORMED, S.REPORTED, S.REVIEWED, S.ACTED_ON})
BOOKED = DONE | {S.SCHEDULED}  # a day stands, or stood, for it


class CloseReason(TextChoices):
    DONE_ELSEWHERE = "done_elsewhere", "Done elsewhere"
    SUPERSEDED = "superseded", "Superseded by another plan or scan"
    PATIENT_DECLINED = "patient_declined", "Patient declined"
    NOT_INDICATED = "not_indicated", "No longer indicated"
    HOSPICE = "hospice", "Hospice care"
    DECEASED = "deceased", "Patient died"
    NOT_ENROLLED = "not_enrolled", "No longer in our care"
    ERROR = "error", "Entered in error"


class StopReason(TextChoices):
    """Why surveillance imaging is off (S15)."""

    HOSPICE = "hospice", "Hospice"
    DECLINED = "declined", "Patient declined imaging"
    DECEASED = "deceased", "Deceased"
    TRANSFERRED = "transferred", "Transferred"
    DISCHARGED = "discharged", "Discharged"
    SYMPTOM_LED = "symptom_led", "Symptom-led imaging (best supportive care, confirmed)"
    REPLACED = "replaced", "Replaced by another plan"
    NOT_NEEDED = "not_needed", "Not needed for this patient"


class Stake(TextChoices):
    """What is at stake if this study is late; empty: nothing beyond the delay itself. Weights are numbers of the
    protocol (`stake.…`)."""

    NEC = "nec", "NEC or MiNEN"
    UNCLASSIFIED = "unclassified", "Not classified"
    G3 = "g3", "NET G3"
    PROGRESSION = "progression", "Progression"
    EXTRA = "extra", "Outside the plan"


class SnoozeReason(TextChoices):
    """Why a row may wait a while."""

    AWAY = "away", "Patient is away"
    ASKED = "asked", "Patient asked to wait"
    ILL = "ill", "Patient is ill or in hospital"
    RESULT = "result", "Waiting for a result or a decision"
    CENTER = "center", "Waiting for another center"
    OTHER = "other", "Other, see note"


class AnchorKind(TextChoices):
    SCAN = "scan", "Last qualifying scan"
    LINE = "line", "Start of treatment"
    DIAGNOSIS = "diagnosis", "Diagnosis"
    MANUAL = "manual", "Chosen date"


class ReminderStep(TextChoices):
    """Steps of the ladder (`model.md` 6), in order."""

    ORDER = "order", "Order"
    SCHEDULE = "schedule", "Schedule"
    DUE = "due", "Due"
    AMBER = "amber", "Overdue: call"
    LETTER = "letter", "Overdue: letter"
    RED = "red", "Overdue: clinician decides"
    BOARD = "board", "Suggest for the board"


class ReminderState(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    WITHDRAWN = "withdrawn", "Withdrawn"


class PetAnswer(TextChoices):
    """What became of a suggested PET; the last three come about by themselves."""

    NOT_NEEDED = "not_needed", "Not needed"
    ORDERED = "ordered", "Ordered"
    SETTLED = "settled", "Done, or no longer asked for"
    COUNTS = "counts", "A PET shortly before counts"


class ContactKind(TextChoices):
    PHONE = "phone", "Phone"
    LETTER = "letter", "Letter"
    PORTAL = "portal", "Portal"
    EMAIL = "email", "E-mail"


class ContactOutcome(TextChoices):
    REACHED = "reached", "Reached"
    BOOKED = "booked", "Booked"
    NO_ANSWER = "no_answer", "No answer"
    DECLINED = "declined", "Declined"
    SENT = "sent", "Sent"
    WRONG_NUMBER = "wrong_number", "Wrong number"


# Somebody spoke with the patient.
ANSWERED = frozenset({ContactOutcome.REACHED, ContactOutcome.BOOKED, ContactOutcome.DECLINED})

# Enrollment in which surveillance imaging stops, with the reason that is logged (S15). On hold and under review keep
# the plan; nothing is raised for them, every claim rechecks enrollment.
STOPS_WITH_ENROLLMENT: dict[str, StopReason] = {
    "declined": StopReason.DECLINED,
    "transferred": StopReason.TRANSFERRED,
    "discharged": StopReason.DISCHARGED,
    "deceased": StopReason.DECEASED,
}
CLOSES_WITH: dict[StopReason, CloseReason] = {
    StopReason.HOSPICE: CloseReason.HOSPICE,
    StopReason.DECLINED: CloseReason.PATIENT_DECLINED,
    StopReason.DECEASED: CloseReason.DECEASED,
    StopReason.TRANSFERRED: CloseReason.NOT_ENROLLED,
    StopReason.DISCHARGED: CloseReason.NOT_ENROLLED,
    StopReason.SYMPTOM_LED: CloseReason.NOT_INDICATED,
    StopReason.REPLACED: CloseReason.SUPERSEDED,
    StopReason.NOT_NEEDED: CloseReason.NOT_INDICATED,
}
# Ends of a lab plan that a person decided: the record does not ask for it again by itself.
SETTLED_STOPS = frozenset({StopReason.DECLINED, StopReason.SYMPTOM_LED, StopReason.NOT_NEEDED})

# Regions that say nothing about the liver: such a scan does not answer a surveillance plan.
_ELSEWHERE = ("head", "brain", "skull", "neck", "knee", "hip", "shoulder", "spine", "extremit", "dental", "breast")
_ABDOMEN = ("abdom", "liver", "hepat", "pancrea", "body", "trunk")
_PARTS: dict[str, tuple[str, ...]] = {
    "chest": ("chest", "thora", "lung", "body", "trunk"),
    "abdomen": _ABDOMEN,
    "pelvis": ("pelv", "body", "trunk"),
}


def parts_of(region: str) -> frozenset[str]:
    """Which parts of the trunk a region in words names; empty: none that we know."""
    text = region.lower()
    return frozenset(part for part, words in _PARTS.items() if any(word in text for word in words))


def _covers(region: str, plan_region: str) -> bool:
    """Whether a scan of this region shows what the plan looks at. Words we do not know say nothing against it; a plan
    that looks at the abdomen is not answered by a scan that leaves it out."""
    scanned, asked = parts_of(region), parts_of(plan_region)
    if not scanned:
        return not any(word in region.lower() for word in _ELSEWHERE)
    if not asked:
        return True
    return "abdomen" in scanned if "abdomen" in asked else bool(scanned & asked)


def qualifies(
    modality: str, region: str, *, plan_modality: str, plan_region: str = "", beside: Collection[str] = ()
) -> bool:
    """Whether a performed scan answers a plan: CT and MRI answer each other, anything else only its like, and only
    when the scan shows what the plan looks at. `beside`: modalities of the patient's other running plans. Where CT and
    MRI are both planned, each answers its own plan alone: nobody plans both to see the same thing twice."""
    same = modality == plan_modality
    if not same and {modality, plan_modality} <= CROSS_SECTIONAL:
        same = modality not in beside
    return same and _covers(region, plan_region)


# Beside the liver these say nothing against it: lymph nodes go along with almost every liver metastasis.
_BESIDE_LIVER = frozenset({MetastaticSiteCode.LIVER, MetastaticSiteCode.LYMPH_NODES})


def liver_dominates(sites: Iterable[str]) -> bool:
    """Whether the metastases are those of the liver (with lymph nodes at most)."""
    found = set(sites)
    return MetastaticSiteCode.LIVER in found and found <= _BESIDE_LIVER
