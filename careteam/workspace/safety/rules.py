"""What the lists of the safety net are called and what one of their rows says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices

from careteam.workspace.coming.rules import Kind, modalities_of
from careteam.workspace.patients import PatientRow

CAP = 200  # a list is counted up to here


class Net(TextChoices):
    """One list of the safety net; the label stands on its tab."""

    STEPS = "steps", "Without a next step"
    REPORTS = "reports", "Reports without review"
    LINES = "lines", "Lines without end"
    MEETINGS = "meetings", "Meetings without minutes"
    NIGHT = "night", "Found at night"


# What is true when a list is empty, and what would stand there.
EMPTY: dict[str, tuple[str, str]] = {
    Net.STEPS: (
        "Every patient in care has a next step",
        "Somebody without a scan, dose, referral or action ahead would stand here.",
    ),
    Net.REPORTS: (
        "Every report was reviewed in time",
        "A report past its review limit would stand here.",
    ),
    Net.LINES: (
        "Every running line is looked after",
        "A line that nobody ended, continued or started as planned would stand here.",
    ),
    Net.MEETINGS: (
        "Every meeting is minuted",
        "A meeting that is over and has an undecided case, an unsigned decision or unsigned minutes would stand here.",
    ),
    Net.NIGHT: (
        "Every patient has what the plan demands",
        "What the nightly check finds and cannot mend by itself would stand here.",
    ),
}


class Whose(TextChoices):
    """Whose patients: by the responsible clinician (meetings: by the chair)."""

    MINE = "mine", "Mine"
    NOBODY = "nobody", "Nobody's"


class Where(TextChoices):
    """Where the patients are treated, by their running line."""

    DAY = "day", "Day unit"
    NUCLEAR = "nuclear", "Nuclear medicine"
    PROCEDURE = "procedure", "Procedures"
    NONE = "none", "No running treatment"


_KINDS: dict[str, tuple[Kind, ...]] = {
    Where.DAY: (Kind.INJECTION, Kind.CYCLE),
    Where.NUCLEAR: (Kind.PRRT,),
    Where.PROCEDURE: (Kind.PROCEDURE,),
}


def treated_by(where: str) -> frozenset[str]:
    """The line modalities of a clinic; empty for "no running treatment"."""
    return frozenset().union(*(modalities_of(kind) for kind in _KINDS.get(where, ())))


@dataclass(frozen=True)
class Row:
    """One thing that fell through: `why` it is here, since when, whose it could be, the page that mends it.

    `patient` is None for a meeting. `open_things` are open without a step, `has_stale` says that a step is open whose
    work is over: both are put right with one click. `is_open`: the form stands open in the row.
    """

    what: str
    url: str
    why: str
    since: date | None
    whose: str
    mend: str
    mend_url: str
    patient: PatientRow | None = None
    detail: str = ""
    open_things: tuple[str, ...] = ()
    has_stale: bool = False
    is_open: bool = False


def joined(words: Sequence[str]) -> str:
    return "; ".join(word for word in words if word)
