"""Actions: kinds, states, which scan an order means. Overdue is derived. Pure."""

import re

from django.db.models import TextChoices

from patients.imaging.rules import StudyModality
from tumorboard.decisions.rules import ToldWhom


class ActionStatus(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"


A = ActionStatus
ACTION_TRANSITIONS: dict[ActionStatus, frozenset[ActionStatus]] = {
    A.OPEN: frozenset({A.DONE, A.DECLINED, A.CANCELLED}),
    A.DONE: frozenset({A.OPEN}),  # undo
    A.DECLINED: frozenset({A.OPEN}),
    A.CANCELLED: frozenset({A.OPEN}),
}


class ActionKind(TextChoices):
    START_TREATMENT = "start_treatment", "Start treatment"
    ORDER_IMAGING = "order_imaging", "Order imaging"
    ORDER_LABS = "order_labs", "Order labs"
    STOP_TREATMENT = "stop_treatment", "Stop treatment"
    REFER = "refer", "Refer"
    PALLIATIVE = "palliative", "Refer to palliative care"
    REDISCUSS = "rediscuss", "Discuss again"
    BIOPSY = "biopsy", "Arrange biopsy"
    TELL_PATIENT = "tell_patient", "Tell the patient"
    TELL_GP = "tell_gp", "Tell the GP"
    GOALS = "goals", "Goals conversation"
    OTHER = "other", "Other"


# What a board does not have to talk about when it is late: somebody is told.
TELLS: dict[ToldWhom, ActionKind] = {ToldWhom.PATIENT: ActionKind.TELL_PATIENT, ToldWhom.GP: ActionKind.TELL_GP}
TELLING = frozenset(TELLS.values())


# Words by which an order says which scan or lab it means.
_WORDS: tuple[tuple[str, str], ...] = (
    (StudyModality.FDG_PET, r"fdg"),
    (StudyModality.SSTR_PET, r"sstr|dota\w*|68ga|ga-?68|64cu|cu-?64|somatostatin receptor"),
    (StudyModality.MRI, r"mri|mrt|primovist|eob"),
    (StudyModality.CT, r"(?<!pet/)(?<!pet-)(?<!pet )ct"),
    (StudyModality.ECHO, r"echo\w*"),
    (StudyModality.ULTRASOUND, r"ultrasound|ceus|sonograph\w*"),
    (StudyModality.SCINTIGRAPHY, r"scintigra\w*|bone scan"),
    (StudyModality.XRAY, r"x-?ray"),
    (StudyModality.CGA, r"cga|chromogranin\w*"),
    (StudyModality.HIAA, r"5-?hiaa"),
    (StudyModality.NSE, r"nse"),
    (StudyModality.NT_PROBNP, r"(?:nt-?pro)?bnp"),
)


def modalities_named(*texts: str) -> frozenset[str]:
    """Which scans and labs the words of an order name; empty: none in particular."""
    words = " ".join(texts).lower()
    return frozenset(str(kind) for kind, named in _WORDS if re.search(rf"(?<![\w-])(?:{named})(?![\w])", words))


def names_palliative(what: str) -> bool:
    """Whether the words of a referral mean the palliative team."""
    return "palliative" in what.lower()


def source_key(kind: str, row_id: int) -> str:
    """What closed an action by itself: `line:3`, `study:17`."""
    return f"{kind}:{row_id}"


def step_key(action_id: int) -> str:
    """Under which an action stands among the patient's next steps."""
    return f"action:{action_id}"
