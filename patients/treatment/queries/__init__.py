"""Treatment as it is read: lines in order, and what surrounds their doses."""

from patients.treatment.queries.course import (
    Course,
    DoseRow,
    capacity_words,
    course_of,
    sites_of,
    washout_of,
)
from patients.treatment.queries.labs import judged, lab_values, labs_before, limits_of
from patients.treatment.queries.lines import (
    NO_NUMBER,
    HistoryStep,
    LineRow,
    Response,
    current_line,
    current_of,
    in_order,
    line_history,
    lines_of,
    numbers_of,
    therapy_lines,
)

__all__ = [
    "NO_NUMBER",
    "Course",
    "DoseRow",
    "HistoryStep",
    "LineRow",
    "Response",
    "capacity_words",
    "course_of",
    "current_line",
    "current_of",
    "in_order",
    "judged",
    "lab_values",
    "labs_before",
    "limits_of",
    "line_history",
    "lines_of",
    "numbers_of",
    "sites_of",
    "therapy_lines",
    "washout_of",
]
