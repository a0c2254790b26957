"""What a course is made of, as the drawing takes it: typed marks, collected by queries and by the roof. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from patients.treatment.rules import Modality


class Lane(StrEnum):
    """The rows of the drawing from top to bottom; the value is the label in the lane column."""

    GOALS = "Goals"
    BOARD = "Board"
    STAYS = "Admissions"
    CARE = "Care"
    SURGERY = "Surgery"
    LIVER = "Liver-directed"
    RADIATION = "Radiotherapy"
    SSA = "SSA"
    PRRT = "PRRT"
    TARGETED = "Targeted"
    CHEMO = "Chemo"
    OTHER = "Other drugs"
    BESIDE = "Supportive"
    SCANS = "CT / MRI"
    PET = "PET"
    OTHER_SCANS = "Other scans"


TREATMENT_LANES = (
    Lane.SURGERY,
    Lane.LIVER,
    Lane.RADIATION,
    Lane.SSA,
    Lane.PRRT,
    Lane.TARGETED,
    Lane.CHEMO,
    Lane.OTHER,
    Lane.BESIDE,
)

LANE_OF_MODALITY: dict[str, Lane] = {
    Modality.SSA: Lane.SSA,
    Modality.TARGETED: Lane.TARGETED,
    Modality.PRRT: Lane.PRRT,
    Modality.CHEMOTHERAPY: Lane.CHEMO,
    Modality.INTERFERON: Lane.OTHER,
    Modality.IMMUNOTHERAPY: Lane.OTHER,
    Modality.TRIAL: Lane.OTHER,
    Modality.OTHER: Lane.OTHER,
    Modality.EMBOLIZATION: Lane.LIVER,
    Modality.ABLATION: Lane.LIVER,
    Modality.SURGERY: Lane.SURGERY,
    Modality.RADIOTHERAPY: Lane.RADIATION,
    Modality.TELOTRISTAT: Lane.BESIDE,
    Modality.OBSERVATION: Lane.BESIDE,
    Modality.BEST_SUPPORTIVE_CARE: Lane.BESIDE,
    Modality.HOSPICE: Lane.BESIDE,
}


class Style(StrEnum):
    """How a line is drawn: full-height blocks of procedures, or a bar with what was given at its foot."""

    BLOCKS = "blocks"
    TICKS = "ticks"
    LOLLIPOPS = "lollipops"
    DAILY = "daily"
    PLAIN = "plain"


STYLE_OF_MODALITY: dict[str, Style] = {
    Modality.SURGERY: Style.BLOCKS,
    Modality.ABLATION: Style.BLOCKS,
    Modality.EMBOLIZATION: Style.BLOCKS,
    Modality.PRRT: Style.LOLLIPOPS,
    Modality.TARGETED: Style.DAILY,
    Modality.OBSERVATION: Style.PLAIN,
    Modality.BEST_SUPPORTIVE_CARE: Style.PLAIN,
    Modality.HOSPICE: Style.PLAIN,
}


@dataclass(frozen=True)
class LineMark:
    """A treatment line. `number` is "L5", empty beside the lines. `end` None with `ongoing` False: not known.

    `doses` are the days something was given (ascending); `levels` the dose of a daily drug relative to its start, each
    from its day on (1.0 = as started), empty when it never changed. `key` names the line where one is zoomed to.
    """

    lane: Lane
    style: Style
    swatch: str
    number: str
    label: str
    short: str
    start: date
    end: date | None
    ongoing: bool
    planned: bool
    title: str
    url: str
    doses: tuple[date, ...] = ()
    levels: tuple[tuple[date, float], ...] = ()
    key: int = 0

    @property
    def beside(self) -> bool:
        """Runs beside the lines and counts for nothing: drawn as a thin bar."""
        return not self.number


class Uptake(StrEnum):
    """The sign of a nuclear scan: round S for receptor imaging, square F for FDG."""

    RECEPTOR = "S"
    GLUCOSE = "F"


@dataclass(frozen=True)
class ScanMark:
    """A scan or, without one, a judgment of response. `response` is PD, SD, PR, CR, NE or NN; empty: none recorded.

    `planned` scans stand at their due date. `letters` are what is written below a mark without a response. `is_scan` is
    False for a judgment that rests on no scan of ours.
    """

    lane: Lane
    on: date
    response: str
    title: str
    url: str
    planned: bool = False
    letters: str = ""
    uptake: Uptake | None = None
    note: str = ""
    is_scan: bool = True


@dataclass(frozen=True)
class GoalsMark:
    """A signed conversation, or (`prompt`) the day from which one is asked for."""

    on: date
    label: str
    title: str
    url: str
    prompt: bool = False


class Carried(StrEnum):
    """What became of a board decision."""

    DONE = "done"
    PARTLY = "partly"
    DEVIATED = "deviated"
    OPEN = "open"
    PLANNED = "planned"


@dataclass(frozen=True)
class BoardMark:
    """A decision (`number` counts from the oldest) or, planned, the meeting at which the case is listed."""

    on: date
    number: str
    state: Carried
    title: str
    url: str


@dataclass(frozen=True)
class StayMark:
    """A stay in hospital; `end` None: still there, or not known."""

    start: date
    end: date | None
    label: str
    title: str
    url: str


class CareKind(StrEnum):
    """What of the care around the treatment is drawn."""

    DRAINAGE = "drainage"
    CALL = "call"
    URGENT = "urgent"  # a call that brought a clinician the same day


@dataclass(frozen=True)
class CareMark:
    """A drainage, or a symptom call."""

    on: date
    kind: CareKind
    label: str
    title: str
    url: str


@dataclass(frozen=True)
class Point:
    on: date
    value: float
    assay: str = ""
    on_ppi: bool = False


@dataclass(frozen=True)
class Curve:
    """One measured thing in one unit, oldest first. `limit` is the upper reference limit; `log`: over decades."""

    label: str
    unit: str
    points: tuple[Point, ...]
    url: str
    limit: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Course:
    """Everything that is drawn of one patient. `url` is where diagnosis and death are recorded."""

    name: str
    diagnosed_on: date | None = None
    died_on: date | None = None
    lines: tuple[LineMark, ...] = ()
    scans: tuple[ScanMark, ...] = ()
    goals: tuple[GoalsMark, ...] = ()
    board: tuple[BoardMark, ...] = ()
    stays: tuple[StayMark, ...] = ()
    care: tuple[CareMark, ...] = ()
    curves: tuple[Curve, ...] = ()
    therapy_line: int = 0
    notes: tuple[str, ...] = field(default=())
    url: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing to draw: no mark in any lane and no value (a date of diagnosis alone draws nothing)."""
        return not (self.lines or self.scans or self.goals or self.board or self.stays or self.care or self.curves)

    def line(self, key: int) -> LineMark | None:
        """The line with this key."""
        return next((line for line in self.lines if line.key == key), None)

    @property
    def treatments(self) -> int:
        """How many of the lines count as L."""
        return sum(bool(line.number) for line in self.lines if not line.planned)

    @property
    def progressions(self) -> tuple[date, ...]:
        """Days of progression, each once, ascending."""
        return tuple(sorted({scan.on for scan in self.scans if scan.response == "PD" and not scan.planned}))
