"""Reading surveillance: what a date rests on, one patient's imaging, the worklist."""

from patients.imaging.queries.facts import Known, default_scan, facts_of, intervals_of, known_of
from patients.imaging.queries.late import past
from patients.imaging.queries.patient import (
    LadderRow,
    PatientImaging,
    StudyRow,
    imaging_of,
    ladder_of,
    limits_of,
    next_due,
    readable_study,
)
from patients.imaging.queries.worklist import (
    STOPPED,
    STOPPED_SORTS,
    TABS,
    Counts,
    WorkRow,
    absent_people,
    counts,
    overdue_reviews,
    rows_of,
    sorts_of,
    stopped_plans,
    work,
)

__all__ = [
    "STOPPED",
    "STOPPED_SORTS",
    "TABS",
    "Counts",
    "Known",
    "LadderRow",
    "PatientImaging",
    "StudyRow",
    "WorkRow",
    "absent_people",
    "counts",
    "default_scan",
    "facts_of",
    "imaging_of",
    "intervals_of",
    "known_of",
    "ladder_of",
    "limits_of",
    "next_due",
    "overdue_reviews",
    "past",
    "readable_study",
    "rows_of",
    "sorts_of",
    "stopped_plans",
    "work",
]
