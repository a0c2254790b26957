"""What is measured about goals and the last weeks of life, in words (`clinical.md` 5.5). What each means in the tables
stands in `queries/definitions.py`, once for the number and for the list behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import TextChoices

from careteam.web.words import base_language, language_name
from patients.record.rules import Sex
from tumorboard.reports.rules import share


class Measure(TextChoices):
    """Each is a list of patients; the page shows how long the list is."""

    STAGE4 = "stage-iv", "Stage IV, time to talk over"
    STAGE4_TALKED = "stage-iv-talked", "Conversation after stage IV, in time"
    STAGE4_AHEAD = "stage-iv-ahead", "Stage IV, time to talk not over"
    PROGRESSION = "progression", "Progressions, time to talk over"
    PROGRESSION_TALKED = "progression-talked", "Conversation after progression, in time"
    PROGRESSION_AHEAD = "progression-ahead", "Progressions, time to talk not over"
    LINE = "line", "Late therapy lines started"
    LINE_TALKED = "line-talked", "Conversation before a late therapy line"
    BOARD = "board", "Cases decided by a board"
    BOARD_RECENT = "board-recent", "Goals recent at the board"
    BOARD_OLD = "board-before-progression", "Goals older than the last progression"
    BOARD_NONE = "board-none", "No goals at the board"
    DEATH = "deaths", "Deaths"
    CANCER = "deaths-cancer", "Died of the cancer"
    CAUSE_OTHER = "deaths-other", "Died of something else"
    CAUSE_UNKNOWN = "deaths-unknown", "Cause of death not known"
    THERAPY = "therapy", "Cancer therapy in the last days"
    INTENSIVE = "intensive-care", "Intensive care in the last weeks"
    EMERGENCY = "emergency", "Emergency visits in the last weeks"
    NO_HOSPICE = "no-hospice", "Died without hospice"
    HOSPICE = "hospice", "Admitted to hospice"
    HOSPICE_SHORT = "hospice-short", "Hospice for a short time only"
    HOSPICE_LONG = "hospice-long", "Hospice for a longer time"
    HOSPICE_LEFT = "hospice-left", "Left hospice before death"
    PALLIATIVE = "palliative", "Seen by the palliative team"
    PLACE_KNOWN = "place-known", "Preferred place of death known"
    PLACE_COMPARED = "place-compared", "Preferred place and place of death known"
    PLACE_MET = "place-met", "Died where preferred"
    OLDER = "older", "Older patients in care"
    OLDER_PLANNED = "older-planned", "Plan or surrogate documented"

    @property
    def whole(self) -> Measure | None:
        """What it is a share of."""
        return _WHOLE.get(self)

    @property
    def code(self) -> str:
        """As a name in a query."""
        return self.name.lower()


M = Measure
_WHOLE: dict[Measure, Measure] = {
    M.STAGE4_TALKED: M.STAGE4,
    M.PROGRESSION_TALKED: M.PROGRESSION,
    M.LINE_TALKED: M.LINE,
    M.BOARD_RECENT: M.BOARD,
    M.BOARD_OLD: M.BOARD,
    M.BOARD_NONE: M.BOARD,
    M.CANCER: M.DEATH,
    M.CAUSE_OTHER: M.DEATH,
    M.CAUSE_UNKNOWN: M.DEATH,
    M.THERAPY: M.CANCER,
    M.INTENSIVE: M.CANCER,
    M.EMERGENCY: M.CANCER,
    M.NO_HOSPICE: M.CANCER,
    M.HOSPICE: M.CANCER,
    M.HOSPICE_SHORT: M.HOSPICE,
    M.HOSPICE_LONG: M.HOSPICE,
    M.HOSPICE_LEFT: M.HOSPICE,
    M.PALLIATIVE: M.DEATH,
    M.PLACE_KNOWN: M.DEATH,
    M.PLACE_MET: M.PLACE_COMPARED,
    M.OLDER_PLANNED: M.OLDER,
}


@dataclass(frozen=True)
class Limits:
    """The team's numbers (`patients.protocol`); days, where nothing else is said."""

    stage4: int
    progression: int
    line: int  # therapy line from which on a line is late
    review: int  # how long a conversation counts before a line
    board: int
    therapy: int
    ssa_counts: bool
    icu: int
    emergency: int
    visits: int  # more visits than these
    hospice_short: int
    hospice_long: int
    age: int  # years
    small: int  # patients; smaller groups show no share


