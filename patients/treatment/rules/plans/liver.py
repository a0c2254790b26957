"""Plans of liver-directed treatment: embolization and ablation (`clinical.md` 2.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, day, number, several, text, whole

_SEGMENTS = tuple((name, name) for name in ("I", "II", "III", "IVa", "IVb", "V", "VI", "VII", "VIII"))


@dataclass(frozen=True)
class EmbolizationPlan(Plan):
    """Bland embolization and what every embolization asks."""

    name: ClassVar[str] = "TAE"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = {
        "agent": "Procedure",
        "planned_count": "Sessions",
        "interval_days": "Days between sessions",
    }
    agents: ClassVar[tuple[str, ...]] = ("DEB-TACE", "TACE", "TAE", "TARE (Y-90)")
    interval: ClassVar[str] = "embolization.interval"
    count: ClassVar[str] = "embolization.count"
    labs: ClassVar[str] = "tae"
    checks: ClassVar[tuple[str, ...]] = ("labs before each session", "portal vein and biliary state")

    target: str = choice(
        "Lobe",
        ("right", "Right lobe"),
        ("left", "Left lobe"),
        ("both", "Both lobes, staged"),
        ("segments", "Segments"),
    )
    segments: tuple[str, ...] = several("Segments", *_SEGMENTS)
    portal_vein: str = choice(
        "Portal vein",
        ("open", "Open"),
        ("branch", "Branch thrombosis"),
        ("main", "Main trunk thrombosis"),
        ("unknown", "Not known"),
    )
    biliary: str = choice(
        "Bile ducts",
        ("intact", "Intact"),
        ("stent", "Stent"),
        ("anastomosis", "Bilioenteric anastomosis"),
        ("sphincterotomy", "Sphincterotomy"),
        ("unknown", "Not known"),
    )
    material: str = text("Particles", hint="Material and size")

    def problems(self) -> dict[str, str]:
        found = super().problems()
        if self.target == "segments" and not self.segments:
            found["segments"] = "Choose the segments."
        return found


@dataclass(frozen=True)
class TacePlan(EmbolizationPlan):
    name: ClassVar[str] = "TACE"

    drug: str = choice(
        "Drug",
        ("doxorubicin", "Doxorubicin"),
        ("cisplatin", "Cisplatin"),
        ("mitomycin", "Mitomycin"),
        ("streptozocin", "Streptozocin"),
    )


@dataclass(frozen=True)
class DebTacePlan(TacePlan):
    name: ClassVar[str] = "DEB-TACE"
    checks: ClassVar[tuple[str, ...]] = (*EmbolizationPlan.checks, "RETNET warning")


@dataclass(frozen=True)
class TarePlan(EmbolizationPlan):
    name: ClassVar[str] = "TARE (Y-90)"
    interval: ClassVar[str] = "tare.interval"
    columns: ClassVar[tuple[str, ...]] = (*EmbolizationPlan.columns, "place")
    labels: ClassVar[Mapping[str, str]] = {**EmbolizationPlan.labels, "place": "Where it is given"}
    criteria: ClassVar[str] = "tare"
    labs: ClassVar[str] = "tare"
    checks: ClassVar[tuple[str, ...]] = (*EmbolizationPlan.checks, "lung shunt", "preparation planned backwards")

    material: str = choice("Microspheres", ("glass", "Glass"), ("resin", "Resin"))
    mapped_on: date | None = day("Mapping with MAA on")
    lung_shunt: Decimal | None = number("Lung shunt", unit="%", low=0, high=100)
    lung_dose: Decimal | None = number("Lung dose per session", unit="Gy", low=0, high=200)
    activity: Decimal | None = number("Activity", unit="GBq", low=0)


@dataclass(frozen=True)
class AblationPlan(Plan):
    name: ClassVar[str] = "Ablation"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent")
    labels: ClassVar[Mapping[str, str]] = {"agent": "Procedure"}
    agents: ClassVar[tuple[str, ...]] = ("Microwave ablation", "Radiofrequency ablation")
    checks: ClassVar[tuple[str, ...]] = ("number and size of lesions",)

    approach: str = choice(
        "Approach", ("percutaneous", "Through the skin"), ("laparoscopic", "Laparoscopic"), ("open", "At open surgery")
    )
    segments: tuple[str, ...] = several("Segments", *_SEGMENTS)
    lesions: int | None = whole("Lesions", low=1, high=30)
    largest: int | None = whole("Largest lesion", unit="mm", low=1, high=200)
    biliary: str = choice(
        "Bile ducts", ("intact", "Intact"), ("stent", "Stent"), ("anastomosis", "Bilioenteric anastomosis")
    )
