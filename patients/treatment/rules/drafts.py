"""What is known of a line before it exists, and the dose levels of a running one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from django.db.models import TextChoices

from patients.treatment.rules.amounts import read_amount
from patients.treatment.rules.codes import LineRole


@dataclass(frozen=True)
class LineDraft:
    """The arguments of the commands that add a line. `plan` holds the answers of the modality's own plan."""

    modality: str
    agent: str = ""
    role: str = LineRole.ANTITUMOR
    intent: str = ""
    start_reason: str = ""
    dose: str = ""
    interval_days: int | None = None
    planned_count: int | None = None
    site: str = ""
    trial_number: str = ""
    notes: str = ""
    symptom_led_imaging: bool = False
    plan: Mapping[str, Any] = field(default_factory=dict)


class DoseReason(TextChoices):
    """Why a dose is another one than it was, or not given when planned."""

    LABS = "labs", "Blood counts or labs"
    TOXICITY = "toxicity", "Toxicity"
    INFECTION = "infection", "Infection or other illness"
    WASHOUT = "washout", "Washout"
    CAPACITY = "capacity", "Capacity, room or supply"
    PATIENT_CHOICE = "patient_choice", "Patient choice"
    ACCESS = "access", "Access or funding"
    RECOVERED = "recovered", "Recovered: back up"
    OTHER = "other", "Other"


@dataclass(frozen=True)
class DoseLevel:
    """A dose and since when; `reason` and `note` say why it changed ("" for the first)."""

    dose: str
    since: date | None = None
    reason: str = ""
    note: str = ""

    @property
    def why(self) -> str:
        label = dict(DoseReason.choices).get(self.reason, self.reason)
        return f"{label}: {self.note}" if label and self.note else label or self.note

    def written(self) -> dict[str, str]:
        since = self.since.isoformat() if self.since else ""
        return {"dose": self.dose, "since": since, "reason": self.reason, "note": self.note}


def levels_of(plan: Mapping[str, Any]) -> tuple[DoseLevel, ...]:
    """The dose levels a line has had, in order; empty when the dose never changed."""
    found = []
    for row in plan.get("levels", ()):
        try:
            since = date.fromisoformat(row.get("since") or "")
        except ValueError:
            since = None
        found.append(DoseLevel(row.get("dose", ""), since, row.get("reason", ""), row.get("note", "")))
    return tuple(found)


def level_number(levels: Sequence[DoseLevel]) -> int:
    """How far below the first dose the present one is: −1 after one reduction, 0 back at the start. A step whose
    amounts cannot be compared counts as a reduction."""
    number = 0
    for before, after in pairwise(levels):
        old, new = read_amount(before.dose), read_amount(after.dose)
        up = old is not None and new is not None and new.value > old.value
        number += 1 if up else -1
    return number
