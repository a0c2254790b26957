"""Reading surveillance: what a date rests on, one patient's imaging, the worklist."""

from patients.imaging.queries.arrivals import answered_by, is_somebody_elses
from patients.imaging.queries.facts import Known, default_scan, facts_of, intervals_of, known_of
from patients.imaging.queries.figures import figures_of, forget_figures
from patients.imaging.queries.ladder import Hand, LadderRow, Raised, hands_of, ladder_of, raised_of
from patients.imaging.queries.late import past
from patients.imaging.queries.patient import (
    PatientImaging,
    StudyRow,
    center_of,
    imaging_of,
    limits_of,
    next_due,
    readable_study,
    red_day,
)
from patients.imaging.queries.picks import LIMIT, Pick, picked, why_not_these
from patients.imaging.queries.places import Place, places_of
from patients.imaging.queries.preparation import Preparation, preparations_of
from patients.imaging.queries.rows import WorkRow, rows_of
from patients.imaging.queries.saved import views_of
from patients.imaging.queries.scope import Scope, absent_people, scope_of
from patients.imaging.queries.worklist import (
    SNOOZED,
    STOPPED,
    STOPPED_SORTS,
    TABS,
    Counts,
    counts,
    narrowed,
    overdue_reviews,
    sorts_of,
    stopped_plans,
    work,
)

__all__ = [
    "LIMIT",
    "SNOOZED",
    "STOPPED",
    "STOPPED_SORTS",
    "TABS",
    "Counts",
    "Hand",
    "Known",
    "LadderRow",
    "PatientImaging",
    "Pick",
    "Place",
    "Preparation",
    "Raised",
    "Scope",
    "StudyRow",
    "WorkRow",
    "absent_people",
    "answered_by",
    "center_of",
    "counts",
    "default_scan",
    "facts_of",
    "figures_of",
    "forget_figures",
    "hands_of",
    "imaging_of",
    "intervals_of",
    "is_somebody_elses",
    "known_of",
    "ladder_of",
    "limits_of",
    "narrowed",
    "next_due",
    "overdue_reviews",
    "past",
    "picked",
    "places_of",
    "preparations_of",
    "raised_of",
    "readable_study",
    "red_day",
    "rows_of",
    "scope_of",
    "sorts_of",
    "stopped_plans",
    "views_of",
    "why_not_these",
    "work",
]
