"""The plan of each modality, by family. `plan_class` finds the one of a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from patients.treatment.rules.codes import Modality
from patients.treatment.rules.plans.base import Ask, Kind, Plan
from patients.treatment.rules.plans.chemotherapy import CaptemPlan, CarboplatinPlan, ChemotherapyPlan, CisplatinPlan
from patients.treatment.rules.plans.drugs import (
    AnalogPlan,
    CabozantinibPlan,
    EverolimusPlan,
    ImmunotherapyPlan,
    InterferonPlan,
    OtherPlan,
    RadiotherapyPlan,
    ShortAnalogPlan,
    SunitinibPlan,
    TargetedPlan,
    TelotristatPlan,
)
from patients.treatment.rules.plans.liver import AblationPlan, DebTacePlan, EmbolizationPlan, TacePlan, TarePlan
from patients.treatment.rules.plans.other import (
    HospicePlan,
    ObservationPlan,
    SupportiveCarePlan,
    TrialPlan,
    why_not_trial_number,
)
from patients.treatment.rules.plans.prrt import PrrtPlan
from patients.treatment.rules.plans.surgery import (
    DebulkingPlan,
    PrimaryPlan,
    ResectionPlan,
    SurgeryPlan,
    TransplantPlan,
)

__all__ = [
    "PLANS",
    "VARIANTS",
    "Ask",
    "Kind",
    "Plan",
    "PrimaryPlan",
    "ResectionPlan",
    "SurgeryPlan",
    "TarePlan",
    "TransplantPlan",
    "Variant",
    "out_of_range",
    "plan_class",
    "why_not_trial_number",
]

# What a modality asks before anything more is known of it.
PLANS: dict[str, type[Plan]] = {
    Modality.SSA: AnalogPlan,
    Modality.TARGETED: TargetedPlan,
    Modality.PRRT: PrrtPlan,
    Modality.CHEMOTHERAPY: ChemotherapyPlan,
    Modality.INTERFERON: InterferonPlan,
    Modality.IMMUNOTHERAPY: ImmunotherapyPlan,
    Modality.EMBOLIZATION: EmbolizationPlan,
    Modality.ABLATION: AblationPlan,
    Modality.SURGERY: SurgeryPlan,
    Modality.RADIOTHERAPY: RadiotherapyPlan,
    Modality.TRIAL: TrialPlan,
    Modality.TELOTRISTAT: TelotristatPlan,
    Modality.OBSERVATION: ObservationPlan,
    Modality.BEST_SUPPORTIVE_CARE: SupportiveCarePlan,
    Modality.HOSPICE: HospicePlan,
    Modality.OTHER: OtherPlan,
}


@dataclass(frozen=True)
class Variant:
    """A modality whose agent decides what is asked."""

    modality: Modality
    plan: type[Plan]
    says: Callable[[str], bool]


def _any(*words: str) -> Callable[[str], bool]:
    return lambda agent: any(word in agent for word in words)


def _all(*words: str) -> Callable[[str], bool]:
    return lambda agent: all(word in agent for word in words)


# The first that fits counts.
VARIANTS: tuple[Variant, ...] = (
    Variant(Modality.SSA, ShortAnalogPlan, _any("short")),
    Variant(Modality.TARGETED, EverolimusPlan, _any("everolimus")),
    Variant(Modality.TARGETED, SunitinibPlan, _any("sunitinib")),
    Variant(Modality.TARGETED, CabozantinibPlan, _any("cabozantinib")),
    Variant(Modality.CHEMOTHERAPY, CaptemPlan, _any("captem")),
    Variant(Modality.CHEMOTHERAPY, CaptemPlan, _all("capecitabine", "temozolomide")),
    Variant(Modality.CHEMOTHERAPY, CisplatinPlan, _all("cisplatin", "etoposide")),
    Variant(Modality.CHEMOTHERAPY, CarboplatinPlan, _all("carboplatin", "etoposide")),
    Variant(Modality.EMBOLIZATION, DebTacePlan, _any("deb")),
    Variant(Modality.EMBOLIZATION, TacePlan, _any("tace", "chemoemb")),
    Variant(Modality.EMBOLIZATION, TarePlan, _any("tare", "y-90", "y90", "radioemb", "sirt")),
    Variant(Modality.SURGERY, TransplantPlan, _any("transplant")),
    Variant(Modality.SURGERY, DebulkingPlan, _any("debulking")),
    Variant(Modality.SURGERY, PrimaryPlan, _any("primary")),
    Variant(Modality.SURGERY, ResectionPlan, _any("liver resection", "hepatectomy", "segmentectomy")),
)


def plan_class(modality: str, agent: str = "") -> type[Plan]:
    """The plan of a line of this modality with this agent. An unknown modality has the plan of "other"."""
    low = agent.lower()
    for variant in VARIANTS:
        if variant.modality == modality and variant.says(low):
            return variant.plan
    return PLANS.get(modality, OtherPlan)


def out_of_range(
    plan: type[Plan], values: Mapping[str, Any], ranges: Mapping[str, tuple[Decimal, Decimal, str]]
) -> dict[str, str]:
    """What of the answers and columns lies outside the protocol's range: {field: sentence}.

    `ranges` gives (low, high, name) by protocol code. Asked of the count of doses, their interval, and of each answer
    that names a number.
    """
    found: dict[str, str] = {}
    asked = {name: ask.number for name, ask in plan.asks().items() if ask.number}
    for field, code in {"planned_count": plan.count, "interval_days": plan.interval, **asked}.items():
        value = values.get(field)
        if value is None or value == "" or code not in ranges:
            continue
        low, high, name = ranges[code]
        if not low <= Decimal(value) <= high:
            found[field] = f"{name}: {low.normalize():f} to {high.normalize():f}, not {Decimal(value).normalize():f}."
    return found