@dataclass(frozen=True)
class Definition:
    """How a share is counted: what counts, of whom, who is left out and why, where the measure comes from."""

    measure: Measure
    counts: str
    of: str
    leaves_out: str
    source: str
    tag: str


_OURS = "Patients who were in our care: active, or active until they died."
_FROM_CANCER = "Other and unknown causes of death; unknown ones are listed apart."


def definitions(limits: Limits) -> Mapping[Measure, Definition]:
    """Every share with the team's numbers in its words."""
    talk = "A signed conversation, not retracted, held"
    deaths, cancer = "Deaths of the period of patients who were active.", "Deaths of the period, from the cancer."
    analogs = "" if limits.ssa_counts else " Somatostatin analogs do not count here."
    rows = (
        Definition(
            M.STAGE4_TALKED,
            f"{talk} on the day of stage IV or within {limits.stage4} days after it.",
            f"{_OURS} The period is that of the staging; where it has no date, of the diagnosis.",
            f"Those whose {limits.stage4} days are not over. Who died within them counts as not talked to.",
            "internal",
            "D",
        ),
        Definition(
            M.PROGRESSION_TALKED,
            f"{talk} on the day of the progression or within {limits.progression} days after it.",
            f"Progressions of the period, one a day and patient. {_OURS}",
            f"Those whose {limits.progression} days are not over.",
            "internal",
            "D",
        ),
        Definition(
            M.LINE_TALKED,
            f"{talk} on the day therapy line {limits.line} began or within {limits.review} days before.",
            f"Lines that began in the period and with which therapy line {limits.line} was reached. {_OURS}",
            "Lines beside the numbered ones, and lines of unknown start.",
            "design",
            "D",
        ),
        Definition(
            M.BOARD_RECENT,
            f"The newest conversation was at most {limits.board} days old on the day of the case.",
            "Cases that a board decided in the period.",
            "Deferred cases; conversations that were signed after the meeting.",
            "design",
            "D",
        ),
        Definition(
            M.BOARD_OLD,
            "The newest conversation is older than the last progression before the meeting.",
            "Cases that a board decided in the period.",
            "Deferred cases.",
            "design",
            "D",
        ),
        Definition(
            M.BOARD_NONE,
            "No signed conversation before the meeting.",
            "Cases that a board decided in the period.",
            "Deferred cases.",
            "design",
            "D",
        ),
        Definition(
            M.THERAPY,
            f"A dose was given, or a tablet line ran, in the last {limits.therapy} days of life.{analogs}",
            cancer,
            f"{_FROM_CANCER} Drugs for symptoms only.",
            "MIPS 453, NQF 0210; lower is better",
            "V",
        ),
        Definition(
            M.INTENSIVE,
            f"A day in intensive care in the last {limits.icu} days of life.",
            cancer,
            _FROM_CANCER,
            "NQF 0213; lower is better",
            "V",
        ),
        Definition(
            M.EMERGENCY,
            f"More than {limits.visits} visit to an emergency department in the last {limits.emergency} days of life.",
            cancer,
            f"{_FROM_CANCER} Visits that nobody entered are not known.",
            "NQF 0211; lower is better",
            "P",
        ),
        Definition(
            M.NO_HOSPICE,
            "Hospice care never began.",
            cancer,
            f"{_FROM_CANCER} Who left hospice again was admitted to it.",
            "NQF 0215; lower is better",
            "V2",
        ),
        Definition(
            M.HOSPICE_SHORT,
            f"Less than {limits.hospice_short} days in hospice, all stays together.",
            "Those of them who were admitted to hospice.",
            f"{_FROM_CANCER} Stays of unknown start count as neither short nor long.",
            "MIPS 457, NQF 0216; lower is better",
            "V",
        ),
        Definition(
            M.HOSPICE_LONG,
            f"More than {limits.hospice_long} days in hospice, all stays together.",
            "Those of them who were admitted to hospice.",
            _FROM_CANCER,
            "QOPI",
            "P",
        ),
        Definition(
            M.HOSPICE_LEFT,
            "Not in hospice any more on the day of death.",
            "Those of them who were admitted to hospice.",
            _FROM_CANCER,
            "design",
            "D",
        ),
        Definition(
            M.PALLIATIVE,
            "The palliative team saw the patient on the day of death or before.",
            f"{deaths} Every cause.",
            "Referrals that were not answered with a visit.",
            "design",
            "D",
        ),
        Definition(
            M.PLACE_KNOWN,
            "What held on the day of death names a place.",
            f"{deaths} Every cause.",
            "“Undecided” is not a place.",
            "design",
            "D",
        ),
        Definition(
            M.PLACE_MET,
            "The place of death is the preferred one.",
            "Those of them whose preferred place and place of death are both known.",
            "Place of death not entered.",
            "design",
            "D",
        ),
        Definition(
            M.OLDER_PLANNED,
            "A signed conversation, a health care proxy or an advance document is on record, or the patient declined "
            "to talk about it.",
            f"Patients in care today who have reached {limits.age} years at the end of the period.",
            "Patients who are not active; birth date unknown.",
            "MIPS 047, NQF 0326",
            "V",
        ),
    )
    return {row.measure: row for row in rows}


