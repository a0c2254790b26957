"""The plan of a PRRT course (`clinical.md` 2.2, `model.md` 4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, number


@dataclass(frozen=True)
class PrrtPlan(Plan):
    """Activity, number and interval are columns of the line; here what only PRRT asks."""

    name: ClassVar[str] = "PRRT"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "dose", "planned_count", "interval_days", "place")
    labels: ClassVar[Mapping[str, str]] = {
        "dose": "Activity per dose",
        "planned_count": "Doses",
        "interval_days": "Days between doses",
        "place": "Where it is given",
    }
    agents: ClassVar[tuple[str, ...]] = ("177Lu-dotatate", "177Lu-edotreotide")
    doses: ClassVar[tuple[str, ...]] = ("7.4 GBq", "3.7 GBq")
    interval: ClassVar[str] = "prrt.interval"
    count: ClassVar[str] = "prrt.count"
    dose: ClassVar[Mapping[str, str]] = {"": "dose.prrt"}
    criteria: ClassVar[str] = "prrt"
    labs: ClassVar[str] = "prrt"
    checks: ClassVar[tuple[str, ...]] = (
        "eligibility table",
        "labs before each dose",
        "analog washout",
        "modification by toxicity",
        "preparation planned backwards",
        "prior authorization",
    )

    course: str = choice("Course", ("first", "First course"), ("retreatment", "Re-treatment"))
    prior_activity: Decimal | None = number("Activity given before, in all", unit="GBq", low=0)
    last_benefit: str = choice(
        "What the last course achieved",
        ("response", "Response"),
        ("stable", "Stable disease"),
        ("none", "No benefit"),
        hint="For a re-treatment.",
    )
    amino_acids: str = choice(
        "Amino acids",
        ("lysine_arginine", "Lysine and arginine"),
        ("commercial", "Commercial solution"),
        hint="Start 30 minutes before and run at least 3 hours after; never reduced.",
    )

    def problems(self) -> dict[str, str]:
        found = super().problems()
        if self.course == "retreatment" and not self.last_benefit:
            found["last_benefit"] = "For a re-treatment, say what the last course achieved."
        if self.course == "retreatment" and not self.prior_activity:
            found["prior_activity"] = "For a re-treatment, say how much activity was given before."
        if self.course == "first" and self.prior_activity:
            found["course"] = "Activity was given before: this is a re-treatment."
        return found
