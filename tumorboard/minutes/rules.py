"""Minutes of a meeting: what is kept of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CASES_AT_ONCE = 4  # laid out together; after each lot the page hears how far it is


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