class Took(TextChoices):
    """How old or how long something was, in days."""

    BOARD_AGE = "board-age", "Age of the goals at the board"
    HOSPICE_DAYS = "hospice-days", "Days in hospice"
    PALLIATIVE_DAYS = "palliative-days", "First seen by the palliative team before death"

    @property
    def of(self) -> Measure:
        """The cases that can have it."""
        return _TOOK[self]


_TOOK = {Took.BOARD_AGE: M.BOARD, Took.HOSPICE_DAYS: M.HOSPICE, Took.PALLIATIVE_DAYS: M.PALLIATIVE}

# The page, group by group; each share with its definition.
GROUPS: tuple[tuple[str, tuple[Measure, ...]], ...] = (
    ("Conversations in time", (M.STAGE4_TALKED, M.PROGRESSION_TALKED, M.LINE_TALKED)),
    ("Goals at the board", (M.BOARD_RECENT, M.BOARD_OLD, M.BOARD_NONE)),
    (
        "The last weeks of life",
        (
            M.THERAPY,
            M.INTENSIVE,
            M.EMERGENCY,
            M.NO_HOSPICE,
            M.HOSPICE_SHORT,
            M.HOSPICE_LONG,
            M.HOSPICE_LEFT,
            M.PALLIATIVE,
        ),
    ),
    ("Where patients wanted to die", (M.PLACE_KNOWN, M.PLACE_MET)),
    ("Plans of older patients", (M.OLDER_PLANNED,)),
)
SHARES: tuple[Measure, ...] = tuple(measure for _, measures in GROUPS for measure in measures)
# Not counted now, and why the counts above do not add up.
APART: tuple[Measure, ...] = (M.STAGE4_AHEAD, M.PROGRESSION_AHEAD)
CAUSES: tuple[Measure, ...] = (M.CANCER, M.CAUSE_OTHER, M.CAUSE_UNKNOWN)
# Shares with a course: those who are older are counted on one day.
TRENDS: tuple[Measure, ...] = tuple(measure for measure in SHARES if measure is not M.OLDER_PLANNED)


class By(TextChoices):
    """What patients are told apart by when figures are compared."""

    LANGUAGE = "language", "Language"
    INTERPRETER = "interpreter", "Interpreter"
    SEX = "sex", "Sex"


_INTERPRETER = {"yes": "Interpreter needed", "no": "No interpreter needed", "": "Not asked"}


def group_code(by: By, value: object) -> str:
    """The group of a patient's own value: `de` of `de-AT`, `yes` of True; empty for what nobody said."""
    if by is By.INTERPRETER:
        return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else ""
    if by is By.LANGUAGE:
        return base_language(str(value or ""))
    return "" if value == Sex.UNKNOWN else str(value or "")


def group_label(by: By, code: str) -> str:
    if by is By.INTERPRETER:
        return _INTERPRETER.get(code, code)
    if not code:
        return "Not stated"
    return language_name(code) if by is By.LANGUAGE else str(dict(Sex.choices).get(code, code))


@dataclass(frozen=True)
class Count:
    """So many of so many. `few` is from which number on a share says something."""

    measure: Measure
    count: int
    of: int
    few: int

    @property
    def is_small(self) -> bool:
        return self.of < self.few

    @property
    def percent(self) -> float | None:
        """None of nothing."""
        return share(self.count, self.of)


def widest(counts: Iterable[Count]) -> float | None:
    """Percentage points between the lowest and the highest of the groups that are large enough; None for fewer than
    two of them."""
    levels = [count.percent for count in counts if not count.is_small and count.percent is not None]
    return max(levels) - min(levels) if len(levels) > 1 else None
