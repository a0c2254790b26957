"""Reading surveillance: what a date rests on, one patient's imaging, the worklist."""

from patients.imaging.queries.patient import (
    LadderRow,
    PatientImaging,
    StudyRow,
    facts_of,
    imaging_of,
    intervals_of,
    ladder_of,
    limits_of,
    next_due,
    readable_study,
)
from patients.imaging.queries.worklist import (
    SORTS,
    TABS,
    Counts,
    WorkRow,
    absent_people,
    counts,
    overdue_reviews,
    rows_of,
    work,
)

__all__ = [
    "SORTS",
    "TABS",
    "Counts",
    "LadderRow",
    "PatientImaging",
    "StudyRow",
    "WorkRow",
    "absent_people",
    "counts",
    "facts_of",
    "imaging_of",
    "intervals_of",
    "ladder_of",
    "limits_of",
    "next_due",
    "overdue_reviews",
    "readable_study",
    "rows_of",
    "work",
]
