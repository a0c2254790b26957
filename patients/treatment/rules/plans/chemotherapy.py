"""Plans of chemotherapy, by regimen (`clinical.md` 2.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, number, yes

_CYCLES = {"agent": "Regimen", "planned_count": "Cycles", "interval_days": "Days per cycle"}


@dataclass(frozen=True)
class ChemotherapyPlan(Plan):
    """Any regimen that has no plan of its own."""

    name: ClassVar[str] = "Other chemotherapy"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "dose", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = _CYCLES
    agents: ClassVar[tuple[str, ...]] = (
        "CAPTEM",
        "Carboplatin and etoposide",
        "Cisplatin and etoposide",
        "FOLFIRI",
        "FOLFOX",
        "Streptozocin and fluorouracil",
    )
    labs: ClassVar[str] = "chemo"
    checks: ClassVar[tuple[str, ...]] = ("labs before each cycle",)

    def dose_words(self) -> str:
        """The amounts of the regimen's drugs, in the order in which they are asked."""
        amounts = [(ask, getattr(self, name)) for name, ask in self.asks().items() if ask.number]
        return ", ".join(f"{ask.label.partition(',')[0].lower()} {ask.words(value)}" for ask, value in amounts if value)


@dataclass(frozen=True)
class CaptemPlan(ChemotherapyPlan):
    name: ClassVar[str] = "CAPTEM"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = _CYCLES
    interval: ClassVar[str] = "captem.interval"
    count: ClassVar[str] = "captem.count"
    labs: ClassVar[str] = "captem"

    capecitabine: Decimal | None = number(
        "Capecitabine, twice a day, days 1–14", unit="mg/m²", number="dose.capecitabine"
    )
    temozolomide: Decimal | None = number(
        "Temozolomide, once a day, days 10–14", unit="mg/m²", number="dose.temozolomide"
    )
    dpyd: str = choice("DPYD", ("normal", "Normal"), ("reduced", "Reduced"), ("not_tested", "Not tested"))


@dataclass(frozen=True)
class PlatinumPlan(ChemotherapyPlan):
    name: ClassVar[str] = "Platinum and etoposide"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = _CYCLES
    interval: ClassVar[str] = "platinum.interval"
    count: ClassVar[str] = "platinum.count"

    etoposide: Decimal | None = number("Etoposide, days 1–3", unit="mg/m²", number="dose.etoposide")
    gcsf: bool = yes("Growth factor with each cycle")


@dataclass(frozen=True)
class CisplatinPlan(PlatinumPlan):
    labs: ClassVar[str] = "cisplatin"
    name: ClassVar[str] = "Cisplatin and etoposide"

    cisplatin: Decimal | None = number("Cisplatin, day 1", unit="mg/m²", number="dose.cisplatin")
    hearing: str = choice("Hearing and neuropathy asked", ("none", "No complaint"), ("present", "Complaint"))


@dataclass(frozen=True)
class CarboplatinPlan(PlatinumPlan):
    name: ClassVar[str] = "Carboplatin and etoposide"

    carboplatin: Decimal | None = number("Carboplatin, day 1", unit="AUC", number="dose.carboplatin")
