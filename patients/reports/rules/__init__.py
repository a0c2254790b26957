"""The picture of a course: typed marks in, a drawing out. Pure: no ORM, no clock, no settings."""

from patients.reports.rules.axis import Window
from patients.reports.rules.drawing import Drawing, draw
from patients.reports.rules.marks import (
    LANE_OF_MODALITY,
    STYLE_OF_MODALITY,
    BoardMark,
    CareKind,
    CareMark,
    Carried,
    Course,
    Curve,
    GoalsMark,
    Lane,
    LineMark,
    Point,
    ScanMark,
    StayMark,
    Style,
    Uptake,
)
from patients.reports.rules.shapes import PAPER, PROJECTOR, SCREEN, SIZES, Size
from patients.reports.rules.table import TableRow, ValueRow, rows_of, values_of

__all__ = [
    "LANE_OF_MODALITY",
    "PAPER",
    "PROJECTOR",
    "SCREEN",
    "SIZES",
    "STYLE_OF_MODALITY",
    "BoardMark",
    "CareKind",
    "CareMark",
    "Carried",
    "Course",
    "Curve",
    "Drawing",
    "GoalsMark",
    "Lane",
    "LineMark",
    "Point",
    "ScanMark",
    "Size",
    "StayMark",
    "Style",
    "TableRow",
    "Uptake",
    "ValueRow",
    "Window",
    "draw",
    "rows_of",
    "values_of",
]
