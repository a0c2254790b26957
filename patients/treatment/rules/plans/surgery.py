"""Plans of surgery, by procedure (`clinical.md` 2.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, whole

_RESIDUAL = (
    ("R0", "R0, none"),
    ("R1", "R1, microscopic"),
    ("R2", "R2, macroscopic"),
    ("RX", "Not assessed"),
)


@dataclass(frozen=True)
class SurgeryPlan(Plan):
    """Any operation that has no plan of its own."""

    name: ClassVar[str] = "Surgery"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "site")
    labels: ClassVar[Mapping[str, str]] = {"agent": "Procedure", "site": "What, where, how complete"}
    agents: ClassVar[tuple[str, ...]] = ("Debulking", "Liver resection", "Liver transplant", "Resection of the primary")
    checks: ClassVar[tuple[str, ...]] = ("residual status",)

    approach: str = choice("Approach", ("open", "Open"), ("laparoscopic", "Laparoscopic"), ("robotic", "Robotic"))
    residual: str = choice("Residual tumor", *_RESIDUAL)


@dataclass(frozen=True)
class ResectionPlan(SurgeryPlan):
    name: ClassVar[str] = "Liver resection"
    labels: ClassVar[Mapping[str, str]] = {"agent": "Procedure", "site": "Segments or lobe"}

    stages: int | None = whole("Stages", low=1, high=3)
    remnant: int | None = whole("Future liver remnant", unit="%", low=1, high=100)


@dataclass(frozen=True)
class DebulkingPlan(ResectionPlan):
    name: ClassVar[str] = "Debulking"
    checks: ClassVar[tuple[str, ...]] = ("debulked share", "residual status")

    debulked: int | None = whole("Debulked", unit="%", low=1, high=100)

    def problems(self) -> dict[str, str]:
        found = super().problems()
        if self.residual == "R0" and self.debulked is not None and self.debulked < 100:
            found["debulked"] = "R0 leaves nothing behind: less than 100 % debulked does not fit."
        return found


@dataclass(frozen=True)
class TransplantPlan(SurgeryPlan):
    name: ClassVar[str] = "Liver transplant"
    labels: ClassVar[Mapping[str, str]] = {"agent": "Procedure", "site": "Transplant center"}

    donor: str = choice("Donor", ("deceased", "Deceased donor"), ("living", "Living donor"))
    primary_out: str = choice("Primary removed", ("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True)
class PrimaryPlan(SurgeryPlan):
    name: ClassVar[str] = "Resection of the primary"
    labels: ClassVar[Mapping[str, str]] = {"agent": "Procedure", "site": "Organ and extent"}

    nodes_removed: int | None = whole("Lymph nodes removed", low=0, high=100)
    nodes_positive: int | None = whole("of these positive", low=0, high=100)

    def problems(self) -> dict[str, str]:
        found = super().problems()
        if (self.nodes_positive or 0) > (self.nodes_removed if self.nodes_removed is not None else 100):
            found["nodes_positive"] = "More positive nodes than were removed."
        return found
