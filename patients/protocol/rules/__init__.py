"""Every configured clinical number: value, range, unit, source, tag. A number in code elsewhere is a bug.

Tags: V read in a primary source, V2 in a secondary, P prior knowledge, S founding article, D our design.
P numbers stay "local, unsigned" until a clinician signs them for the team (`ProtocolSignature`). Pure.
"""

from patients.protocol.rules.base import ProtocolNumber, ScanChoice, Tag, working_days_after
from patients.protocol.rules.burdens import BURDEN_WORDS, BURDENS, PROFILED, burden_code
from patients.protocol.rules.care import CARE
from patients.protocol.rules.guidance import LIVER, PRRT, RULES, THRESHOLDS
from patients.protocol.rules.labs import LAB_INTERVALS, REPEATS
from patients.protocol.rules.measures import MEASURES
from patients.protocol.rules.numbers import (
    BOARD,
    LADDER,
    LIMITS,
    PREPARATION,
    RECIST,
    SERIES,
    SURVEILLANCE,
    TREATMENT,
    WORKLIST,
)
from patients.protocol.rules.palliative import PALLIATIVE
from patients.protocol.rules.prognosis import PROGNOSIS
from patients.protocol.rules.readiness import READINESS
from patients.protocol.rules.safety import SAFETY
from patients.protocol.rules.treatment import COURSE, CTCAE, DOSES, LABS

# What a team signs together as its protocol of situations: S1 to S15, L1 to L6 and what refines them.
SITUATIONS: tuple[ProtocolNumber, ...] = (
    *SURVEILLANCE,
    *(row for row in SERIES if row.code != "study.report" and row.unit == "d" and not row.code.startswith("pet.")),
    *LAB_INTERVALS,
)
GUIDANCE: tuple[ProtocolNumber, ...] = (*PRRT, *LIVER, *THRESHOLDS)

NUMBERS: dict[str, ProtocolNumber] = {
    number.code: number
    for numbers in (
        *(SURVEILLANCE, SERIES, LADDER, WORKLIST, LIMITS, PREPARATION, TREATMENT, DOSES, LABS, CTCAE, COURSE),
        *(RECIST, GUIDANCE, RULES, PROGNOSIS, CARE, SAFETY, BURDENS, BOARD, READINESS),
        *(LAB_INTERVALS, REPEATS, MEASURES, PALLIATIVE),
    )
    for number in numbers
}

__all__ = [
    "BOARD",
    "BURDENS",
    "BURDEN_WORDS",
    "CARE",
    "COURSE",
    "CTCAE",
    "DOSES",
    "GUIDANCE",
    "LABS",
    "LAB_INTERVALS",
    "LADDER",
    "LIMITS",
    "LIVER",
    "MEASURES",
    "NUMBERS",
    "PALLIATIVE",
    "PREPARATION",
    "PROFILED",
    "PROGNOSIS",
    "PRRT",
    "READINESS",
    "RECIST",
    "REPEATS",
    "RULES",
    "SAFETY",
    "SERIES",
    "SITUATIONS",
    "SURVEILLANCE",
    "THRESHOLDS",
    "TREATMENT",
    "WORKLIST",
    "ProtocolNumber",
    "ScanChoice",
    "Tag",
    "burden_code",
    "working_days_after",
]
