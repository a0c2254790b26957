"""Minutes of a meeting: what is kept of them, and how far a printout is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import TextChoices

CASES_AT_ONCE = 4  # laid out together; after each lot the page hears how far it is
GIVE_UP_AFTER = timedelta(minutes=10)  # a printout whose worker died is taken up again


class PrintState(TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    MADE = "made", "Made"
    FAILED = "failed", "Failed"


PRINT_TRANSITIONS: dict[PrintState, frozenset[PrintState]] = {
    PrintState.WAITING: frozenset({PrintState.RUNNING}),
    PrintState.RUNNING: frozenset({PrintState.MADE, PrintState.FAILED, PrintState.RUNNING}),
    PrintState.MADE: frozenset({PrintState.WAITING}),
    PrintState.FAILED: frozenset({PrintState.WAITING}),
}


@dataclass(frozen=True)
class CaseText:
    """One case as it was signed: HTML of our own templates."""

    patient_id: int
    item_id: int
    html: str


@dataclass(frozen=True)
class Content:
    """Everything that the signature covers, as it was shown."""

    head: str
    cases: tuple[CaseText, ...]

    @property
    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "head": self.head,
            "cases": [{"patient": each.patient_id, "item": each.item_id, "html": each.html} for each in self.cases],
        }

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Content:
        cases = tuple(CaseText(each["patient"], each["item"], each["html"]) for each in kept["cases"])
        return cls(kept["head"], cases)
