"""Plans of drugs that are given by themselves: analogs, targeted drugs, interferon, telotristat. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, number, text, whole, yes

_DAILY = (
    ("once_daily", "Once a day"),
    ("twice_daily", "Twice a day"),
    ("three_daily", "Three times a day"),
    ("alternate", "Every other day"),
    ("weeks_4_2", "Four weeks on, two weeks off"),
)


@dataclass(frozen=True)
class AnalogPlan(Plan):
    """Long-acting analogs by injection; short-acting octreotide as rescue or bridge."""

    name: ClassVar[str] = "Somatostatin analog"
    columns: ClassVar[tuple[str, ...]] = ("agent", "role", "dose", "interval_days")
    labels: ClassVar[Mapping[str, str]] = {"dose": "Dose per injection", "interval_days": "Days between injections"}
    agents: ClassVar[tuple[str, ...]] = ("Lanreotide", "Octreotide LAR", "Octreotide short-acting")
    doses: ClassVar[tuple[str, ...]] = ("30 mg", "120 mg", "0.1 mg")
    interval: ClassVar[str] = "ssa.interval"
    dose: ClassVar[Mapping[str, str]] = {
        "short": "dose.octreotide",
        "octreotide": "dose.octreotide_lar",
        "lanreotide": "dose.lanreotide",
    }
    checks: ClassVar[tuple[str, ...]] = ("washout before PRRT",)

    route: str = choice(
        "Route", ("im", "Into the muscle"), ("deep_sc", "Deep under the skin"), ("sc", "Under the skin")
    )
    given_by: str = choice("Injected by", ("clinic", "Clinic"), ("gp", "GP or community nurse"), ("self", "Patient"))


@dataclass(frozen=True)
class ShortAnalogPlan(AnalogPlan):
    name: ClassVar[str] = "Octreotide, short-acting"
    columns: ClassVar[tuple[str, ...]] = ("agent", "role", "dose")
    labels: ClassVar[Mapping[str, str]] = {"dose": "Dose each time"}
    interval: ClassVar[str] = ""

    times_daily: int | None = whole("Times a day", low=1, high=6)


@dataclass(frozen=True)
class TargetedPlan(Plan):
    name: ClassVar[str] = "Targeted drug"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "dose")
    agents: ClassVar[tuple[str, ...]] = ("Cabozantinib", "Everolimus", "Sunitinib")
    doses: ClassVar[tuple[str, ...]] = ("10 mg daily", "37.5 mg daily", "60 mg daily")
    dose: ClassVar[Mapping[str, str]] = {
        "everolimus": "dose.everolimus",
        "sunitinib": "dose.sunitinib",
        "cabozantinib": "dose.cabozantinib",
    }
    checks: ClassVar[tuple[str, ...]] = ("dose levels with date and reason",)

    schedule: str = choice("Schedule", *_DAILY)


@dataclass(frozen=True)
class EverolimusPlan(TargetedPlan):
    name: ClassVar[str] = "Everolimus"
    doses: ClassVar[tuple[str, ...]] = ("10 mg daily", "7.5 mg daily", "5 mg daily", "2.5 mg daily")

    child_pugh: str = choice(
        "Child-Pugh", ("A", "A"), ("B", "B"), ("C", "C"), hint="Built for cirrhosis; the label doses by it."
    )
    mouthwash: bool = yes("Steroid mouthwash from the start")


@dataclass(frozen=True)
class SunitinibPlan(TargetedPlan):
    name: ClassVar[str] = "Sunitinib"
    doses: ClassVar[tuple[str, ...]] = ("37.5 mg daily", "25 mg daily")

    blood_pressure: str = choice(
        "Blood pressure before", ("normal", "Normal"), ("treated", "High, treated"), ("high", "High, not controlled")
    )


@dataclass(frozen=True)
class CabozantinibPlan(SunitinibPlan):
    name: ClassVar[str] = "Cabozantinib"
    doses: ClassVar[tuple[str, ...]] = ("60 mg daily", "40 mg daily", "20 mg daily")

    fasting: bool = yes("Told to take it on an empty stomach")


@dataclass(frozen=True)
class InterferonPlan(Plan):
    name: ClassVar[str] = "Interferon"
    columns: ClassVar[tuple[str, ...]] = ("agent", "role", "dose")
    labels: ClassVar[Mapping[str, str]] = {"dose": "Dose each time"}
    agents: ClassVar[tuple[str, ...]] = ("Interferon alfa-2b",)
    doses: ClassVar[tuple[str, ...]] = ("3 MU", "5 MU")
    dose: ClassVar[Mapping[str, str]] = {"interferon": "dose.interferon"}

    schedule: str = choice("Schedule", ("three_weekly", "Three times a week"), ("weekly", "Once a week, pegylated"))
    mood: str = choice("Depression asked", ("none", "None known"), ("past", "In the past"), ("now", "Now"))


@dataclass(frozen=True)
class TelotristatPlan(Plan):
    name: ClassVar[str] = "Telotristat"
    columns: ClassVar[tuple[str, ...]] = ("agent", "dose")
    labels: ClassVar[Mapping[str, str]] = {"dose": "Dose each time"}
    agents: ClassVar[tuple[str, ...]] = ("Telotristat",)
    doses: ClassVar[tuple[str, ...]] = ("250 mg three times a day",)
    dose: ClassVar[Mapping[str, str]] = {"telotristat": "dose.telotristat"}

    stools: int | None = whole("Bowel movements a day before", low=0, high=40)
    with_analog: bool = yes("Together with a somatostatin analog")


@dataclass(frozen=True)
class ImmunotherapyPlan(Plan):
    name: ClassVar[str] = "Immunotherapy"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "dose", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = {"planned_count": "Cycles", "interval_days": "Days per cycle"}
    agents: ClassVar[tuple[str, ...]] = ("Ipilimumab and nivolumab", "Pembrolizumab")

    autoimmune: str = choice("Autoimmune disease", ("no", "None known"), ("yes", "Known"))


@dataclass(frozen=True)
class OtherPlan(Plan):
    name: ClassVar[str] = "Other treatment"
    columns: ClassVar[tuple[str, ...]] = ("agent", "role", "intent", "dose", "planned_count", "interval_days", "site")

    what: str = text("What it is, in a sentence")


@dataclass(frozen=True)
class RadiotherapyPlan(Plan):
    name: ClassVar[str] = "External radiotherapy"
    columns: ClassVar[tuple[str, ...]] = ("agent", "intent", "dose", "site", "planned_count")
    labels: ClassVar[Mapping[str, str]] = {
        "agent": "Technique",
        "dose": "Total dose",
        "site": "Target",
        "planned_count": "Fractions",
    }
    agents: ClassVar[tuple[str, ...]] = ("External beam radiotherapy", "Stereotactic radiotherapy")
    doses: ClassVar[tuple[str, ...]] = ("8 Gy", "20 Gy", "30 Gy")

    per_fraction: Decimal | None = number("Dose per fraction", unit="Gy", low=0)
