"""What is counted and measured, in words. What each means in the tables stands in `queries/definitions.py`, once for
the number and for the list behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import TextChoices


class FigureKey(TextChoices):
    """Each figure is a list of patients; the page shows how long the list is."""

    PRESENTED = "presented", "Cases decided or deferred"
    CASES = "cases", "Cases discussed"
    PROSPECTIVE = "prospective", "Discussed before treatment"
    DEFERRED = "deferred", "Cases deferred"
    LATE = "late", "Listed after the cut-off"
    MEASURED = "measured", "Cases on the agenda at the cut-off"
    READY = "ready", "Ready at the cut-off"
    LACKING = "lacking", "Not ready at the cut-off"
    SIGNED = "signed", "Decisions signed"
    QUORATE = "quorate", "Decided with quorum"
    GOALS_KNOWN = "goals-known", "Goals known at discussion"
    DISSENT = "dissent", "Dissent recorded"
    TOLD = "told", "Patient told"
    STARTED = "started", "Line started"
    ACTIONS = "actions", "Actions"
    ACTIONS_DONE = "actions-done", "Actions done"
    ACTIONS_OPEN = "actions-open", "Actions open"
    ACTIONS_OVERDUE = "actions-overdue", "Actions overdue"
    RECOMMENDED = "recommended", "Recommendations"
    ASSESSABLE = "assessable", "Recommendations that can be assessed"
    IMPLEMENTED = "implemented", "Implemented"
    PARTLY = "partly", "Partly implemented"
    NOT_IMPLEMENTED = "not-implemented", "Not implemented"
    DEVIATED = "deviated", "Not or partly implemented"
    UNSETTLED = "unsettled", "Not settled yet"
    SUPERSEDED = "superseded", "Superseded"
    NEW = "new-patients", "New patients"
    NEW_DISCUSSED = "new-discussed", "New patients discussed"

    @property
    def whole(self) -> FigureKey | None:
        """What it is a share of."""
        return _WHOLE.get(self)

    @property
    def means(self) -> str:
        """What counts, in a sentence; empty where the name says it."""
        return _MEANS.get(self, "")


K = FigureKey
_WHOLE: dict[FigureKey, FigureKey] = {
    K.PROSPECTIVE: K.CASES,
    K.DEFERRED: K.PRESENTED,
    K.LATE: K.CASES,
    K.READY: K.MEASURED,
    K.LACKING: K.MEASURED,
    K.QUORATE: K.SIGNED,
    K.GOALS_KNOWN: K.SIGNED,
    K.DISSENT: K.SIGNED,
    K.TOLD: K.SIGNED,
    K.STARTED: K.SIGNED,
    K.ACTIONS_DONE: K.ACTIONS,
    K.ACTIONS_OPEN: K.ACTIONS,
    K.ACTIONS_OVERDUE: K.ACTIONS,
    K.IMPLEMENTED: K.ASSESSABLE,
    K.PARTLY: K.ASSESSABLE,
    K.NOT_IMPLEMENTED: K.ASSESSABLE,
    K.DEVIATED: K.ASSESSABLE,
    K.UNSETTLED: K.RECOMMENDED,
    K.SUPERSEDED: K.RECOMMENDED,
    K.NEW_DISCUSSED: K.NEW,
}
_MEANS: dict[FigureKey, str] = {
    K.PROSPECTIVE: "Not for information only, and no line that was recommended had begun before the meeting.",
    K.READY: "Nothing that the board cannot decide without was missing when the agenda was frozen.",
    K.QUORATE: "Every specialty that the case needs was there when the decision was signed.",
    K.GOALS_KNOWN: "The patient's goals were on the screen.",
    K.STARTED: "A line that was recommended has begun, on the day of the meeting or later.",
    K.NEW: "The main diagnosis was made in the period; patients under review are not counted.",
    K.ASSESSABLE: "Implemented, partly or not; open and superseded ones are not assessed.",
}

# The page, group by group.
GROUPS: tuple[tuple[str, tuple[FigureKey, ...]], ...] = (
    ("Cases", (K.CASES, K.PROSPECTIVE, K.DEFERRED, K.LATE, K.READY)),
    ("Decisions", (K.SIGNED, K.QUORATE, K.GOALS_KNOWN, K.DISSENT, K.TOLD, K.STARTED)),
    ("Actions", (K.ACTIONS, K.ACTIONS_DONE, K.ACTIONS_OPEN, K.ACTIONS_OVERDUE)),
    ("Recommendations", (K.RECOMMENDED, K.IMPLEMENTED, K.PARTLY, K.NOT_IMPLEMENTED, K.UNSETTLED, K.SUPERSEDED)),
)
# Shares whose course is drawn.
TRENDS: tuple[FigureKey, ...] = (
    K.PROSPECTIVE,
    K.READY,
    K.DEFERRED,
    K.QUORATE,
    K.GOALS_KNOWN,
    K.TOLD,
    K.IMPLEMENTED,
)


class SpanKey(TextChoices):
    """How long something took. Days, but for the first."""

    MINUTES = "minutes", "Minutes per case"
    TO_DISCUSSION = "to-discussion", "Referral to discussion"
    TO_TOLD = "to-told", "Discussion to patient told"
    TO_START = "to-start", "Patient told to start of the line"
    WHOLE = "whole", "Referral to start of the line"

    @property
    def unit(self) -> str:
        return "min" if self is SpanKey.MINUTES else "d"

    @property
    def means(self) -> str:
        """What is measured, in a sentence; empty where the name says it."""
        return _SPANS.get(self, "")


_SPANS: dict[SpanKey, str] = {
    SpanKey.MINUTES: "Time before everybody, all showings of the case together.",
    SpanKey.TO_START: "Below zero: it began before the patient was told.",
}


class Side(TextChoices):
    """Which part of a share's whole a list shows."""

    PART = "", "These"
    REST = "rest", "The others"


def share(count: int, of: int | None) -> float | None:
    """In percent; None of nothing."""
    return 100 * count / of if of else None


def quantile(values: Sequence[float], part: float) -> float | None:
    """The value that `part` (0 to 1) of the values do not exceed, between two where it falls there (R-7, as PostgreSQL
    and spreadsheets do); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    at = (len(ordered) - 1) * part
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


@dataclass(frozen=True)
class Concordance:
    """Full, partial and discordant recommendations; superseded and unsettled ones are not assessable
    (`clinical.md` 6)."""

    full: int
    partial: int
    discordant: int

    @property
    def assessable(self) -> int:
        return self.full + self.partial + self.discordant

    @property
    def percent(self) -> float | None:
        """Full of assessable, in percent; None when nothing can be assessed."""
        return share(self.full, self.assessable)
